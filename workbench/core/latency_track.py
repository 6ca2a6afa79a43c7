"""Keep the latencies of one benchmark series as they arrive, and thin them for drawing without hiding a peak."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.core.events import Samples

Floats = NDArray[np.float64]
Axis = Literal["runs", "seconds"]

WINDOW = 100
"""Runs that a rolling percentile looks back on."""
FIRST_ROLLING = 10
"""Runs after which rolling percentiles begin."""
ROLLING_STEPS = 64
"""At most so many rolling points are computed for each arrival, however many samples it brings."""
LOG_FROM = 12.0
"""An axis should be logarithmic when its top is so many times the smallest median."""
RATE_SPAN_S = 1.0
"""Throughput is averaged over the last second of inference time."""


class Column:
    """A float64 array that grows at its end in constant amortized time."""

    def __init__(self) -> None:
        self._room = np.empty(256)
        self._used = 0

    def __len__(self) -> int:
        """Return how many numbers it holds."""
        return self._used

    @property
    def values(self) -> Floats:
        """Return a view of the numbers: valid until the next ``extend``."""
        return self._room[: self._used]

    def extend(self, values: ArrayLike) -> None:
        """Append one or more numbers."""
        added = np.atleast_1d(np.asarray(values, dtype=np.float64))
        needed = self._used + added.size
        if needed > self._room.size:
            grown = np.empty(max(needed, 2 * self._room.size))
            grown[: self._used] = self.values
            self._room = grown
        self._room[self._used : needed] = added
        self._used = needed


class Phase:
    """Latencies in ms of one phase, and the second at which each ended, counted from the start of the series."""

    def __init__(self) -> None:
        self.latencies = Column()
        self.times = Column()


class Flushes:
    """What is known once per arrival: at which run and second, memory (MB) and throughput (calls per second)."""

    def __init__(self) -> None:
        self.runs = Column()
        self.times = Column()
        self.rss = Column()
        self.rates = Column()


class Rolling:
    """Percentiles over the last WINDOW runs, at the run numbers in ``runs``."""

    def __init__(self) -> None:
        self.runs = Column()
        self.p50 = Column()
        self.p90 = Column()
        self.p99 = Column()


class LatencyTrack:
    """All samples of one series, in order. Nothing is dropped: whoever stops a benchmark keeps what was measured."""

    def __init__(self, series: str) -> None:
        self.series = series
        self.warmup = Phase()
        self.measured = Phase()
        self.flushes = Flushes()
        self.rolling = Rolling()
        self.busy_share = 0.0
        """Share of the processors that others used just before this series began."""
        self._clock = 0.0
        self._peak_mb = 0.0

    def add(self, samples: Samples) -> None:
        """Take in one arrival; cost is bounded but for copying the numbers."""
        latencies = np.asarray(samples.latencies_ms, dtype=np.float64)
        if latencies.size == 0:
            return
        self.busy_share = samples.busy_share
        self._peak_mb = max(self._peak_mb, samples.peak_rss_mb)
        phase = self.warmup if samples.phase == "warmup" else self.measured
        phase.latencies.extend(latencies)
        phase.times.extend(self._spread(latencies, samples.elapsed_s))
        self._clock = max(self._clock, samples.elapsed_s)
        if samples.phase == "measured":
            self._note_flush(samples)
            self._roll(latencies.size)

    @property
    def start_s(self) -> float:
        """Return the second at which measuring began: the end of the warm-up."""
        return float(self.warmup.times.values[-1]) if len(self.warmup.times) else 0.0

    @property
    def peak_rss_mb(self) -> float:
        """Return the largest memory since the series began, as its process knows it; 0.0 before the first arrival.

        Of a track read from a file it is the largest at any flush.
        """
        return max(self._peak_mb, float(np.max(self.flushes.rss.values, initial=0.0)))

    def span(self, axis: Axis) -> tuple[float, float]:
        """Return the positions of the first and the last sample, warm-up included; 0 where there is none."""
        warmup, runs = self.warmup, self.measured
        if axis == "runs":
            return float(min(0, 1 - len(warmup.latencies))), float(len(runs.latencies))
        first = float(warmup.times.values[0]) - self.start_s if len(warmup.times) else 0.0
        return min(0.0, first), float(runs.times.values[-1]) - self.start_s if len(runs.times) else 0.0

    def positions(self, axis: Axis) -> Floats:
        """Return where the measured samples are on the axis: 1, 2, 3 ... or seconds since measuring began."""
        if axis == "runs":
            return np.arange(1, len(self.measured.latencies) + 1, dtype=np.float64)
        return self.measured.times.values - self.start_s

    def warmup_positions(self, axis: Axis) -> Floats:
        """Return where the warm-up is: at and left of 0."""
        if axis == "runs":
            return np.arange(-len(self.warmup.latencies) + 1, 1, dtype=np.float64)
        return self.warmup.times.values - self.start_s

    def at(self, runs: Floats, axis: Axis) -> Floats:
        """Turn run numbers (from 1) into positions on the axis."""
        if axis == "runs" or runs.size == 0:
            return runs
        seconds: Floats = self.measured.times.values[runs.astype(np.intp) - 1] - self.start_s
        return seconds

    def view_range(self) -> tuple[float, float]:
        """Return from where to where (ms) a chart should reach: nearly all p99s, but no hiccup that flattens all."""
        p50, p99 = self.rolling.p50.values, self.rolling.p99.values
        if p99.size:
            step = max(1, p99.size // 1000)
            typical = float(np.percentile(p99[::step], 90))
            return 0.7 * float(p50[::step].min()), 1.25 * max(typical, float(p50[-1]) * 1.5)
        start = self.measured.latencies.values if len(self.measured.latencies) else self.warmup.latencies.values
        middle = float(np.median(start)) if start.size else 0.0
        return 0.5 * middle, 2.0 * middle

    def _spread(self, latencies: Floats, elapsed_s: float) -> Floats:
        """Return the end of each call: the arrivals' clock is exact, calls in between share it by their latency."""
        running = np.cumsum(latencies)
        span = max(0.0, elapsed_s - self._clock)
        if running[-1] <= 0:
            return np.full(latencies.size, self._clock + span)
        ends: Floats = self._clock + span * running / running[-1]
        return ends

    def _note_flush(self, samples: Samples) -> None:
        runs = len(self.measured.latencies)
        self.flushes.runs.extend(runs)
        self.flushes.times.extend(samples.elapsed_s)
        self.flushes.rss.extend(samples.rss_mb)
        recent = self.measured.latencies.values[-4096:]
        ages = np.cumsum(recent[::-1])
        inside = max(1, int(np.searchsorted(ages, RATE_SPAN_S * 1000, side="right")))
        self.flushes.rates.extend(1000.0 * inside / max(float(ages[inside - 1]), 1e-9))

    def _roll(self, added: int) -> None:
        total = len(self.measured.latencies)
        wanted = np.linspace(total - added + 1, total, min(added, ROLLING_STEPS)).astype(np.intp)
        values = self.measured.latencies.values
        full = wanted[wanted >= WINDOW]
        for run in wanted[(wanted >= FIRST_ROLLING) & (wanted < WINDOW)]:
            self._note_rolling(np.array([run]), values[None, :run])
        if full.size:
            windows = np.lib.stride_tricks.sliding_window_view(values, WINDOW)
            self._note_rolling(full, windows[full - WINDOW])

    def _note_rolling(self, runs: NDArray[np.intp], windows: Floats) -> None:
        p50, p90, p99 = np.percentile(windows, (50, 90, 99), axis=1)
        self.rolling.runs.extend(runs)
        self.rolling.p50.extend(p50)
        self.rolling.p90.extend(p90)
        self.rolling.p99.extend(p99)


def spreads_widely(tracks: Iterable[LatencyTrack]) -> bool:
    """Say whether these tracks are so far apart that only a logarithmic axis shows them all."""
    known = [track for track in tracks if len(track.rolling.p50)]
    if not known:
        return False
    lowest = min(float(track.rolling.p50.values[-1]) for track in known)
    return max(track.view_range()[1] for track in known) > LOG_FROM * lowest


class Thinned(msgspec.Struct, frozen=True):
    """Points to draw."""

    x: Floats
    y: Floats


def thin(x: Floats, y: Floats, low: float, high: float, most: int) -> Thinned:
    """Return about ``most`` points of the sorted ``x`` between ``low`` and ``high``.

    Of each bin the smallest and the largest are kept, so that no peak is hidden, and two that stand for the rest, so
    that the peaks do not look like the rule. One neighbour on either side lets a line reach the edge of the view.
    """
    xs, ys = _inside(x, y, low, high)
    if xs.size <= most:
        return Thinned(xs.copy(), ys.copy())
    size = -(-4 * xs.size // most)
    whole = (xs.size // size) * size
    binned = ys[:whole].reshape(-1, size)
    starts = np.arange(0, whole, size)
    picked = [starts + binned.argmin(axis=1), starts + binned.argmax(axis=1), starts, starts + size // 2]
    if whole < xs.size:
        rest = ys[whole:]
        picked.append(whole + np.array([rest.argmin(), rest.argmax(), rest.size - 1]))
    kept = np.unique(np.concatenate(picked))
    return Thinned(xs[kept], ys[kept])


def smooth(x: Floats, y: Floats, low: float, high: float, most: int) -> Thinned:
    """Return about ``most`` points of the sorted ``x`` in view: the median of each bin, for lines that show a trend."""
    xs, ys = _inside(x, y, low, high)
    if xs.size <= most:
        return Thinned(xs.copy(), ys.copy())
    size = -(-xs.size // most)
    whole = (xs.size // size) * size
    middles = np.median(ys[:whole].reshape(-1, size), axis=1)
    return Thinned(np.append(xs[:whole:size], xs[-1]), np.append(middles, ys[-1]))


def _inside(x: Floats, y: Floats, low: float, high: float) -> tuple[Floats, Floats]:
    first = max(0, int(np.searchsorted(x, low)) - 1)
    last = min(x.size, int(np.searchsorted(x, high, side="right")) + 1)
    return x[first:last], y[first:last]
