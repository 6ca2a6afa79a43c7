"""A lane: its jobs run one after the other, each engine in a worker of the lane's own that is kept warm."""

from __future__ import annotations

import contextlib
import queue
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from workbench.core.events import Crashed, Log, Redirected
from workbench.core.i18n import _
from workbench.jobs.channel import Channel
from workbench.jobs.engines import BASE, ENGINES
from workbench.jobs.talk import Ending, Talk
from workbench.jobs.ticket import Outbox, Ticket

_LINES_OF_ONE_JOB = 2000
"""How many lines of a library's chatter reach the log panel; the last ones are kept for a crash report anyway."""


class Lane:
    """A queue and the thread that works it off."""

    def __init__(
        self,
        name: str,
        outbox: Outbox,
        *,
        scratch: Path,
        python: Path | None = None,
        modules: Sequence[str] = (),
        warm: bool = False,
        preload: bool = False,
        idle_s: float = 0.0,
        after: Callable[[], None] | None = None,
    ) -> None:
        """``warm`` replaces a worker as soon as it died, not only for the next job.

        ``preload`` lets a base worker that is idle for ``idle_s`` seconds import TensorFlow; ``after`` is waited for
        before the first worker.
        """
        self.name = name
        self.elsewhere: Lane | None = None
        """The lane that takes a job which needs another engine; None: this one."""
        self._outbox = outbox
        self._scratch = scratch
        self._python = python
        self._modules = modules
        self._warm = warm
        self._preload = preload
        self._idle_s = idle_s
        self._after = after
        self._queue: queue.SimpleQueue[Ticket | None] = queue.SimpleQueue()
        self._channels: dict[str, Channel] = {}
        self._lock = threading.Lock()
        self._current: Ticket | None = None
        self._active: Channel | None = None
        self._interrupted = False
        self._closing = False
        self._lines = 0
        self._begun = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def ready(self) -> bool:
        """Whether the base worker runs and takes jobs."""
        channel = self._channels.get(BASE)
        return channel is not None and channel.ready.is_set()

    def start(self) -> None:
        """Start working; a base worker is started at once, so that the first job finds it there."""
        self._thread = self._start_thread()

    def put(self, ticket: Ticket) -> None:
        """Queue a job."""
        self._queue.put(ticket)

    def interrupt(self, ticket: Ticket) -> bool:
        """Kill the worker when it has this job: the lane then cleans up and delivers Cancelled. Else return False."""
        with self._lock:
            if self._current is not ticket:
                return False
            self._interrupted = True
            if self._active:
                self._active.kill()
            return True

    def wait_ready(self, timeout: float = 5.0) -> None:
        """Wait until the base worker takes jobs, at most about ``timeout`` seconds."""
        self._begun.wait(timeout)
        if channel := self._channels.get(BASE):
            channel.ready.wait(timeout)

    def stop(self) -> None:
        """Kill the workers, without waiting for anything; jobs that wait are left to the runner."""
        with self._lock:
            self._closing = True
            for channel in self._channels.values():
                channel.kill()
        self._queue.put(None)

    def join(self, timeout: float) -> None:
        """Wait until all is cleaned up, at most ``timeout`` seconds: what is left then is removed at the next start."""
        if self._thread:
            self._thread.join(timeout)

    def _work(self) -> None:
        stopped = False
        try:
            self._serve()
            stopped = True
        finally:
            self._begun.set()
            self._end_workers()
            if not stopped:  # our own mistake: threading.excepthook reports it, that job ends, the lane goes on
                self._recover(traceback.format_exc())

    def _serve(self) -> None:
        if self._after:
            self._after()
        if not self._closing:
            self._warm_up(BASE)
        self._begun.set()
        while (ticket := self._queue.get()) is not None:
            self._perform(ticket)

    def _recover(self, details: str) -> None:
        with self._lock:
            ticket, interrupted = self._current, self._interrupted
            self._current = self._active = None
        if ticket and interrupted:
            self._outbox.deliver_cancelled(ticket)
        elif ticket:
            self._outbox.post(ticket, Crashed(_("A job stopped because of a mistake in this program."), "", details))
        self._thread = self._start_thread()

    def _start_thread(self) -> threading.Thread:
        thread = threading.Thread(target=self._work, name=f"{self.name} lane", daemon=True)
        thread.start()
        return thread

    def _end_workers(self) -> None:
        for channel in self._channels.values():
            channel.kill()
            channel.end()

    def _perform(self, ticket: Ticket) -> None:
        with self._lock:
            if ticket.ended:
                return
            self._current, self._interrupted, self._lines = ticket, False, 0
        talk = self._run(ticket)
        with self._lock:
            self._current = self._active = None
            interrupted = self._interrupted
        if interrupted:
            if talk:
                talk.channel.kill()
                talk.channel.end()
                talk.clean_up()
            self._outbox.deliver_cancelled(ticket)
        elif self.elsewhere and not ticket.ended:
            self.elsewhere.put(ticket)
        if self._warm and talk and not talk.channel.alive and not self._closing and self._queue.empty():
            self._warm_up(talk.channel.engine)

    def _run(self, ticket: Ticket) -> Talk | None:
        """Run to the end, on as many engines as the job asks for, and post how it ended; None: no worker started."""
        seen = {ticket.engine}
        while True:
            try:
                talk, ending = self._attempt(ticket)
            except OSError as error:  # no memory or no process left for it, or no such Python
                message = _("{job}: no worker can be started: {reason}.")
                text = message.format(job=ticket.job.title(), reason=error.strerror)
                self._outbox.post(ticket, Crashed(text, _("Close other programs and try again."), repr(error)))
                return None
            if not isinstance(ending, Redirected):
                self._outbox.post(ticket, ending)
                return talk
            if ending.engine in seen or ending.engine not in ENGINES:
                message = _("{job}: no environment can load this model.").format(job=ticket.job.title())
                self._outbox.post(ticket, Crashed(message, "", f"redirected to {ending.engine} after {seen}"))
                return talk
            seen.add(ending.engine)
            ticket.engine = ending.engine
            if self.elsewhere:
                return talk

    def _attempt(self, ticket: Ticket) -> tuple[Talk, Ending]:
        """Run once; a worker that died before it took the job up (killed while idle) is replaced, once."""
        for last in (False, True):
            talk = Talk(self._worker(ticket.engine), ticket.job)
            with self._lock:
                self._active = talk.channel
                if self._interrupted:
                    talk.channel.kill()
            ending = talk.hold(lambda event: self._outbox.post(ticket, event))
            if talk.started or self._interrupted or last or talk.channel.alive:
                break
        return talk, ending

    def _warm_up(self, engine: str) -> None:
        """Start a worker in advance; when that fails, the next job will say so."""
        with contextlib.suppress(OSError):
            self._worker(engine)

    def _worker(self, engine: str) -> Channel:
        """Return the living worker of ``engine``, starting one when there is none."""
        channel = self._channels.get(engine)
        if channel and channel.alive:
            return channel
        if channel:
            channel.end()
        fresh = Channel(
            engine,
            scratch=self._scratch,
            python=self._python,
            modules=self._modules,
            preload=ENGINES[engine].preload if self._preload else (),
            idle_s=self._idle_s,
            on_line=self._pass_on,
        )
        with self._lock:
            self._channels[engine] = fresh
            if self._closing:
                fresh.kill()
        return fresh

    def _pass_on(self, line: str) -> None:
        """Send a line that a library printed to the log panel."""
        with self._lock:
            ticket = self._current
            self._lines += 1
            count = self._lines
        if ticket and count < _LINES_OF_ONE_JOB:
            self._outbox.post(ticket, Log(line, "debug"))
        elif ticket and count == _LINES_OF_ONE_JOB:
            self._outbox.post(ticket, Log(_("... and more lines that are not shown."), "debug"))
