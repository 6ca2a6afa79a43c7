"""Commands that run a model: run, bench, compare, evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from workbench.cli.console import ACT, Console, plain, table
from workbench.cli.making import verdict
from workbench.cli.options import data_options, data_spec
from workbench.core import units
from workbench.core.agreement import Agreement
from workbench.core.i18n import _
from workbench.jobs.benchmark import Benchmark, Benchmarked, BenchmarkRow, Subject
from workbench.jobs.compare import Compare
from workbench.jobs.evaluate import Evaluate, Evaluated
from workbench.jobs.infer import Infer, Inferred

MODEL = click.Path(path_type=Path)
DEVICES = click.Choice(["cpu", "gpu"])


@click.command(help=_("Run a model on your input and write what comes out."))
@click.argument("model", type=MODEL)
@click.option("--out", type=MODEL, required=True, help=_("Write the outputs to this .npz."))
@click.option("--runtime", default="", help=_("Runtime; by default the first one here that opens the format."))
@click.option("--device", type=DEVICES, default="cpu", show_default=True, help=_("Never falls back silently."))
@click.option("--threads", type=click.IntRange(min=1), default=None, help=_("Threads; by default the runtime decides."))
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON on stdout."))
@data_options("--input", "--data")
def run(
    model: Path, out: Path, runtime: str, device: str, threads: int | None, *, as_json: bool, **values: Any
) -> None:
    """Run a model on your input and write what comes out."""
    console = Console(as_json=as_json)
    job = Infer(
        model=str(model.absolute()),
        runtime=runtime,
        device=device,
        threads=threads,
        data=data_spec(values),
        out=str(out.absolute()),
    )
    done: Inferred = console.run(job)
    console.result({**plain(done), "out": done.outputs_path}, _outputs(done))


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
@click.argument("models", nargs=-1, required=True, type=MODEL)
@click.option("--runtime", default="", help=_("Runtime; by default the first one here that opens each format."))
@click.option("--device", type=DEVICES, default="cpu", show_default=True, help=_("Never falls back silently."))
@click.option("--runs", type=click.IntRange(min=1), default=100, show_default=True, help=_("Measured calls."))
@click.option("--seconds", type=click.FloatRange(min=0.1), default=None, help=_("Measure so long instead of --runs."))
@click.option("--warmup", type=click.IntRange(min=0), default=10, show_default=True, help=_("Calls before measuring."))
@click.option("--batch", type=click.IntRange(min=1), default=1, show_default=True, help=_("Samples per call."))
@click.option("--threads", type=click.IntRange(min=1), default=None, help=_("Threads; by default the runtime decides."))
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON on stdout."))
@data_options()
def bench(models: tuple[Path, ...], runtime: str, device: str, *, as_json: bool, **values: Any) -> None:
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
    done: Benchmarked = console.run(job)
    console.result(plain(done), readable(done))


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
@click.argument("a", type=MODEL)
@click.argument("b", type=MODEL)
@click.option("--runtime-a", default="", help=_("Runtime of the first model."))
@click.option("--runtime-b", default="", help=_("Runtime of the second model."))
@click.option("--tolerance", type=float, default=1e-4, show_default=True, help=_("Largest max relative error to pass."))
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON on stdout."))
@data_options()
@click.pass_context
def compare(ctx: click.Context, /, a: Path, b: Path, *, as_json: bool, **values: Any) -> None:
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
    done: Agreement = console.run(job)
    console.result(plain(done), verdict(done))
    if not done.passed:
        ctx.exit(ACT)


@click.command(help=_("Measure a classifier's accuracy on labelled data."))
@click.argument("model", type=MODEL)
@click.option("--runtime", default="", help=_("Runtime; by default the first one here that opens the format."))
@click.option("--device", type=DEVICES, default="cpu", show_default=True, help=_("Never falls back silently."))
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON on stdout."))
@data_options()
def evaluate(model: Path, runtime: str, device: str, *, as_json: bool, **values: Any) -> None:
    """Measure a classifier's accuracy on labelled data."""
    console = Console(as_json=as_json)
    job = Evaluate(model=str(model.absolute()), runtime=runtime, device=device, data=data_spec(values))
    done: Evaluated = console.run(job)
    text = _("top-1 {top1} on {n} samples ({runtime}, {device})").format(
        top1=units.percent(done.top1), n=done.samples, runtime=done.runtime, device=done.device
    )
    console.result(plain(done), text)
