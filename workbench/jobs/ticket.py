"""A job in the queue and after it, and the one place that decides how it ended."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Literal

from workbench.core.events import AnyEvent, Cancelled, Crashed, Failed, Finished, Started
from workbench.jobs import Job
from workbench.jobs.engines import BASE

State = Literal["queued", "running", "finished", "failed", "crashed", "cancelled"]
OnEvent = Callable[["Ticket", AnyEvent], None]

_STATES: dict[type[AnyEvent], State] = {
    Started: "running",
    Finished: "finished",
    Failed: "failed",
    Crashed: "crashed",
    Cancelled: "cancelled",
}


class Ticket:
    """One submitted job. ``state`` may be read from any thread; only Outbox changes it."""

    def __init__(self, number: int, job: Job, on_event: OnEvent) -> None:
        self.id = number
        self.job = job
        self.on_event = on_event
        self.state: State = "queued"
        self.engine = BASE
        """Where it runs; changes when the job finds out that it needs another engine."""

    @property
    def ended(self) -> bool:
        """Whether an ended event has been, or is about to be, delivered."""
        return self.state not in ("queued", "running")


class Outbox:
    """Calls every ticket's ``on_event`` on one thread, in order, and lets exactly one ended event through."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[tuple[Ticket, AnyEvent] | None] = queue.SimpleQueue()
        self._thread = self._start()

    def post(self, ticket: Ticket, event: AnyEvent) -> None:
        """Deliver an event of a job that has not ended; one that comes after its end is dropped."""
        with self._lock:
            if ticket.ended:
                return
            ticket.state = _STATES.get(type(event), ticket.state)
            self._queue.put((ticket, event))

    def claim(self, ticket: Ticket) -> bool:
        """Settle that this job ends cancelled, whatever its worker is about to say; False when it has ended.

        Whoever claims sees to it that ``deliver_cancelled`` is called once the worker's leftovers are gone.
        """
        with self._lock:
            if ticket.ended:
                return False
            ticket.state = "cancelled"
            return True

    def deliver_cancelled(self, ticket: Ticket) -> None:
        """Deliver what ``claim`` settled."""
        self._queue.put((ticket, Cancelled()))

    def close(self, timeout: float) -> None:
        """Deliver what waits, then stop; wait for that at most ``timeout`` seconds."""
        self._queue.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _start(self) -> threading.Thread:
        thread = threading.Thread(target=self._deliver, name="outbox", daemon=True)
        thread.start()
        return thread

    def _deliver(self) -> None:
        stopped = False
        try:
            while (item := self._queue.get()) is not None:
                ticket, event = item
                ticket.on_event(ticket, event)
            stopped = True
        finally:
            if not stopped:  # a callback raised: threading.excepthook reports it, the next ones are still called
                self._thread = self._start()
