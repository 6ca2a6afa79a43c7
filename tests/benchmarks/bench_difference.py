"""How far apart are two measurements of the very same model? Prints by how much medians differ, by their duration.

    python tests/benchmarks/bench_difference.py MODEL.onnx [SECONDS]

One model is opened anew several times and called for SECONDS in all; stretches of the same duration from one start and
the next are compared. What the verdict calls a difference here is a false alarm, for there is none.
"""

from __future__ import annotations

import os
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.core.datasets import DataSpec
from workbench.core.difference import compare_latencies
from workbench.datasets.select import open_dataset
from workbench.runtimes.select import runtime_for

STARTS = 6


def measure(path: Path, seconds: float) -> NDArray[np.float64]:
    """Open the model and call it for so long; return milliseconds."""
    session = runtime_for("onnx", "onnxruntime").open(path, threads=1)
    call = session.prepare(open_dataset(DataSpec(limit=1), session.inputs).feeds([0]))
    taken = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.perf_counter_ns()
        call()
        taken.append((time.perf_counter_ns() - began) / 1e6)
    session.close()
    return np.array(taken[10:])


def main() -> None:
    path, seconds = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 60.0
    series = [measure(path, seconds / STARTS) for _start in range(STARTS)]
    print(f"{STARTS} starts of {path}, {sum(map(len, series))} calls; load {os.getloadavg()[0]:.1f}")
    print(f"{'duration':>9} {'pairs':>6} {'gap 50 %':>9} {'gap 95 %':>9} {'false alarms':>13} {'said to be busy':>16}")
    for duration in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0):
        cut = [stretches(latencies, duration) for latencies in series]
        pairs = [pair for one, other in pairwise(cut) for pair in zip(one, other, strict=False)][:300]
        if len(pairs) < 4:
            continue
        found = [compare_latencies(one, other) for one, other in pairs]
        busy = [compare_latencies(one, other, busy=True) for one, other in pairs]
        middle, most = np.percentile([abs(np.log(difference.ratio)) for difference in found], (50, 95))
        alarms, busy_alarms = (np.mean([item.verdict != "same" for item in items]) for items in (found, busy))
        print(f"{duration:8.2f}s {len(pairs):6d} {middle:9.1%} {most:9.1%} {alarms:13.1%} {busy_alarms:16.1%}")


def stretches(latencies: NDArray[np.float64], duration: float) -> list[NDArray[np.float64]]:
    """Cut one start into stretches of so many seconds."""
    ends = np.cumsum(latencies) / 1000
    cuts = np.searchsorted(ends, np.arange(duration, ends[-1] + 1e-9, duration))
    return [part for part in np.split(latencies, cuts)[: len(cuts)] if part.size >= 10]


if __name__ == "__main__":
    main()
