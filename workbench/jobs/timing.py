"""Time one call again and again: the clock round the call and nothing else, samples passed on in between."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from workbench.core.events import Report, Samples
from workbench.core.i18n import _
from workbench.core.memory import PeakMemory

Phase = Literal["warmup", "measured"]

FLUSH_NS = 50_000_000
"""Samples are passed on at most every 50 ms, between two timed calls."""


class Part:
    """The Report of one part of a job that has several of the same size: its progress becomes progress of the whole."""

    def __init__(self, report: Report, *, number: int, count: int) -> None:
        """``number`` counts the ``count`` parts from 0."""
        self.scratch = report.scratch
        self._report = report
        self._number = number
        self._count = count

    def progress(self, fraction: float | None, text: str) -> None:
        """Say how far the whole is; a part that does not know counts as just begun."""
        known = fraction if fraction is not None or self._count == 1 else 0.0
        self._report.progress(None if known is None else (self._number + known) / self._count, text)

    def log(self, text: str, level: Literal["debug", "info", "warning"] = "info") -> None:
        """Pass on a line."""
        self._report.log(text, level)

    def samples(self, samples: Samples) -> None:
        """Pass on samples."""
        self._report.samples(samples)


class Stopwatch:
    """Measures the calls of one series (a model in a runtime) and passes the samples on as they come."""

    def __init__(self, series: str, report: Report, *, name: str = "", busy_share: float = 0.0) -> None:
        """``name`` is what progress calls the model; ``busy_share`` what others used just before (see ``Samples``)."""
        self._series = series
        self._name = name or series
        self._busy_share = busy_share
        self._report = report
        self._memory = PeakMemory()
        self._began_ns = time.perf_counter_ns()

    def repeat(
        self,
        call: Callable[[], object],
        *,
        phase: Phase,
        runs: int,
        seconds: float | None,
        span: tuple[float, float] = (0.0, 1.0),
    ) -> list[int]:
        """Call ``runs`` times, or for ``seconds`` when given; return nanoseconds per call, in order.

        ``span`` is where this phase begins and ends in the progress of the whole.
        """
        taken: list[int] = []
        passed = 0
        clock = time.perf_counter_ns
        began = flushed = clock()
        deadline = began + int(seconds * 1e9) if seconds is not None else None
        with no_garbage_collection():
            while (clock() < deadline) if deadline is not None else (len(taken) < runs):
                start = clock()
                call()
                end = clock()
                taken.append(end - start)
                if end - flushed >= FLUSH_NS:
                    self._flush(phase, taken[passed:])
                    passed = len(taken)
                    done = len(taken) / runs if deadline is None else (clock() - began) / (deadline - began)
                    self._say_how_far(phase, min(done, 1.0), span)
                    flushed = clock()
        if passed < len(taken):
            self._flush(phase, taken[passed:])
        return taken

    def peak_mb(self) -> float:
        """Return the peak memory since this series began."""
        return self._memory.peak_mb()

    def _flush(self, phase: Phase, fresh: list[int]) -> None:
        elapsed = (time.perf_counter_ns() - self._began_ns) / 1e9
        latencies = [nanoseconds / 1e6 for nanoseconds in fresh]
        memory, peak = self._memory.now_mb(), self._memory.peak_mb()
        self._report.samples(Samples(self._series, phase, latencies, elapsed, memory, peak, self._busy_share))

    def _say_how_far(self, phase: Phase, done: float, span: tuple[float, float]) -> None:
        text = _("Warming up {name}") if phase == "warmup" else _("Measuring {name}")
        first, last = span
        self._report.progress(first + (last - first) * done, text.format(name=self._name))


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Keep Python's collector from running in the middle of a call; everything is collected before."""
    gc.collect()
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
