"""Run jobs in workers: for the window as a queue with tickets, for the command line as one blocking call."""

from __future__ import annotations

import atexit
import itertools
import queue
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from workbench.core import wire
from workbench.core.errors import JobCrashed, WorkbenchError
from workbench.core.events import AnyEvent, Cancelled, Crashed, Failed, Finished
from workbench.jobs import Job
from workbench.jobs import Lane as LaneName
from workbench.jobs.lane import Lane
from workbench.jobs.scratch import Scratch, remove_stale
from workbench.jobs.signals import terminating
from workbench.jobs.ticket import OnEvent, Outbox, State, Ticket

__all__ = ["JobCrashed", "Runner", "State", "Ticket", "result_of", "run_job"]


_CLOSE_S = 2.0
"""How long closing waits for the workers' leftovers to be cleaned up; it takes a tenth of that as a rule."""


class Runner:
    """Owns the workers. Safe to call from any thread; callbacks come on one thread of its own, in order."""

    def __init__(
        self,
        *,
        python: Path | None = None,
        modules: Sequence[str] = (),
        warm: bool = True,
        idle_s: float = 1.0,
        scratch: Scratch | None = None,
    ) -> None:
        """``modules`` hold further kinds of Job; ``warm`` keeps both workers ready and imports TensorFlow when idle.

        TensorFlow is imported once the working worker has had nothing to do for ``idle_s`` seconds: a job that comes
        while that goes on waits for it.
        A ``scratch`` that is given outlives the runner; else results in it are gone after ``close``.
        """
        self._outbox = Outbox()
        self._own_scratch = scratch is None
        self._scratch = scratch or Scratch()
        self._warm = warm
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._tickets: dict[int, tuple[Ticket, Lane]] = {}
        self._closed = False
        self._started: set[str] = set()
        settings: dict[str, Any] = {"scratch": self._scratch.folder, "python": python, "modules": modules, "warm": warm}
        reading = Lane("reading", self._outbox, **settings)
        first = reading.wait_ready if warm else None
        working = Lane("working", self._outbox, preload=warm, idle_s=idle_s, after=first, **settings)
        reading.elsewhere = working
        self._lanes: dict[LaneName, Lane] = {"reading": reading, "working": working}
        atexit.register(self.close)

    @property
    def ready(self) -> bool:
        """Whether the workers that were started take jobs: a job that comes now does not wait for one to start."""
        with self._lock:
            started = [lane for name, lane in self._lanes.items() if name in self._started]
        return all(lane.ready for lane in started)

    def start(self) -> None:
        """Start the workers in the background; without it each starts with its first job."""
        threading.Thread(target=remove_stale, name="remove stale scratch", daemon=True).start()
        for name in self._lanes:
            self._start(name)

    def submit(self, job: Job, on_event: OnEvent) -> Ticket:
        """Queue a job. Exactly one Finished, Failed, Crashed or Cancelled comes last.

        Raises TypeError here, not later, for a job that cannot be written as JSON.
        """
        wire.encode(job)
        ticket = Ticket(next(self._numbers), job, self._forget_after(on_event))
        with self._lock:
            if self._closed:
                raise RuntimeError("the runner is closed")
            self._tickets[ticket.id] = (ticket, self._lanes[job.lane])
        for name in self._lanes if self._warm else (job.lane,):
            self._start(name)
        self._lanes[job.lane].put(ticket)
        return ticket

    def cancel(self, ticket: Ticket) -> None:
        """End a job: a waiting one is dropped, a running one's worker is killed and replaced. Nothing when it ended."""
        if not self._outbox.claim(ticket):
            return
        if not any(lane.interrupt(ticket) for lane in self._lanes.values()):
            self._outbox.deliver_cancelled(ticket)

    def close(self) -> None:
        """Cancel everything, kill the workers, remove the scratch folder. Safe to call twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            tickets = [ticket for ticket, _lane in self._tickets.values()]
        atexit.unregister(self.close)
        for ticket in tickets:
            self.cancel(ticket)
        for lane in self._lanes.values():
            lane.stop()
        deadline = time.monotonic() + _CLOSE_S
        for lane in self._lanes.values():
            lane.join(max(0.0, deadline - time.monotonic()))
        self._outbox.close(max(0.0, deadline - time.monotonic()))
        if self._own_scratch:
            self._scratch.close()

    def _start(self, name: LaneName) -> None:
        with self._lock:
            if name in self._started or self._closed:
                return
            self._started.add(name)
        self._lanes[name].start()

    def _forget_after(self, on_event: OnEvent) -> OnEvent:
        def deliver(ticket: Ticket, event: AnyEvent) -> None:
            if isinstance(event, Finished | Failed | Crashed | Cancelled):
                with self._lock:
                    self._tickets.pop(ticket.id, None)
            on_event(ticket, event)

        return deliver


def result_of(job: Job, event: Finished) -> Any:
    """Return the job's result as its ``result_type``."""
    return wire.decode(event.result, job.result_type)


def run_job(job: Job, on_event: Callable[[AnyEvent], None] | None = None, *, modules: Sequence[str] = ()) -> Any:
    """Run one job in a worker of its own and return its result; ``on_event`` is called in this thread.

    What the job leaves in its scratch folder stays until this process ends. Raises WorkbenchError, JobCrashed, or
    whatever interrupted this thread (KeyboardInterrupt), after the worker and its leftovers are gone.
    """
    events: queue.SimpleQueue[AnyEvent] = queue.SimpleQueue()
    runner = Runner(modules=modules, warm=False, scratch=Scratch())
    try:
        with terminating():
            runner.submit(job, lambda ticket, event: events.put(event))
            while True:
                event = events.get()
                if on_event:
                    on_event(event)
                if isinstance(event, Finished):
                    return result_of(job, event)
                if isinstance(event, Failed):
                    raise WorkbenchError(event.message, event.hint)
                if isinstance(event, Crashed):
                    raise JobCrashed(event.message, event.hint, event.details)
    finally:
        runner.close()
