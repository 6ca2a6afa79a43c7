"""One benchmark as the panel, the project and the report know it: what was asked, the figures, how it ended."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from workbench.core import latency, units
from workbench.core.difference import Difference, compare_latencies, was_busy
from workbench.core.i18n import _
from workbench.core.latency_file import save_tracks
from workbench.core.latency_track import LatencyTrack
from workbench.core.lineage import ModelRecord
from workbench.core.project import Project
from workbench.gui.devices import runtime_label
from workbench.jobs.benchmark import Benchmark, Benchmarked, BenchmarkRow

KIND = "benchmark"
Ended = Literal["finished", "stopped", "crashed"]
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
        return {"finished": "", "stopped": _("stopped early"), "crashed": _("ended by a crash")}[self.ended]


def _measured(track: LatencyTrack | None) -> Any:
    return track.measured.latencies.values if track is not None else []


def finished(job: Benchmark, result: Benchmarked, labels: dict[str, str]) -> BenchmarkRun:
    """Return the run of a job that came to its end."""
    return BenchmarkRun(job, result.results, labels, result.machine, result.notes)


def cut_short(
    job: Benchmark, tracks: Tracks, labels: dict[str, str], ended: Ended, *, machine: dict[str, str]
) -> BenchmarkRun:
    """Return the run of a job that was stopped or crashed: its figures come from the samples received until then."""
    rows = []
    for subject in job.subjects:
        track = tracks.get(subject.series())
        if track is None or len(track.measured.latencies) == 0:
            continue
        summary = latency.summarize(track.measured.latencies.values)
        rows.append(
            BenchmarkRow(
                model=subject.model,
                runtime=subject.runtime,
                device=subject.device,
                device_label="",
                batch=job.batch,
                threads=job.threads,
                warmup=len(track.warmup.latencies),
                throughput=latency.throughput(summary, job.batch),
                peak_rss_mb=track.peak_rss_mb,
                series=subject.series(),
                samples_path="",
                **msgspec.structs.asdict(summary),
            )
        )
    return BenchmarkRun(job, rows, labels, machine, ended=ended)


def store(project: Project, run: BenchmarkRun, tracks: Tracks) -> None:
    """Put the run and its samples into the project; raises WorkbenchError when it cannot be written."""
    models = {record.path: record.id for record in project.models()}
    ids = [models[row.model] for row in run.results if row.model in models]
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    target = save_tracks(project.folder / "runs" / f"{KIND}-{stamp}.npz", tracks)
    project.add_run(KIND, list(dict.fromkeys(ids)), msgspec.to_builtins(run), samples_path=str(target))


def load(result: dict[str, Any]) -> BenchmarkRun:
    """Return a stored run; raises msgspec.ValidationError when it was written by something else."""
    return msgspec.convert(result, BenchmarkRun)


def label_of(records: list[ModelRecord], model: str, runtime: str, device: str) -> str:
    """Return what a series is called: the model's name in the project, runtime and device."""
    name = next((record.name for record in records if record.path == model), Path(model).name)
    return f"{name} \u00b7 {runtime_label(runtime)} \u00b7 {device.upper()}"


def table_csv(run: BenchmarkRun, tracks: Tracks) -> str:
    """Return the table with full precision, one line for each series."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [field.name for field in msgspec.structs.fields(BenchmarkRow) if field.name != "samples_path"]
    writer.writerow([*names, "ended", "ratio_to_first", "ratio_low", "ratio_high", "verdict"])
    for row, difference in run.rows(tracks):
        relation = [difference.ratio, difference.low, difference.high, difference.verdict] if difference else [""] * 4
        writer.writerow([*(getattr(row, name) for name in names), run.ended, *relation])
    return text.getvalue()


def headline(run: BenchmarkRun) -> str:
    """Return what the list of earlier runs says of this one."""
    best = min(run.results, key=lambda row: row.p50_ms, default=None)
    names = ", ".join(dict.fromkeys(Path(row.model).name for row in run.results))
    if best is None:
        return names
    return f"{names} \u00b7 {units.milliseconds(best.p50_ms)}"


def describe(result: dict[str, Any]) -> str:
    """Return the headline of a stored run."""
    try:
        return headline(load(result))
    except msgspec.ValidationError:
        return ""
