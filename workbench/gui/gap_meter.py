"""Measure how long the event loop was kept from its work: what a person feels as a window that hangs."""

from __future__ import annotations

import heapq
import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal

TICK_MS = 2
KEPT = 10


class GapMeter(QObject):
    """Ticks every 2 ms; a tick that comes late shows a gap, which is as long as it is late."""

    ticked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._began = self._last = 0.0
        self._gaps: list[tuple[float, float]] = []

    def start(self) -> None:
        """Begin anew."""
        self._gaps.clear()
        self._began = self._last = time.perf_counter()
        self._timer.start()

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return time.perf_counter() - self._began

    def stop(self) -> list[tuple[float, float]]:
        """Stop; return the longest gaps, longest first: (milliseconds, seconds since the start)."""
        self._timer.stop()
        return sorted(self._gaps, reverse=True)

    def _tick(self) -> None:
        now = time.perf_counter()
        late = (now - self._last) * 1000 - TICK_MS
        heapq.heappush(self._gaps, (late, now - self._began))
        if len(self._gaps) > KEPT:
            heapq.heappop(self._gaps)
        self._last = now
        self.ticked.emit()
