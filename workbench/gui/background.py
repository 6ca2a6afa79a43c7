"""Background: file work and long computations of the window on threads; what they return arrives on the GUI thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

import msgspec
from PySide6.QtCore import QObject, Qt, Signal, Slot
from shiboken6 import isValid

from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _

T = TypeVar("T")
THREADS = 4


class Errand(msgspec.Struct):
    """One piece of work that is over, and who waits for it."""

    future: Future[Any]
    then: Callable[[Any], None] | None
    failed: Callable[[WorkbenchError], None] | None
    owner: QObject | None


class Background(QObject):
    """Does work that touches no widget away from the GUI thread, so that the window never stops for it."""

    _ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="window background")
        self._lock = threading.Lock()
        self._pending: set[Future[Any]] = set()
        self._errands = 0
        self._closed = False
        self._ended.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[], T],
        then: Callable[[T], None] | None = None,
        failed: Callable[[WorkbenchError], None] | None = None,
        owner: QObject | None = None,
    ) -> None:
        """Do ``work`` on a thread; ``then`` gets its result, ``failed`` a WorkbenchError (or OSError made one).

        Without ``failed`` the error is shown in the message bar; any other exception is our bug and is raised here.
        Nobody is told any more once ``owner`` has been deleted.
        """
        self._errands += 1
        self.start(work, lambda future: self._ended.emit(Errand(future, then, failed, owner)))

    def start(self, work: Callable[[], T], ended: Callable[[Future[T]], None]) -> None:
        """Do ``work`` on a thread and call ``ended`` on that thread; nothing happens any more after ``close``."""
        with self._lock:
            if self._closed:
                return
            future = self._pool.submit(work)
            self._pending.add(future)

        def finish(done: Future[T]) -> None:
            with self._lock:
                self._pending.discard(done)
            if not self._closed:
                ended(done)

        future.add_done_callback(finish)

    def after_all(self, work: Callable[[], None]) -> None:
        """Do ``work`` once everything that was begun until now is over."""
        with self._lock:
            before = set(self._pending)

        def last() -> None:
            wait(before)
            work()

        self.run(last)

    def is_busy(self) -> bool:
        """Say whether something is under way whose end has not been told yet."""
        return self._errands > 0

    def close(self) -> None:
        """Wait until what was begun is over (a file is written whole); nothing more is heard of it."""
        with self._lock:
            self._closed = True
        self._pool.shutdown(wait=True)

    @Slot(object)
    def _deliver(self, errand: Errand) -> None:
        if self._closed:
            return
        self._errands -= 1
        if errand.owner is not None and not isValid(errand.owner):
            return
        error = errand.future.exception()
        if isinstance(error, OSError):
            error = readable(error)
        if isinstance(error, WorkbenchError) and errand.failed is not None:
            errand.failed(error)
        elif error is not None:
            raise error
        elif errand.then is not None:
            errand.then(errand.future.result())


def readable(error: OSError) -> WorkbenchError:
    """Return what the operating system said, for a person to read."""
    reason = error.strerror or str(error)
    if error.filename:
        return WorkbenchError(_("{path}: {reason}.").format(path=error.filename, reason=reason))
    return WorkbenchError(_("The file could not be written or read: {reason}.").format(reason=reason))
