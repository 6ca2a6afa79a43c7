"""Runs as a project keeps them, read leniently: the window, the command line and older versions all wrote some."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from workbench.core.agreement import Agreement
from workbench.core.errors import WorkbenchError
from workbench.core.events import Samples
from workbench.core.latency_file import load_tracks
from workbench.core.latency_track import LatencyTrack
from workbench.core.project import RunRecord


class BenchmarkedSeries(msgspec.Struct):
    """The figures of one model in one runtime."""

    model: str
    p50_ms: float
    p90_ms: float
    p99_ms: float
    mean_ms: float
    throughput: float
    peak_rss_mb: float
    runs: int
    runtime: str = ""
    device: str = ""
    device_label: str = ""
    batch: int = 1
    threads: int | None = None
    warmup: int = 0
    series: str = ""
    samples_path: str = ""

    def key(self) -> str:
        """Return what names its samples."""
        return self.series or f"{self.model}|{self.runtime}|{self.device}"


class StoredBenchmark(msgspec.Struct):
    """A benchmark run."""

    results: list[BenchmarkedSeries]
    labels: dict[str, str] = {}
    machine: dict[str, str] = {}
    notes: list[str] = []
    ended: str = "finished"


class StoredAccuracy(msgspec.Struct):
    """The accuracy of one model."""

    model: str
    runtime: str
    device: str
    samples: int
    top1: float
    top5: float | None = None
    confusion: list[list[int]] = []
    class_names: list[str] = []
    data: str = ""
    data_sha256: str = ""


class StoredComparison(msgspec.Struct):
    """How far model B is from model A."""

    a: str
    b: str
    agreement: Agreement


def benchmark_of(run: RunRecord) -> StoredBenchmark:
    """Read a benchmark run; raises msgspec.ValidationError when it is none."""
    return msgspec.convert(run.result, StoredBenchmark, strict=False)


def tracks_of(run: RunRecord, benchmark: StoredBenchmark) -> dict[str, LatencyTrack]:
    """Return the samples of a benchmark run as far as they are still there."""
    if run.samples_path:
        try:
            return load_tracks(Path(run.samples_path))
        except WorkbenchError:
            return {}
    found = {}
    for row in benchmark.results:
        try:
            latencies = np.load(row.samples_path, allow_pickle=False) if row.samples_path else np.empty(0)
        except (OSError, ValueError, EOFError):
            continue
        if latencies.ndim == 1 and latencies.size:
            found[row.key()] = _track(row.key(), latencies.tolist())
    return found


def _track(series: str, latencies: list[float]) -> LatencyTrack:
    track = LatencyTrack(series)
    elapsed = 0.0
    for start in range(0, len(latencies), 500):  # as if they had arrived so, for the rolling percentiles
        part = latencies[start : start + 500]
        elapsed += sum(part) / 1000
        track.add(Samples(series, "measured", part, elapsed, 0.0))
    return track


def accuracies_of(run: RunRecord) -> list[StoredAccuracy]:
    """Read an evaluation run of one or several models; raises msgspec.ValidationError when it is none."""
    rows: Any = run.result.get("results", [run.result])
    return msgspec.convert(rows, list[StoredAccuracy], strict=False)


def comparison_of(run: RunRecord, names: Sequence[str]) -> StoredComparison:
    """Read a comparison run; ``names`` are its models' names. Raises msgspec.ValidationError when it is none."""
    if "agreement" in run.result:
        return msgspec.convert(run.result, StoredComparison, strict=False)
    a, b = (*names, "A", "B")[:2]
    return StoredComparison(a, b, msgspec.convert(run.result, Agreement, strict=False))
