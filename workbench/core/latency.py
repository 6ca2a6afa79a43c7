"""Latency statistics: one definition of every figure that a table, chart or report shows."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import ArrayLike


class LatencySummary(msgspec.Struct, frozen=True):
    """Milliseconds per inference call; percentiles by linear interpolation (numpy's default)."""

    runs: int
    mean_ms: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    min_ms: float
    max_ms: float


def summarize(latencies_ms: ArrayLike) -> LatencySummary:
    """Summarize latencies in milliseconds; raises ValueError when there are none."""
    values = np.asarray(latencies_ms, dtype=np.float64)
    if values.size == 0:
        raise ValueError("no latencies")
    p50, p90, p99 = (float(value) for value in np.percentile(values, (50, 90, 99)))
    return LatencySummary(values.size, float(values.mean()), p50, p90, p99, float(values.min()), float(values.max()))


def throughput(summary: LatencySummary, batch: int) -> float:
    """Return inferences (samples, not calls) per second: batch / mean latency."""
    return 1000.0 * batch / summary.mean_ms if summary.mean_ms > 0 else 0.0
