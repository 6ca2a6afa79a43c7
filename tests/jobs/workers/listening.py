"""Listen to jobs, and see whether processes are gone."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from typing import TypeVar

import psutil

from workbench.core.events import AnyEvent, Cancelled, Crashed, Failed, Finished, Log
from workbench.jobs.runner import Runner, Ticket

ENDED = (Finished, Failed, Crashed, Cancelled)
E = TypeVar("E")


class Listener:
    """Collects the events of one job."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []
        self.states: list[str] = []
        self._queue: queue.SimpleQueue[AnyEvent] = queue.SimpleQueue()

    def __call__(self, ticket: Ticket, event: AnyEvent) -> None:
        self.states.append(ticket.state)
        self._queue.put(event)

    def until(self, kind: type[E] | tuple[type, ...], matching: Callable[[E], bool] = lambda event: True) -> E:
        """Return the first event of ``kind``; fails when a minute passes without one."""
        while True:
            event = self._queue.get(timeout=60)
            self.events.append(event)
            if isinstance(event, kind) and matching(event):
                return event
            assert not isinstance(event, ENDED), f"ended with {event}"

    def end(self) -> AnyEvent:
        """Return the event that ends the job."""
        while True:
            event = self._queue.get(timeout=60)
            self.events.append(event)
            if isinstance(event, ENDED):
                return event

    def nothing_more(self) -> bool:
        """Say whether no event waits."""
        return self._queue.empty()


class Company:
    """A runner that knows the odd jobs."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner

    def submit(self, job: object) -> tuple[Ticket, Listener]:
        """Submit and listen."""
        listener = Listener()
        return self.runner.submit(job, listener), listener

    def end(self, job: object) -> AnyEvent:
        """Run to the end."""
        return self.submit(job)[1].end()


def pids_in(event: Log) -> list[int]:
    """Return the pids that the job Wait says it consists of."""
    return [int(word) for word in event.text.split()[1:]]


def says_pids(event: Log) -> bool:
    """Recognize the line of the job Wait that names its processes."""
    return event.text.startswith("pids ")


def gone(pid: int, timeout: float = 10.0) -> bool:
    """Wait until the process has ended; whether its adoptive parent has reaped it is not our affair."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
            process.wait(0.05)
        except psutil.NoSuchProcess:
            return True
        except psutil.TimeoutExpired:
            continue
    return False
