"""One job on one worker: hand it over, listen, and say how it ended, however it ended."""

from __future__ import annotations

import queue
import shutil
import signal
import time
from collections.abc import Callable

from workbench.core import writing
from workbench.core.events import AnyEvent, Crashed, Failed, Finished, Redirected, Started
from workbench.core.i18n import _
from workbench.jobs import Job
from workbench.jobs.channel import Channel, Garbled

_POLL_S = 1.0
_START_LIMIT_S = 300.0
"""How long a worker may take to take a job up (importing TensorFlow from a cold disk comes before it)."""

_ACCESS_VIOLATION = 0xC0000005
"""What Windows calls a segmentation fault."""

Ending = Finished | Failed | Crashed | Redirected


class Talk:
    """A job and the worker that has it."""

    def __init__(self, channel: Channel, job: Job) -> None:
        self.channel = channel
        self.job = job
        self.started = False
        self._scratch = ""
        self._deadline = time.monotonic() + _START_LIMIT_S
        self._next_watch = 0.0

    def hold(self, on_event: Callable[[AnyEvent], None]) -> Ending:
        """Run the job to its end, passing on what comes before. After a crash the worker is gone and cleaned up."""
        if not self.channel.send(self.job):
            return self._post_mortem()
        while True:
            if time.monotonic() > self._deadline:
                return self._too_long()
            self._watch_memory()
            try:
                event = self.channel.receive(min(_POLL_S, max(0.0, self._deadline - time.monotonic())))
            except queue.Empty:
                continue
            if event is None:
                return self._post_mortem()
            if isinstance(event, Garbled):
                return self._garbled(event)
            if isinstance(event, Finished | Failed | Crashed | Redirected):
                return event
            if isinstance(event, Started):
                self._note_start(event)
            on_event(event)

    def clean_up(self) -> None:
        """Remove what a dead worker left of this job: its scratch folder and half-written files."""
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)
        for target in self.job.targets():
            writing.remove_partials(target.parent)

    def _watch_memory(self) -> None:
        if time.monotonic() >= self._next_watch:
            self.channel.watch_memory()
            self._next_watch = time.monotonic() + _POLL_S

    def _note_start(self, event: Started) -> None:
        self.started = True
        self._scratch = event.scratch
        limit = self.job.time_limit_s
        self._deadline = time.monotonic() + limit if limit else float("inf")

    def _too_long(self) -> Crashed:
        tail = self.channel.end()
        self.clean_up()
        if not self.started:
            message = _("{job}: the worker did not start.").format(job=self.job.title())
        else:
            message = _("{job} was stopped: it did not end within {seconds:g} seconds.").format(
                job=self.job.title(), seconds=self.job.time_limit_s or 0
            )
        return Crashed(message, _("Everything else goes on; you can try it again."), "\n".join(tail))

    def _garbled(self, event: Garbled) -> Crashed:
        tail = self.channel.end()
        self.clean_up()
        message = _("{job} was stopped: the worker sent something that is no event.").format(job=self.job.title())
        return Crashed(message, "", "\n".join([event.line, *tail]))

    def _post_mortem(self) -> Crashed:
        tail = self.channel.end()
        self.clean_up()
        code = self.channel.exit_code or 0
        message, hint = _cause(self.job.title(), code, self.channel)
        memory = f"peak memory seen: {self.channel.peak_rss / 1e6:.0f} MB" if self.channel.peak_rss else ""
        return Crashed(message, hint, "\n".join(filter(None, [f"exit code {code}", memory, *tail])))


def _cause(job: str, code: int, channel: Channel) -> tuple[str, str]:
    """Return what to say of a worker that ended with ``code``: message and hint."""
    goes_on = _("Everything else goes on; the details help to report it.")
    if code in (-signal.SIGSEGV, _ACCESS_VIOLATION):
        return _("{job} stopped: a library crashed (segmentation fault).").format(job=job), goes_on
    if code == -getattr(signal, "SIGKILL", 0) and code:
        less = _("Close other programs, or use a smaller batch or fewer samples.")
        if channel.ran_out_of_memory():
            return _("{job} stopped: the memory of this computer does not suffice.").format(job=job), less
        text = _("{job} stopped: its worker was killed from outside, most often because memory ran out.")
        return text.format(job=job), less
    if code < 0:
        return _("{job} stopped: a library crashed ({signal}).").format(job=job, signal=_signal_name(-code)), goes_on
    return _("{job} stopped: its worker ended unexpectedly (exit code {code}).").format(job=job, code=code), goes_on


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
