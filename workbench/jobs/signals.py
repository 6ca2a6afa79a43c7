"""End cleanly when the system asks this process to: SIGTERM and SIGHUP unwind the stack as Ctrl+C does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGTERM", "SIGHUP")


@contextmanager
def terminating() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into KeyboardInterrupt here; does nothing outside the main thread, or when nested."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    chosen = [number for number, handler in before.items() if handler == signal.SIG_DFL]
    for number in chosen:
        signal.signal(number, _unwind)
    try:
        yield
    finally:
        for number in chosen:
            signal.signal(number, before[number])


def _unwind(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
