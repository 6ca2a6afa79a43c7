"""A benchmark as the panel shows it: cut short, as a table, in one line."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import msgspec

from workbench.core import latency, units
from workbench.core.events import AnyEvent, Crashed, Failed
from workbench.jobs.benchmark import Benchmark, BenchmarkRow
from workbench.jobs.benchmark_run import KIND, BenchmarkRun, Ended, Tracks, finished, label_of, load, store

__all__ = [
    "KIND",
    "BenchmarkRun",
    "Ended",
    "Tracks",
    "broken_off",
    "cut_short",
    "describe",
    "finished",
    "headline",
    "label_of",
    "load",
    "store",
    "table_csv",
]


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
    busy = max((track.busy_share for track in tracks.values()), default=0.0)
    return BenchmarkRun(job, rows, labels, machine | {"busy_share": f"{busy:.2f}"}, ended=ended)


def broken_off(
    job: Benchmark, tracks: Tracks, labels: dict[str, str], event: AnyEvent, *, machine: dict[str, str]
) -> BenchmarkRun:
    """Return the run of a job that ended with this event instead of a result; an error's message is among the notes."""
    ended: Ended = "crashed" if isinstance(event, Crashed) else "failed" if isinstance(event, Failed) else "stopped"
    run = cut_short(job, tracks, labels, ended, machine=machine)
    run.notes = [event.message] if isinstance(event, Crashed | Failed) else []
    return run


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
    if run.status():
        names = f"{run.status()}: {names}"
    if best is None:
        return names
    return f"{names} \u00b7 {units.milliseconds(best.p50_ms)}"


def describe(result: dict[str, Any]) -> str:
    """Return the headline of a stored run."""
    try:
        return headline(load(result))
    except msgspec.ValidationError:
        return ""
