"""What the report says of a project: models, steps and runs as texts and charts, each figure with its run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from workbench.core import units
from workbench.core.agreement import Agreement
from workbench.core.captions import caption
from workbench.core.difference import compare_latencies, was_busy
from workbench.core.i18n import N_, _
from workbench.core.lineage import ModelRecord, children
from workbench.core.project import Project, RunRecord
from workbench.core.report_charts import Bar, bar_chart, confusion_chart, latency_chart
from workbench.core.shapes import shape_text
from workbench.core.size_change import share_of_first, size_change
from workbench.core.stored_runs import (
    BenchmarkedSeries,
    StoredAccuracy,
    StoredBenchmark,
    accuracies_of,
    benchmark_of,
    comparison_of,
    tracks_of,
)
from workbench.core.verdict import Verdict, accuracy_interval, cause_of, judge

Pairs = list[tuple[str, str]]

ENDINGS = {
    "stopped": N_("Stopped early by the person."),
    "failed": N_("Ended by an error: the figures are of the runs until then."),
    "crashed": N_("Ended by a crash: the figures are of the runs until then."),
}
"""How a benchmark ended when it did not end as asked."""


class Figure(msgspec.Struct, frozen=True):
    """A figure and the run that it comes from (0: from the model itself)."""

    text: str
    run: int = 0
    note: str = ""


class StepEntry(msgspec.Struct):
    """How a model was made from its parent."""

    plugin: str
    parent: str
    params: Pairs
    sizes: str
    seconds: str
    data: str
    data_sha256: str
    source_sha256: str
    artifact_sha256: str
    tools: Pairs
    figures: Pairs
    tables: dict[str, Pairs]
    notes: list[str]
    verdict: Verdict | None
    judged: str
    """"passed" (within a tolerance), "failed", or "" when a difference is intended and it passed."""
    failure: str
    """What a badge says of a failed step, else ""."""
    verified_in: str


class ModelEntry(msgspec.Struct):
    """One model of the project."""

    id: int
    name: str
    path: str
    format: str
    sha256: str
    created: str
    depth: int
    size: str
    share: str
    latency: Figure | None
    accuracy: Figure | None
    step: StepEntry | None


class RunEntry(msgspec.Struct):
    """One run: benchmark, evaluation or comparison."""

    id: int
    kind: str
    created: str
    heading: str
    legend: list[str] = []
    charts: list[str] = []
    """SVG."""
    captions: list[str] = []
    columns: list[str] = []
    rows: list[list[str]] = []
    facts: Pairs = []
    notes: list[str] = []
    verdict: Verdict | None = None


def model_entries(project: Project) -> list[ModelEntry]:
    """Return the models, children below their parents."""
    records = project.models()
    latencies, accuracies = _latest_latencies(project), _latest_accuracies(project)
    known = {record.id for record in records}
    roots = [record for record in records if record.parent is None or record.parent not in known]
    ordered: list[tuple[ModelRecord, int]] = []

    def walk(record: ModelRecord, depth: int) -> None:
        ordered.append((record, depth))
        for child in children(records, record.id):
            walk(child, depth + 1)

    for root in roots:
        walk(root, 0)
    return [
        _model_entry(project, record, depth, latencies.get(record.id), accuracies.get(record.id))
        for record, depth in ordered
    ]


def _model_entry(
    project: Project, record: ModelRecord, depth: int, latency: Figure | None, accuracy: Figure | None
) -> ModelEntry:
    return ModelEntry(
        id=record.id,
        name=record.name,
        path=record.path,
        format=record.format or (_("for deployment") if record.step else ""),
        sha256=record.sha256,
        created=when(record.created),
        depth=depth,
        size=units.size(record.bytes),
        share=share_of_first(project.lineage(record.id)),
        latency=latency,
        accuracy=accuracy,
        step=_step_entry(project, record) if record.step else None,
    )


def _step_entry(project: Project, record: ModelRecord) -> StepEntry:
    step: dict[str, Any] = record.step or {}
    agreement = msgspec.convert(step["verified"], Agreement, strict=False) if step.get("verified") else None
    data = step.get("data") or {}
    judged = ""
    if agreement is not None and not (agreement.passed and agreement.tolerance is None):
        judged = "passed" if agreement.passed else "failed"
    return StepEntry(
        plugin=step.get("plugin", ""),
        parent=project.model(record.parent).name if record.parent is not None else "",
        params=_captioned(step.get("params") or {}),
        sizes=f"{size_change(step).text()} \u00b7 {size_change(step).explanation()}".lstrip(" \u00b7"),
        seconds=units.seconds(step.get("seconds")),
        data=_data(data.get("path", "")) if data else "",
        data_sha256=step.get("data_sha256", ""),
        source_sha256=step.get("source_sha256", ""),
        artifact_sha256=step.get("artifact_sha256", ""),
        tools=_pairs(step.get("tools") or {}),
        figures=[(caption(name), _figure(value)) for name, value in (step.get("figures") or {}).items()],
        tables={
            caption(name): [(key, _figure(value)) for key, value in table.items()]
            for name, table in (step.get("tables") or {}).items()
        },
        notes=step.get("notes") or [],
        verdict=judge(agreement) if agreement is not None else None,
        judged=judged,
        failure=_failure(agreement) if judged == "failed" and agreement is not None else "",
        verified_in=f"{agreement.runtime}, {_data(agreement.data)}" if agreement is not None else "",
    )


def _failure(agreement: Agreement) -> str:
    named = {
        "not-run": _("does not run"),
        "shape": _("other shapes"),
        "tolerance": _("beyond its tolerance"),
        "unrelated": _("unrelated outputs"),
    }
    return named.get(cause_of(agreement) or "", _("not finite"))


def run_entries(project: Project, *, charts: bool = True) -> list[RunEntry]:
    """Return the runs, oldest first; one that cannot be read says so instead of vanishing.

    Without ``charts`` no samples are read, and nothing is drawn or set against the first: fit for the GUI thread.
    """
    names = {record.id: record.name for record in project.models()}
    paths = {record.path: record.name for record in project.models()}
    found = []
    for run in project.runs():
        try:
            if run.kind == "benchmark":
                found.append(_benchmark_entry(run, benchmark_of(run), paths, charts=charts))
            elif run.kind == "evaluate":
                found.append(_evaluation_entry(run, accuracies_of(run), paths, charts=charts))
            elif run.kind == "compare":
                found.append(_comparison_entry(run, [names.get(model, "") for model in run.models]))
        except msgspec.ValidationError as error:
            note = _("This run was stored by another version and cannot be shown: {reason}").format(reason=error)
            found.append(RunEntry(run.id, run.kind, when(run.created), _("Run that cannot be read"), notes=[note]))
    return found


def _benchmark_entry(run: RunRecord, benchmark: StoredBenchmark, paths: Mapping[str, str], *, charts: bool) -> RunEntry:
    tracks = tracks_of(run, benchmark) if charts else {}
    rows = benchmark.results
    labels = [benchmark.labels.get(row.key()) or _series_label(row, paths) for row in rows]
    ordered = {row.key(): tracks[row.key()] for row in rows if row.key() in tracks}
    chart = latency_chart(ordered, _("Latency by run")) if len(ordered) == len(rows) else ""
    captions = [_("Milliseconds by run: each call (dots), median of the last 100 calls (line), their p99 (dotted).")]
    if not chart and charts:
        named = enumerate(zip(labels, rows, strict=True))
        bars = [Bar(label, row.p50_ms, units.milliseconds(row.p50_ms), number) for number, (label, row) in named]
        chart, captions = bar_chart(bars, _("Median latency")), [_("Median latency.")]
    first = rows[0] if rows else None
    facts = _settings(first) if first else []
    ended = ENDINGS.get(benchmark.ended, "")
    base = ordered.get(rows[0].key()) if rows else None
    busy = was_busy(benchmark.machine)
    return RunEntry(
        id=run.id,
        kind=run.kind,
        created=when(run.created),
        heading=_("Benchmark"),
        legend=labels,
        charts=[chart] if chart else [],
        captions=captions if chart else [],
        columns=[_("Model"), _("p50 ms"), _("p90 ms"), _("p99 ms"), _("Mean ms"), _("Samples/s"), _("Peak memory"),
                 _("Runs"), _("Against the first")],
        rows=[[label, *_latency_cells(row), _relation(row, base, ordered, first=index == 0, busy=busy)]
              for index, (label, row) in enumerate(zip(labels, rows, strict=True))],
        facts=[*facts, *_captioned(benchmark.machine)],
        notes=[*([_(ended)] if ended else []), *benchmark.notes],
    )  # fmt: skip


def _latency_cells(row: BenchmarkedSeries) -> list[str]:
    figures = (row.p50_ms, row.p90_ms, row.p99_ms, row.mean_ms, row.throughput)
    return [*(units.number(figure) for figure in figures), units.megabytes(row.peak_rss_mb), units.count(row.runs)]


def _relation(row: BenchmarkedSeries, base: Any, tracks: Mapping[str, Any], *, first: bool, busy: bool) -> str:
    if first:
        return _("baseline")
    other = tracks.get(row.key())
    if base is None or other is None:
        return units.UNKNOWN
    return compare_latencies(base.measured.latencies.values, other.measured.latencies.values, busy=busy).text()


def _settings(row: BenchmarkedSeries) -> Pairs:
    threads = units.count(row.threads) if row.threads else _("automatic")
    pairs = [(_("batch"), units.count(row.batch)), (_("threads"), threads), (_("warm-up"), units.count(row.warmup))]
    return [*pairs, (_("device"), row.device_label or row.device.upper())]


def _series_label(row: BenchmarkedSeries, paths: Mapping[str, str]) -> str:
    name = paths.get(row.model) or Path(row.model).name
    return " \u00b7 ".join(part for part in (name, row.runtime, row.device.upper()) if part)


def _evaluation_entry(
    run: RunRecord, rows: Sequence[StoredAccuracy], paths: Mapping[str, str], *, charts: bool
) -> RunEntry:
    labels = [f"{paths.get(row.model) or Path(row.model).name} \u00b7 {row.runtime}" for row in rows]
    drawn, captions = [], []
    for label, row in zip(labels, rows, strict=True) if charts else ():
        chart = confusion_chart(row.confusion, row.class_names, _("Confusion matrix of {name}").format(name=label))
        if chart:
            drawn.append(chart)
            captions.append(label)
    table = []
    for label, row in zip(labels, rows, strict=True):
        low, high = accuracy_interval(row.top1, row.samples)
        interval = f"{units.percent(low, 1)} \u2013 {units.percent(high, 1)}"
        against = _("baseline") if row is rows[0] else _("{points} points").format(
            points=f"{(row.top1 - rows[0].top1) * 100:+.2f}"
        )  # fmt: skip
        top5 = units.percent(row.top5)
        table.append([label, units.percent(row.top1), interval, top5, units.count(row.samples), against])
    facts = [(_("data"), _data(rows[0].data)), (_("data SHA-256"), rows[0].data_sha256)] if rows else []
    return RunEntry(
        run.id,
        run.kind,
        when(run.created),
        _("Evaluation"),
        charts=drawn,
        captions=captions,
        columns=[_("Model"), _("Top-1"), _("95 % interval"), _("Top-5"), _("Samples"), _("Against the first")],
        rows=table,
        facts=facts,
    )


def _comparison_entry(run: RunRecord, names: Sequence[str]) -> RunEntry:
    found = comparison_of(run, names)
    agreement = found.agreement
    return RunEntry(
        run.id,
        run.kind,
        when(run.created),
        _("Comparison of {b} with {a}").format(a=found.a, b=found.b),
        columns=[_("Output"), _("Shape"), _("Largest difference"), _("Relative"), _("Cosine")],
        rows=[
            [
                output.name,
                shape_text(output.shape),
                units.error(output.max_abs_error),
                units.error(output.max_rel_error),
                units.cosine(output.cosine),
            ]
            for output in agreement.outputs
        ],
        facts=[(_("samples"), units.count(agreement.samples)), (_("data"), _data(agreement.data))],
        verdict=judge(agreement),
    )


def _models_of(run: RunRecord, records: Sequence[ModelRecord]) -> dict[str, int]:
    """Return ids by path of the models that were measured in this run: another one may lie at that path by now."""
    return {record.path: record.id for record in records if record.id in run.models}


def _latest_latencies(project: Project) -> dict[int, Figure]:
    """Return each model's fastest median in the newest whole run that has it, by id, with runtime and batch."""
    records = project.models()
    found: dict[int, Figure] = {}
    for run, stored in sorted(_benchmarks(project), key=lambda pair: pair[1].ended == "finished"):  # whole ones win
        known = _models_of(run, records)
        for row in sorted(stored.results, key=lambda row: -row.p50_ms):
            if row.model in known:
                early = "" if stored.ended == "finished" else _("not a whole run: {n} calls").format(n=row.runs)
                where = (row.runtime, row.device.upper(), _("batch {n}").format(n=row.batch), early)
                note = " \u00b7 ".join(part for part in where if part)
                found[known[row.model]] = Figure(units.milliseconds(row.p50_ms), run.id, note)
    return found


def _benchmarks(project: Project) -> Iterator[tuple[RunRecord, StoredBenchmark]]:
    for run in project.runs("benchmark"):
        with suppress(msgspec.ValidationError):
            yield run, benchmark_of(run)


def _latest_accuracies(project: Project) -> dict[int, Figure]:
    records = project.models()
    found: dict[int, Figure] = {}
    for run in project.runs("evaluate"):
        try:
            rows = accuracies_of(run)
        except msgspec.ValidationError:
            continue
        known = _models_of(run, records)
        for row in (row for row in rows if row.model in known):
            found[known[row.model]] = Figure(units.percent(row.top1), run.id, _data(row.data))
    return found


def when(created: str) -> str:
    """Return an ISO time as "2026-11-21 23:07 UTC"."""
    return f"{created[:16].replace('T', ' ')} UTC" if created else ""


def _data(path: str) -> str:
    return _("random input") if path == "random" else (Path(path).name or path)


def _figure(value: float) -> str:
    return units.count(int(value)) if float(value).is_integer() else units.number(value)


def _pairs(values: Mapping[str, Any]) -> Pairs:
    return [(str(name), _plain(value)) for name, value in values.items()]


def _captioned(values: Mapping[str, Any]) -> Pairs:
    return [(caption(name), text) for name, text in _pairs(values)]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None:
        return _("automatic")
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(_plain(item) for item in value) or _("none")
    return str(value) if value != "" else _("none")
