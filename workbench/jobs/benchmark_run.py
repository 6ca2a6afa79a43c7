"""One benchmark as window, command line, project and report know it: what was asked, the figures, how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from workbench.core.datasets import RANDOM
from workbench.core.difference import Difference, compare_latencies, was_busy
from workbench.core.i18n import _
from workbench.core.latency_file import save_tracks
from workbench.core.latency_track import LatencyTrack
from workbench.core.lineage import ModelRecord
from workbench.core.project import Project
from workbench.jobs.benchmark import Benchmark, Benchmarked, BenchmarkRow
from workbench.runtimes.select import runtimes

KIND = "benchmark"
Ended = Literal["finished", "stopped", "failed", "crashed"]
Tracks = Mapping[str, LatencyTrack]


class BenchmarkRun(msgspec.Struct):
    """A run with its figures. Stored as the run's result: the report reads ``results``, ``machine`` and ``ended``."""

    job: Benchmark
    results: list[BenchmarkRow]
    labels: dict[str, str]
    """Series to what it is called in chart and table."""
    machine: dict[str, str] = {}
    notes: list[str] = []
    ended: Ended = "finished"

    def rows(self, tracks: Tracks) -> list[tuple[BenchmarkRow, Difference | None]]:
        """Return each row with its difference to the first one (None for the first itself)."""
        found: list[tuple[BenchmarkRow, Difference | None]] = []
        for index, row in enumerate(self.results):
            difference = None
            if index > 0:
                base, other = tracks.get(self.results[0].series), tracks.get(row.series)
                difference = compare_latencies(_measured(base), _measured(other), busy=was_busy(self.machine))
            found.append((row, difference))
        return found

    def status(self) -> str:
        """Return in words how it ended, "" when as asked."""
        stopped, failed, crashed = _("stopped early"), _("ended by an error"), _("ended by a crash")
        return {"finished": "", "stopped": stopped, "failed": failed, "crashed": crashed}[self.ended]


def _measured(track: LatencyTrack | None) -> Any:
    return track.measured.latencies.values if track is not None else []


def finished(job: Benchmark, result: Benchmarked, labels: dict[str, str]) -> BenchmarkRun:
    """Return the run of a job that came to its end."""
    return BenchmarkRun(job, result.results, labels, result.machine, result.notes)


def store(project: Project, run: BenchmarkRun, tracks: Tracks) -> None:
    """Put the run and its samples into the project; raises WorkbenchError when it cannot be written."""
    models = {record.path: record.id for record in project.models()}
    ids = [models[row.model] for row in run.results if row.model in models]
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    target = save_tracks(project.folder / "runs" / f"{KIND}-{stamp}.npz", tracks)
    if run.job.data.path != RANDOM:
        project.add_dataset(run.job.data)
    project.add_run(KIND, list(dict.fromkeys(ids)), msgspec.to_builtins(run), samples_path=str(target))


def load(result: dict[str, Any]) -> BenchmarkRun:
    """Return a stored run; raises msgspec.ValidationError when it was written by something else."""
    return msgspec.convert(result, BenchmarkRun)


def label_of(records: Sequence[ModelRecord], model: str, runtime: str, device: str) -> str:
    """Return what a series is called: the model's name in the project, runtime and device."""
    name = next((record.name for record in records if record.path == model), Path(model).name)
    known = runtimes().get(runtime)
    return f"{name} \u00b7 {_(known.label) if known else runtime} \u00b7 {device.upper()}"
