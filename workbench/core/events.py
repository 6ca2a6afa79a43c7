"""Events: what a worker says about a job, one JSON line each; and Report, through which a job says it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

import msgspec


class Event(msgspec.Struct, frozen=True, tag_field="event", tag=str.lower):
    """Something that happened to one job."""


class Started(Event, frozen=True):
    """The worker took the job up."""

    pid: int
    scratch: str = ""
    """The job's scratch folder, which the runner removes when the worker dies."""


class Progress(Event, frozen=True):
    """How far the job is. ``fraction`` is from 0 to 1, or None when it cannot be known."""

    fraction: float | None
    text: str


class Log(Event, frozen=True):
    """One line for the log panel."""

    text: str
    level: Literal["debug", "info", "warning"] = "info"


class Samples(Event, frozen=True):
    """Latencies measured since the last flush (at most 20 flushes a second), in milliseconds, in order."""

    series: str
    """Which model and runtime: the key of the curve."""
    phase: Literal["warmup", "measured"]
    latencies_ms: list[float]
    elapsed_s: float
    """Seconds since this series began, at the flush."""
    rss_mb: float
    peak_rss_mb: float = 0.0
    """Highest resident memory since this series began, the model's loading included; 0 when not known."""
    busy_share: float = 0.0
    """Share of the processors (0 to 1) that others used just before this series began."""


class Finished(Event, frozen=True):
    """The job is done. ``result`` is the JSON of the job's result type."""

    result: msgspec.Raw


class Failed(Event, frozen=True):
    """The person can act: a WorkbenchError."""

    message: str
    hint: str


class Crashed(Event, frozen=True):
    """Our bug, or a library crashed, hung, or ran out of memory."""

    message: str
    hint: str
    details: str
    """Traceback or signal, for the report; never shown as the message."""


class Cancelled(Event, frozen=True):
    """The person chose it."""


class Redirected(Event, frozen=True):
    """The job must run in another engine; the runner sends it there. Never reaches the window."""

    engine: str


class Ready(Event, frozen=True):
    """The worker has started and takes jobs. Never reaches the window."""

    pid: int


AnyEvent = Started | Progress | Log | Samples | Finished | Failed | Crashed | Cancelled | Redirected | Ready
Ended = Finished | Failed | Crashed | Cancelled


class Report(Protocol):
    """What a running job speaks through."""

    scratch: Path
    """A folder of this job's own for intermediate files and large results; removed when the job ends badly."""

    def progress(self, fraction: float | None, text: str) -> None:
        """Say how far the job is (0 to 1, or None when unknown) and what it is doing (translated)."""

    def log(self, text: str, level: Literal["debug", "info", "warning"] = "info") -> None:
        """Say one line for the log panel."""

    def samples(self, samples: Samples) -> None:
        """Pass on measured latencies; the caller batches them by time."""
