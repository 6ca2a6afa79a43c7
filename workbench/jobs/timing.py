"""Time one call again and again: the clock round the call and nothing else, samples passed on in between."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from workbench.core.events import Report, Samples
from workbench.core.memory import PeakMemory

FLUSH_NS = 50_000_000
"""Samples are passed on at most every 50 ms, between two timed calls."""


class Stopwatch:
    """Measures the calls of one series (a model in a runtime) and passes the samples on as they come."""

    def __init__(self, series: str, report: Report, *, busy_share: float = 0.0) -> None:
        """``busy_share`` is what others used of the processors just before (see ``Samples``)."""
        self._series = series
        self._busy_share = busy_share
        self._report = report
        self._memory = PeakMemory()
        self._began_ns = time.perf_counter_ns()

    def repeat(
        self, call: Callable[[], object], *, phase: Literal["warmup", "measured"], runs: int, seconds: float | None
    ) -> list[int]:
        """Call ``runs`` times, or for ``seconds`` when given; return nanoseconds per call, in order."""
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
                    self._say_how_far(phase, len(taken), runs=runs, began=began, deadline=deadline)
                    flushed = clock()
        if passed < len(taken):
            self._flush(phase, taken[passed:])
        return taken

    def peak_mb(self) -> float:
        """Return the peak memory since this series began."""
        return self._memory.peak_mb()

    def _flush(self, phase: Literal["warmup", "measured"], fresh: list[int]) -> None:
        elapsed = (time.perf_counter_ns() - self._began_ns) / 1e9
        latencies = [nanoseconds / 1e6 for nanoseconds in fresh]
        self._report.samples(Samples(self._series, phase, latencies, elapsed, self._memory.now_mb(), self._busy_share))

    def _say_how_far(self, phase: str, done: int, *, runs: int, began: int, deadline: int | None) -> None:
        if deadline is not None:
            fraction = (time.perf_counter_ns() - began) / max(deadline - began, 1)
        else:
            fraction = done / max(runs, 1)
        self._report.progress(min(fraction, 1.0), phase)


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
