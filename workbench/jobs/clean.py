"""Run a job in a process that has loaded nothing yet: how an artifact is proved to open on its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.core import wire
from workbench.core.errors import EngineRequired, JobCrashed, WorkbenchError
from workbench.core.events import AnyEvent, Crashed, Failed, Log, Progress, Redirected, Report, Samples
from workbench.jobs import Job
from workbench.jobs.channel import Channel
from workbench.jobs.engines import ENGINES, current_engine
from workbench.jobs.talk import Talk


class Spare:
    """A clean process started ahead of its job, so that its start costs no time; use it in a ``with`` statement."""

    def __init__(self, report: Report, *, preload: Sequence[str] = ()) -> None:
        """``preload`` names libraries that the job will need."""
        self._channel: Channel | None = Channel(current_engine(), scratch=report.scratch, preload=preload, nested=True)

    def __enter__(self) -> Spare:
        """Return itself."""
        return self

    def __exit__(self, *_details: object) -> None:
        """Kill the process if no job took it."""
        channel = self.take()
        if channel is not None:
            channel.kill()
            channel.end()

    def take(self) -> Channel | None:
        """Return the process; None when it was taken before."""
        channel, self._channel = self._channel, None
        return channel


def run_clean(job: Job, report: Report, *, spare: Spare | None = None) -> Any:
    """Return the result of ``job``, run in a fresh worker of the same engine (or of the one that it asks for).

    ``spare`` is used up, where it fits. The worker dies with this process. Files that it leaves in its scratch folder
    live as long as this job's. Raises WorkbenchError, JobCrashed when the process dies, or EngineRequired when no
    engine takes the job.
    """
    tried: list[str] = []
    engine = current_engine()
    while True:
        tried.append(engine)
        ready = spare.take() if spare and not _modules(job) and engine == current_engine() else None
        ending = _run(job, report, ready or _start(job, report, engine))
        if isinstance(ending, Failed):
            raise WorkbenchError(ending.message, ending.hint)
        if isinstance(ending, Crashed):
            raise JobCrashed(ending.message, ending.hint, ending.details)
        if not isinstance(ending, Redirected):
            return wire.decode(ending.result, job.result_type)
        if ending.engine in tried or ending.engine not in ENGINES:
            raise EngineRequired(ending.engine)
        engine = ending.engine


def _start(job: Job, report: Report, engine: str) -> Channel:
    return Channel(engine, scratch=report.scratch, modules=_modules(job), nested=True)


def _run(job: Job, report: Report, channel: Channel) -> Any:
    def pass_on(event: AnyEvent) -> None:
        if isinstance(event, Progress):
            report.progress(event.fraction, event.text)
        elif isinstance(event, Log):
            report.log(event.text, event.level)
        elif isinstance(event, Samples):
            report.samples(event)

    try:
        return Talk(channel, job).hold(pass_on)
    finally:
        channel.kill()
        channel.end()


def _modules(job: Job) -> Sequence[str]:
    """Return the module that the worker must import beside our own to know this kind of Job."""
    module = type(job).__module__
    return () if module.startswith("workbench.jobs.") else (module,)
