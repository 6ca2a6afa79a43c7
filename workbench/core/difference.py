"""Say whether one latency measurement is faster than another, or that the difference cannot be measured."""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.core import units
from workbench.core.i18n import _

Verdict = Literal["faster", "slower", "same", "unknown"]

RESAMPLES = 500
MOST_SAMPLES = 2000
"""More are thinned evenly first: the interval gets a little wider, never too narrow, and takes milliseconds."""
FEWEST_SAMPLES = 10
RESOLUTION = 0.02
"""Ratios nearer to 1 than this are never called a difference, however narrow the interval: clock speed and memory
placement differ so much between two starts of the very same model (see tests/benchmarks/bench_difference.py)."""


class Difference(msgspec.Struct, frozen=True):
    """How much faster this is than the baseline, as a ratio of median latencies (above 1: faster)."""

    ratio: float
    low: float
    """Lower end of the 95 % interval of the ratio."""
    high: float
    verdict: Verdict

    def text(self) -> str:
        """Return it in words ("1.85x faster")."""
        if self.verdict == "faster":
            return _("{ratio} faster").format(ratio=units.ratio(self.ratio))
        if self.verdict == "slower":
            return _("{ratio} slower").format(ratio=units.ratio(1 / self.ratio))
        if self.verdict == "same":
            return _("no measurable difference")
        return _("too few runs to tell")

    def explanation(self) -> str:
        """Return how it was computed and how sure it is."""
        if self.verdict == "unknown":
            return _("At least {n} measured runs of each are needed.").format(n=FEWEST_SAMPLES)
        return _(
            "Ratio of median latencies: {ratio}, 95 % interval {low} to {high} (moving-block bootstrap of both "
            "medians). It is called a difference only when the interval leaves out 1 and the ratio is more than "
            "{resolution} away from it. The interval covers the variation within these runs, not that between days "
            "or machines."
        ).format(
            ratio=units.number(self.ratio),
            low=units.number(self.low),
            high=units.number(self.high),
            resolution=units.percent(RESOLUTION, 0),
        )


def compare_latencies(baseline_ms: ArrayLike, latencies_ms: ArrayLike, *, seed: int = 0) -> Difference:
    """Compare two measurements in milliseconds by their medians.

    Neighbouring latencies resemble each other (clock speed, other programs), so that an ordinary bootstrap would be
    too sure of itself. This one draws whole blocks of neighbours: moving-block bootstrap, H. R. Künsch, "The
    Jackknife and the Bootstrap for General Stationary Observations", Annals of Statistics 17 (1989), with circular
    blocks of about the square root of the number of samples (Politis and Romano, 1992).
    """
    base, other = _thinned(baseline_ms), _thinned(latencies_ms)
    if min(base.size, other.size) == 0:
        return Difference(float("nan"), float("nan"), float("nan"), "unknown")
    ratio = float(np.median(np.asarray(baseline_ms)) / max(float(np.median(np.asarray(latencies_ms))), 1e-12))
    if min(base.size, other.size) < FEWEST_SAMPLES:
        return Difference(ratio, float("nan"), float("nan"), "unknown")
    generator = np.random.default_rng(seed)
    ratios = _median_resamples(base, generator) / np.maximum(_median_resamples(other, generator), 1e-12)
    widening = _widening(min(base.size, other.size))
    low, high = (ratio * math.exp(widening * math.log(value / ratio)) for value in np.percentile(ratios, (2.5, 97.5)))
    return Difference(ratio, low, high, _verdict(ratio, low, high))


def _widening(samples: int) -> float:
    """Return by how much (on the log scale) few blocks make the percentile interval too narrow.

    Student's t over the normal quantile, by the first term of its Cornish-Fisher expansion, times sqrt(k / (k - 1)).
    """
    blocks = max(2, samples // max(1, round(samples**0.5)))
    z = 1.96
    return (1 + (z * z + 1) / (4 * (blocks - 1))) * math.sqrt(blocks / (blocks - 1))


def _verdict(ratio: float, low: float, high: float) -> Verdict:
    if low <= 1 <= high or abs(ratio - 1) <= RESOLUTION:
        return "same"
    return "faster" if ratio > 1 else "slower"


def _thinned(latencies_ms: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(latencies_ms, dtype=np.float64).ravel()
    if values.size <= MOST_SAMPLES:
        return values
    return values[np.linspace(0, values.size - 1, MOST_SAMPLES).astype(np.intp)]


def _median_resamples(values: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """Return medians of RESAMPLES block resamples.

    The values are sorted once; each resample is then a count per sorted value, whose middle the running sum finds.
    """
    length = max(1, round(values.size**0.5))
    blocks = -(-values.size // length)
    order = np.argsort(values, kind="stable")
    rank = np.empty(values.size, dtype=np.intp)
    rank[order] = np.arange(values.size)
    ordered = values[order]
    medians = np.empty(RESAMPLES)
    for index in range(RESAMPLES):
        starts = generator.integers(0, values.size, blocks)
        picked = (starts[:, None] + np.arange(length)) % values.size
        drawn = rank[picked.ravel()[: values.size]]
        running = np.cumsum(np.bincount(drawn, minlength=values.size))
        low, high = np.searchsorted(running, ((values.size - 1) // 2 + 1, values.size // 2 + 1))
        medians[index] = (ordered[low] + ordered[high]) / 2
    return medians
