"""The peak memory of this process, restarted for each subject of a measurement."""

from __future__ import annotations

import re
from pathlib import Path

import psutil

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


class PeakMemory:
    """Resident memory of this process: now, and the highest since ``restart``.

    Linux keeps the high-water mark itself and lets us reset it (proc(5): clear_refs, 5), so that no peak between two
    samples is missed; elsewhere it is the highest of the samples taken.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._highest = 0
        self._kernel = False
        self.restart()

    def restart(self) -> None:
        """Forget earlier peaks."""
        try:
            _CLEAR.write_text("5", encoding="ascii")
            self._kernel = True
        except OSError:
            self._kernel = False
        self._highest = 0
        self.now_mb()

    def now_mb(self) -> float:
        """Return the resident memory in MB (1e6 bytes)."""
        rss: int = self._process.memory_info().rss
        self._highest = max(self._highest, rss)
        return rss / 1e6

    def peak_mb(self) -> float:
        """Return the highest resident memory since ``restart`` in MB."""
        self.now_mb()
        found = re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text(encoding="ascii")) if self._kernel else None
        return max(self._highest, int(found[1]) * 1024 if found else 0) / 1e6
