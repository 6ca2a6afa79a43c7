"""A worker never outlives the process that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends (Linux; elsewhere see ``abandon``)."""
    if sys.platform != "linux" or not parent:
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died between the start of this process and the line above
        os._exit(1)


def abandon() -> None:
    """End this process at once: its standard input was closed, so nobody listens any more."""
    os._exit(0)


def be_first_to_go() -> None:
    """When memory runs out, let the kernel choose this worker before the window (Linux)."""
    score = Path("/proc/self/oom_score_adj")
    try:
        score.write_text("500", encoding="ascii")
    except OSError:
        return
