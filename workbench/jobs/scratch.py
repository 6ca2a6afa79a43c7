"""Scratch folders: one for each process that runs jobs, gone when it ends, and removed later if it was killed."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import psutil

from workbench.core.paths import cache_folder

MOST_KEPT_BYTES = 500_000_000
"""One worker keeps about so much of finished jobs for the window to read."""


class Scratch:
    """A folder that belongs to this process; results stay in it until ``close`` or the end of the process."""

    def __init__(self) -> None:
        owner = _root() / _mark(os.getpid())
        owner.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="r", dir=owner))
        atexit.register(self.close)

    def close(self) -> None:
        """Remove the folder and everything in it."""
        atexit.unregister(self.close)
        shutil.rmtree(self.folder, ignore_errors=True)
        if not any(self.folder.parent.glob("*")):
            shutil.rmtree(self.folder.parent, ignore_errors=True)


class KeptScratch:
    """What the finished jobs of one worker left to be read: when it grows too large, superseded results go first."""

    def __init__(self, most_bytes: int = MOST_KEPT_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: list[tuple[str, Path, int]] = []

    def add(self, kind: str, folder: Path) -> None:
        """Keep the folder of a job of this kind; the newest of each kind always stays, and an empty one never."""
        files = [item for item in folder.rglob("*") if item.is_file()]
        if not files:
            shutil.rmtree(folder, ignore_errors=True)
            return
        self._kept.append((kind, folder, sum(item.stat().st_size for item in files)))
        newest = {each_kind: path for each_kind, path, _size in self._kept}
        total = sum(size for _kind, _folder, size in self._kept)
        for entry in list(self._kept):
            if total <= self._most_bytes:
                return
            if newest[entry[0]] != entry[1]:
                shutil.rmtree(entry[1], ignore_errors=True)
                self._kept.remove(entry)
                total -= entry[2]


def remove_stale() -> None:
    """Remove the scratch folders of processes that no longer run."""
    for folder in _root().glob("*-*"):
        pid = folder.name.partition("-")[0]
        if not (pid.isdigit() and folder.name == _mark(int(pid))):
            shutil.rmtree(folder, ignore_errors=True)


def _root() -> Path:
    return cache_folder() / "scratch"


def _mark(pid: int) -> str:
    """Return a name that no other process has, even after the pid was given to another one; "" when it is dead."""
    try:
        return f"{pid}-{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return ""
