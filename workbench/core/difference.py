"""Say whether one latency measurement is faster than another, or that the difference cannot be measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.core import units
from workbench.core.i18n import _
from workbench.core.machine import BUSY_SHARE

Verdict = Literal["faster", "slower", "same", "unknown"]

FEWEST_SAMPLES = 10
STRETCHES = 8
STUDENT = {2: 4.303, 3: 2.776, 4: 2.447, 5: 2.306, 6: 2.228, 7: 2.179, 8: 2.145}
"""97.5 % quantile of Student's t with 2 (k - 1) degrees of freedom, by the number of stretches k."""
RESOLUTION = 0.05
"""Smaller differences are never called one: two starts of the very same model differ so much."""
BUSY_RESOLUTION = 0.3
"""The same while other programs use the processor: tests/benchmarks/bench_difference.py measured gaps of 25 to 30 %
between starts of one model on two cores with a load of 6."""


class Difference(msgspec.Struct, frozen=True):
    """How much faster this is than the baseline, as a ratio of median latencies (above 1: faster)."""

    ratio: float
    low: float
    """Lower end of the interval of the ratio."""
    high: float
    verdict: Verdict
    resolution: float = RESOLUTION

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
        text = _(
            "Ratio of median latencies: {ratio}, between {low} and {high} when the drift of the machine during both "
            "measurements is allowed for. It is called a difference only when that leaves out 1 and the ratio is more "
            "than {resolution} away from it."
        ).format(
            ratio=units.number(self.ratio),
            low=units.number(self.low),
            high=units.number(self.high),
            resolution=units.percent(self.resolution, 0),
        )
        if self.resolution > RESOLUTION:
            text += " " + _("Other programs were using the processor: measure again when it is idle.")
        return text


def compare_latencies(baseline_ms: ArrayLike, latencies_ms: ArrayLike, *, busy: bool = False) -> Difference:
    """Compare two measurements in milliseconds by their medians; ``busy`` when other programs used the processor.

    The models were measured one after the other, so that what separates them may be the hour and not the model. More
    runs do not average that away. Therefore each measurement is cut into up to 8 stretches in order of time, and the
    standard deviation s of the logarithms of their medians says how much the machine drifts. The interval is
    ratio * exp(+-t * sqrt(s1^2 + s2^2)): batch means (Law and Kelton, Simulation Modeling and Analysis, ch. 9) without
    dividing by the number of batches, as the drift of one measurement need not be that of the other.
    """
    base, other = (np.maximum(np.asarray(values, np.float64).ravel(), 1e-9) for values in (baseline_ms, latencies_ms))
    resolution = BUSY_RESOLUTION if busy else RESOLUTION
    nan = math.nan
    if min(base.size, other.size) == 0:
        return Difference(nan, nan, nan, "unknown", resolution)
    ratio = float(np.median(base) / np.median(other))
    if min(base.size, other.size) < FEWEST_SAMPLES:
        return Difference(ratio, nan, nan, "unknown", resolution)
    stretches = min(STRETCHES, min(base.size, other.size) // 5)
    half = STUDENT[stretches] * math.hypot(_drift(base, stretches), _drift(other, stretches))
    low, high = ratio * math.exp(-half), ratio * math.exp(half)
    return Difference(ratio, low, high, _verdict(ratio, low, high, resolution), resolution)


def _drift(values: NDArray[np.float64], stretches: int) -> float:
    medians = [float(np.median(part)) for part in np.array_split(values, stretches)]
    return float(np.std(np.log(medians), ddof=1))


def _verdict(ratio: float, low: float, high: float, resolution: float) -> Verdict:
    if low <= 1 <= high or abs(math.log(ratio)) <= math.log1p(resolution):
        return "same"
    return "faster" if ratio > 1 else "slower"


def was_busy(machine: Mapping[str, str]) -> bool:
    """Say from a benchmark's machine whether others used its processors just before a subject was measured."""
    try:
        return float(machine.get("busy_share", 0)) > BUSY_SHARE
    except ValueError:
        return False
