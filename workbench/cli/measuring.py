"""Commands that run a model: run, bench, compare, evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec

from workbench.cli.console import ACT, Console, plain, table
from workbench.cli.making import verdict
from workbench.cli.options import PATH, data_options, data_spec
from workbench.cli.recording import recording
from workbench.core import units
from workbench.core.i18n import _
from workbench.jobs.benchmark import Benchmark, Benchmarked, BenchmarkRow, Subject
from workbench.jobs.compare import Compare
from workbench.jobs.evaluate import Evaluate
from workbench.jobs.infer import Infer, Inferred

DEVICES = click.Choice(["cpu", "gpu"])
RECORD = click.option("--project", type=PATH, help=_("Also record the run in this project folder."))


class Tolerance(click.ParamType[float | None]):
    """A number, or "none": then only shapes and finite numbers decide."""

    name = "number|none"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """Return the number, or None; fails as click's own types do."""
        if value is None or str(value).lower() == "none":
            return None
        found: float | None = click.FLOAT.convert(value, param, ctx)
        return found


@click.command(help=_("Run a model on your input and write what comes out."))
@click.argument("model", type=PATH)
@click.option("--out", type=PATH, help=_("Write the outputs to this .npz; by default <model>-outputs.npz here."))
@click.option("--runtime", default="", help=_("Runtime; by default the first one here that opens the format."))
@click.option("--device", type=DEVICES, default="cpu", show_default=True, help=_("Never falls back silently."))
@click.option("--threads", type=click.IntRange(min=1), default=None, help=_("Threads; by default the runtime decides."))
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON on stdout."))
@data_options("--input", "--data")
def run(
    model: Path, out: Path | None, runtime: str, device: str, threads: int | None, *, as_json: bool, **values: Any
) -> None:
    """Run a model on your input and write what comes out."""
    console = Console(as_json=as_json)
    job = Infer(
        model=str(model.absolute()),
        runtime=runtime,
        device=device,
        threads=threads,
        data=data_spec(values),
        out=str((out or free_file(f"{model.stem}-outputs.npz")).absolute()),
    )
    done: Inferred = console.run(job)
    console.result({**plain(done), "out": done.outputs_path}, _outputs(done))


def free_file(name: str) -> Path:
    """Return ``name`` in the current folder, or the first of name-2, name-3 ... that does not exist."""
    wanted = Path(name)
    path, number = wanted, 2
    while path.exists():
        path, number = wanted.with_stem(f"{wanted.stem}-{number}"), number + 1
    return path


def _outputs(done: Inferred) -> str:
    lines = [
        _("{n} samples in {runtime} on {device}, {seconds}: {path}").format(
            n=done.samples,
            runtime=done.runtime,
            device=done.device_label or done.device,
            seconds=units.seconds(done.seconds),
            path=done.outputs_path,
        )
    ]
    for output in done.outputs:
        span = _("from {low} to {high}, mean {mean}").format(
            low=units.number(output.minimum), high=units.number(output.maximum), mean=units.number(output.mean)
        )
        lines.append(f"{output.name}  {output.dtype} {output.shape}  {span}")
    for index, classes in enumerate(done.top[:10]):
        best = ", ".join(f"{item.label or item.index} {item.score:.3g}" for item in classes)
        lines.append(_("Sample {n}: {classes}").format(n=index, classes=best or _("not a number (NaN)")))
    return "\n".join(lines)


@click.command(help=_("Measure latency, throughput and memory of one or more models, one after the other."))
@click.argument("models", nargs=-1, required=True, type=PATH)
@click.option("--runtime", default="", help=_("Runtime; by default the first one here that opens each format."))
@click.option("--device", type=DEVICES, default="cpu", show_default=True, help=_("Never falls back silently."))
@click.option("--runs", type=click.IntRange(min=1), default=100, show_default=True, help=_("Measured calls."))
@click.option("--seconds", type=click.FloatRange(min=0.1), default=None, help=_("Measure so long instead of --runs."))
@click.option("--warmup", type=click.IntRange(min=0), default=10, show_default=True, help=_("Calls before measuring."))
@click.option("--batch", type=click.IntRange(min=1), default=1, show_default=True, help=_("Samples per call."))
@click.option("--threads", type=click.IntRange(min=1), default=None, help=_("Threads; by default the runtime decides."))
@RECORD
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON on stdout."))
@data_options()
@click.pass_context
def bench(
    ctx: click.Context,
    /,
    models: tuple[Path, ...],
    runtime: str,
    device: str,
    project: Path | None,
    *,
    as_json: bool,
    **values: Any,
) -> None:
    """Measure latency, throughput and memory of one or more models, one after the other."""
    console = Console(as_json=as_json)
    job = Benchmark(
        subjects=[Subject(model=str(model.absolute()), runtime=runtime, device=device) for model in models],
        runs=values["runs"],
        seconds=values["seconds"],
        warmup=values["warmup"],
        batch=values["batch"],
        threads=values["threads"],
        data=data_spec(values),
    )
    with recording(project, console) as record:
        done = record.benchmark(job)
    measured = [msgspec.structs.replace(row, samples_path="") for row in done.results]  # their folder ends with us
    console.result(plain(msgspec.structs.replace(done, results=measured)), readable(done))
    if len(done.results) < len(models):
        ctx.exit(ACT)


def readable(done: Benchmarked) -> str:
    """Return the table of figures for a person."""
    return "\n".join([table([_row(row) for row in done.results]), *(f"{_('Note')}: {note}" for note in done.notes)])


def _row(row: BenchmarkRow) -> dict[str, str]:
    return {
        _("Model"): Path(row.model).name,
        _("Runtime"): row.runtime,
        _("Device"): row.device_label or row.device,
        "p50": units.milliseconds(row.p50_ms),
        "p90": units.milliseconds(row.p90_ms),
        "p99": units.milliseconds(row.p99_ms),
        _("Mean"): units.milliseconds(row.mean_ms),
        _("Throughput"): units.rate(row.throughput),
        _("Peak memory"): units.megabytes(row.peak_rss_mb),
        _("Runs"): str(row.runs),
    }


@click.command(
    help=_("Run two models on the same inputs and say how far apart they are (exit 1 when beyond the tolerance).")
)
@click.argument("a", type=PATH)
@click.argument("b", type=PATH)
@click.option("--runtime-a", default="", help=_("Runtime of the first model."))
@click.option("--runtime-b", default="", help=_("Runtime of the second model."))
@click.option(
    "--tolerance",
    type=Tolerance(),
    default="0.0001",
    show_default=True,
    help=_("Largest max relative error to pass; 'none' when a difference is intended."),
)
@RECORD
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON on stdout."))
@data_options()
@click.pass_context
def compare(ctx: click.Context, /, a: Path, b: Path, project: Path | None, *, as_json: bool, **values: Any) -> None:
    """Run two models on the same inputs and say how far apart they are (exit 1 when beyond the tolerance)."""
    console = Console(as_json=as_json)
    job = Compare(
        a=str(a.absolute()),
        b=str(b.absolute()),
        runtime_a=values["runtime_a"],
        runtime_b=values["runtime_b"],
        tolerance=values["tolerance"],
        data=data_spec(values),
    )
    with recording(project, console) as record:
        done = record.comparison(job)
    console.result(plain(done), verdict(done))
    if not done.passed:
        ctx.exit(ACT)


@click.command(help=_("Measure a classifier's accuracy on labelled data."))
@click.argument("model", type=PATH)
@click.option("--runtime", default="", help=_("Runtime; by default the first one here that opens the format."))
@click.option("--device", type=DEVICES, default="cpu", show_default=True, help=_("Never falls back silently."))
@RECORD
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON on stdout."))
@data_options()
def evaluate(model: Path, runtime: str, device: str, project: Path | None, *, as_json: bool, **values: Any) -> None:
    """Measure a classifier's accuracy on labelled data."""
    console = Console(as_json=as_json)
    job = Evaluate(model=str(model.absolute()), runtime=runtime, device=device, data=data_spec(values))
    with recording(project, console) as record:
        done = record.evaluation(job)
    text = _("top-1 {top1} on {n} samples ({runtime}, {device})").format(
        top1=units.percent(done.top1), n=done.samples, runtime=done.runtime, device=done.device
    )
    console.result(plain(done), text)
