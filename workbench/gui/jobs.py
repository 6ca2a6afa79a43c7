"""Jobs: the Runner as Qt sees it; every callback and signal arrives on the GUI thread."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Qt, Signal, Slot

from workbench.core.errors import WorkbenchError
from workbench.core.events import AnyEvent, Cancelled, Crashed, Ended, Failed, Finished, Log, Progress, Samples, Started
from workbench.core.i18n import _
from workbench.gui.background import Background, readable
from workbench.gui.decoding import decoded, keep_out_of_collection
from workbench.gui.garbage import GarbageCollector
from workbench.jobs import Job
from workbench.jobs.runner import Runner, Ticket

LOG_LINES = 5000
"""So many lines are kept for the log panel."""
ENDED_KEPT = 200
"""So many jobs that have ended are remembered."""
NOTHING = msgspec.Raw(b"null")


class Course(msgspec.Struct):
    """How one submitted job is doing, as the window knows it."""

    ticket: Ticket
    then: Callable[[Any], None] | None = None
    failed: Callable[[AnyEvent], None] | None = None
    samples: Callable[[Samples], None] | None = None
    quiet: bool = False
    """The caller shows a failure itself: the message bar stays silent."""
    background: bool = False
    """Nobody asked for it: the jobs panel and the question at closing leave it out."""
    submitted: float = 0.0
    started: float | None = None
    ended: float | None = None
    fraction: float | None = None
    text: str = ""
    """What the job is doing, or how it ended."""

    def waited(self) -> float:
        """Return the seconds from when it was asked for until it started (or ended without starting, or now)."""
        return (self.started or self.ended or time.monotonic()) - self.submitted

    def elapsed(self) -> float:
        """Return the seconds that it has run."""
        if self.started is None:
            return 0.0
        return (self.ended or time.monotonic()) - self.started

    def remaining(self) -> float | None:
        """Return the seconds that it still needs at the pace so far, or None when that cannot be known."""
        if self.fraction is None or self.started is None or self.ended is not None or not 0.05 <= self.fraction < 1:
            return None
        return self.elapsed() * (1 - self.fraction) / self.fraction


class Jobs(QObject):
    """Submits jobs and brings their events back to the GUI thread."""

    changed = Signal(object)
    """Ticket: its course changed (queued, started, progress, ended)."""
    happened = Signal(object, object)
    """Ticket, AnyEvent: every event. (QObject itself has a method called ``event``.)"""
    busy_changed = Signal()
    """The number of jobs that have not ended changed."""
    trouble = Signal(object, object)
    """Ticket, Failed or Crashed: a job ended badly and its caller does not show that itself."""
    logged = Signal(str, str)
    """level ("debug", "info", "warning", "error") and text of a line for the log panel."""
    _arrived = Signal(object, object, object)

    def __init__(self, runner: Runner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runner = runner
        self._closed = False
        self._courses: dict[int, Course] = {}
        self.background = Background(self)
        self._garbage = GarbageCollector(self)
        self.log: deque[tuple[str, str]] = deque(maxlen=LOG_LINES)
        self._arrived.connect(self._on_event, Qt.ConnectionType.QueuedConnection)

    def submit(
        self,
        job: Job,
        *,
        then: Callable[[Any], None] | None = None,
        failed: Callable[[AnyEvent], None] | None = None,
        samples: Callable[[Samples], None] | None = None,
        prepare: Callable[[Any], Any] | None = None,
        quiet: bool = False,
        background: bool = False,
    ) -> Ticket:
        """Run ``job``; ``then`` gets its result, ``failed`` the Failed, Crashed or Cancelled event.

        ``prepare`` makes something else of the result first, on a thread of its own. A failure also goes to the
        message bar unless ``quiet``; ``background`` keeps a job that nobody asked for out of sight.
        """
        ticket = self.runner.submit(job, partial(self._receive, prepare))
        self._courses[ticket.id] = Course(
            ticket, then, failed, samples, quiet=quiet, background=background, submitted=time.monotonic()
        )
        self.changed.emit(ticket)
        self.busy_changed.emit()
        return ticket

    def cancel(self, ticket: Ticket) -> None:
        """Stop a queued or running job."""
        self.runner.cancel(ticket)

    def close(self) -> None:
        """Kill the workers; nothing more is heard of any job. Safe to call twice."""
        self._closed = True
        self.runner.close()
        self.background.close()
        self._garbage.stop()

    def course(self, ticket: Ticket) -> Course:
        """Return how ``ticket`` is doing."""
        return self._courses[ticket.id]

    def courses(self) -> list[Course]:
        """Return all courses of this session, oldest first."""
        return list(self._courses.values())

    def running(self) -> list[Course]:
        """Return the courses that have not ended."""
        return [course for course in self._courses.values() if course.ended is None]

    def working(self) -> list[Course]:
        """Return the courses that the person waits for: what has not ended in the working lane."""
        return [course for course in self.running() if course.ticket.job.lane == "working" and not course.background]

    def _receive(self, prepare: Callable[[Any], Any] | None, ticket: Ticket, event: AnyEvent) -> None:
        """Decode a result before it reaches the GUI thread; called on the runner's thread."""
        if not isinstance(event, Finished):
            self._arrived.emit(ticket, event, None)
            return
        raw, kind = event.result, ticket.job.result_type
        self.background.start(
            lambda: _prepared(raw, kind, prepare),
            lambda future: self._arrived.emit(ticket, Finished(NOTHING), future),
        )

    @Slot(object, object, object)
    def _on_event(self, ticket: Ticket, event: AnyEvent, result: Future[Any] | None) -> None:
        error = result.exception() if result is not None else None
        if isinstance(error, WorkbenchError | OSError):
            error = readable(error) if isinstance(error, OSError) else error
            event = Failed(error.message, error.hint)
        course = self._courses.get(ticket.id)
        if course is None or course.ended is not None or self._closed:
            return
        self._note(course, event)
        self._log(course, event)
        self.happened.emit(ticket, event)
        if isinstance(event, Samples):
            if course.samples is not None:
                course.samples(event)
            return
        if isinstance(event, Ended):
            self.changed.emit(ticket)
            self.busy_changed.emit()
            self._end(course, event, result)
        elif isinstance(event, Started | Progress):
            self.changed.emit(ticket)

    @staticmethod
    def _note(course: Course, event: AnyEvent) -> None:
        if isinstance(event, Started):
            course.started = time.monotonic()
        elif isinstance(event, Progress):
            course.fraction, course.text = event.fraction, event.text
        elif isinstance(event, Ended):
            course.ended = time.monotonic()
            if isinstance(event, Failed | Crashed):
                course.text = event.message

    def _log(self, course: Course, event: AnyEvent) -> None:
        line = _log_line(course, event)
        if line is not None:
            self.log.append(line)
            self.logged.emit(*line)

    def _end(self, course: Course, event: AnyEvent, result: Future[Any] | None) -> None:
        then, failed = course.then, course.failed
        course.then = course.failed = course.samples = None  # they hold widgets and results
        self._forget_old()
        if isinstance(event, Finished):
            if then is not None and result is not None:
                then(result.result())
            return
        if isinstance(event, Failed | Crashed) and not course.quiet:
            self.trouble.emit(course.ticket, event)
        if failed is not None and isinstance(event, Failed | Crashed | Cancelled):
            failed(event)

    def _forget_old(self) -> None:
        ended = [number for number, course in self._courses.items() if course.ended is not None]
        for number in ended[:-ENDED_KEPT]:
            del self._courses[number]


def _prepared(raw: msgspec.Raw, kind: type, prepare: Callable[[Any], Any] | None) -> Any:
    result = decoded(raw, kind)
    if prepare is None:
        return result
    made = prepare(result)
    keep_out_of_collection()
    return made


def _log_line(course: Course, event: AnyEvent) -> tuple[str, str] | None:
    now = datetime.now().strftime("%H:%M:%S")
    title = course.ticket.job.title()
    match event:
        case Log(text=text, level=level):
            return level, f"{now}  {title}: {text}"
        case Finished():
            return "info", _("{time}  {job}: done in {seconds:.1f} s").format(
                time=now, job=title, seconds=course.elapsed()
            )
        case Failed(message=message):
            return "error", f"{now}  {title}: {message}"
        case Crashed(message=message, details=details):
            return "error", f"{now}  {title}: {message}\n{details}".rstrip()
        case Cancelled():
            return "info", _("{time}  {job}: cancelled").format(time=now, job=title)
    return None
