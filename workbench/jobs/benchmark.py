"""Measure latency and throughput, live."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import msgspec

from workbench.core.datasets import DataSpec
from workbench.core.events import Report
from workbench.core.i18n import _, ngettext
from workbench.jobs import Job


class Subject(msgspec.Struct, frozen=True):
    """One curve of the chart: a model in a runtime on a device."""

    model: str
    runtime: str = ""
    device: str = "cpu"

    def series(self) -> str:
        """Return the key used in Samples and results."""
        return f"{self.model}|{self.runtime}|{self.device}"


class BenchmarkRow(msgspec.Struct):
    """The figures of one subject. Milliseconds per call; throughput in samples per second."""

    model: str
    runtime: str
    device: str
    device_label: str
    batch: int
    threads: int | None
    runs: int
    warmup: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    mean_ms: float
    min_ms: float
    max_ms: float
    throughput: float
    peak_rss_mb: float
    """Peak resident memory of the worker while this subject ran."""
    series: str
    samples_path: str
    """.npy of every measured latency in ms, in order."""


class Benchmarked(msgspec.Struct):
    """All rows, and the machine they were measured on."""

    results: list[BenchmarkRow]
    machine: dict[str, str]
    notes: list[str]


class Benchmark(Job, frozen=True):
    """Measure each subject in turn, nothing else beside it."""

    result_type: ClassVar[type] = Benchmarked
    subjects: list[Subject]
    runs: int = 100
    seconds: float | None = None
    """When given, run so long instead of ``runs``."""
    warmup: int = 10
    batch: int = 1
    threads: int | None = None
    data: DataSpec = DataSpec()

    def title(self) -> str:
        """Return what the jobs panel calls it."""
        count = len(self.subjects)
        if count == 1:
            return _("Benchmark {name}").format(name=Path(self.subjects[0].model).name)
        return ngettext("Benchmark {n} model", "Benchmark {n} models", count).format(n=count)

    def run(self, report: Report) -> Benchmarked:
        """Measure; the timed region holds the inference call and nothing else."""
        raise NotImplementedError
