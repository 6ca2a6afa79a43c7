"""Scratch folders: one for each process that runs jobs, gone when it ends, and removed later if it was killed."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import psutil

from workbench.core.paths import cache_folder


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
