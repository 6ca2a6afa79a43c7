"""Commands that make a model: optimize, export, replay."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import click

from workbench.cli.console import ACT, Console, plain
from workbench.cli.options import PATH, PluginCommand, data_options, data_spec, given
from workbench.cli.recording import model_in
from workbench.core import units
from workbench.core.agreement import Agreement
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _
from workbench.core.params import Params
from workbench.core.plugins import Plugin, discover
from workbench.core.verdict import cause_of, judge
from workbench.exporters import Exporter
from workbench.jobs.transform import Export, Optimize, Transformed
from workbench.passes import Pass

P = TypeVar("P", bound=Plugin)


def find_pass(pass_id: str) -> Pass[Any]:
    """Return the pass; raises WorkbenchError that lists those that exist."""
    import workbench.passes

    found: dict[str, Pass[Any]] = discover(workbench.passes, Pass)
    return _find(found, pass_id, _("optimization"))


def find_exporter(exporter_id: str) -> Exporter[Any]:
    """Return the exporter; raises WorkbenchError that lists those that exist."""
    import workbench.exporters

    found: dict[str, Exporter[Any]] = discover(workbench.exporters, Exporter)
    return _find(found, exporter_id, _("export target"))


def _find(found: dict[str, P], wanted: str, kind: str) -> P:
    if wanted not in found:
        message = _("There is no {kind} called {name}.").format(kind=kind, name=wanted)
        raise WorkbenchError(message, _("Known: {names}.").format(names=", ".join(found)))
    return found[wanted]


class OptimizeCommand(PluginCommand):
    """Takes the chosen pass's settings as options."""

    selector = "--pass"

    @staticmethod
    def settings(plugin: str) -> type[Params]:
        """Return the pass's Params."""
        return find_pass(plugin).params


class ExportCommand(PluginCommand):
    """Takes the chosen exporter's settings as options."""

    selector = "--to"

    @staticmethod
    def settings(plugin: str) -> type[Params]:
        """Return the exporter's Params."""
        return find_exporter(plugin).params


@click.command(
    cls=OptimizeCommand, help=_("Make a smaller or faster copy of a model, and compare it with the original.")
)
@click.argument("model", type=PATH)
@click.option("--pass", "pass_id", required=True, help=_("Which optimization; 'workbench plugins' lists them."))
@click.option("--out", type=PATH, required=True, help=_("The new model; nothing is ever overwritten."))
@click.option("--project", type=PATH, help=_("Also record the step in this project folder."))
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON on stdout."))
@data_options()
@click.pass_context
def optimize(
    ctx: click.Context, /, model: Path, pass_id: str, out: Path, project: Path | None, *, as_json: bool, **values: Any
) -> None:
    """Make a smaller or faster copy of a model, and compare it with the original."""
    job = Optimize(
        source=str(model.absolute()),
        target=str(out.absolute()),
        pass_id=pass_id,
        params=given(find_pass(pass_id).params, values),
        data=data_spec(values),
    )
    _transform(ctx, Console(as_json=as_json), job, project)


@click.command(
    cls=ExportCommand, help=_("Write a model in a deployment format, and prove it equal in its own runtime.")
)
@click.argument("model", type=PATH)
@click.option("--to", "exporter_id", required=True, help=_("Which target; 'workbench plugins' lists them."))
@click.option("--out", type=PATH, required=True, help=_("The artifact; nothing is ever overwritten."))
@click.option("--project", type=PATH, help=_("Also record the step in this project folder."))
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON on stdout."))
@data_options()
@click.pass_context
def export(
    ctx: click.Context,
    /,
    model: Path,
    exporter_id: str,
    out: Path,
    project: Path | None,
    *,
    as_json: bool,
    **values: Any,
) -> None:
    """Write a model in a deployment format, and prove it equal in its own runtime."""
    job = Export(
        source=str(model.absolute()),
        target=str(out.absolute()),
        exporter_id=exporter_id,
        params=given(find_exporter(exporter_id).params, values),
        data=data_spec(values),
    )
    _transform(ctx, Console(as_json=as_json), job, project)


def _transform(ctx: click.Context, console: Console, job: Optimize | Export, project: Path | None) -> None:
    done: Transformed = console.run(job)
    if project is not None:
        record(project, job, done, console)
    console.result(plain(done), readable(done))
    if done.verified is None or not done.verified.passed:
        ctx.exit(ACT)


def record(folder: Path, job: Optimize | Export, done: Transformed, console: Console) -> None:
    """Write source, artifact and step into a project."""
    from workbench.core.project import Project

    project = Project.open(folder)
    try:
        parent = model_in(project, Path(job.source), console).id
        artifact = Path(done.artifact)
        project.add_model(artifact, name=artifact.name, format=done.format, parent=parent, step=plain(done))
    finally:
        project.close()


def readable(done: Transformed) -> str:
    """Return the text for a person: where it is, what it saved, how equal it is."""
    saved = done.bytes_after / done.bytes_before - 1 if done.bytes_before else 0.0
    lines = [
        _("Written: {path}").format(path=done.artifact),
        _("Size: {before} -> {after} ({change:+.0%})").format(
            before=units.size(done.bytes_before), after=units.size(done.bytes_after), change=saved
        ),
        verdict(done.verified),
        _("Took {seconds}").format(seconds=units.seconds(done.seconds)),
    ]
    return "\n".join([*lines, *(f"{_('Note')}: {note}" for note in done.notes)])


def verdict(agreement: Agreement | None) -> str:
    """Say how far an artifact is from its source, in the words that the window and the report use."""
    if agreement is None:
        return _("NOT VERIFIED: the comparison with the source could not run.")
    judged = judge(agreement)
    where = _("Compared in {runtime} on {n} samples of {data}.").format(
        runtime=agreement.runtime, n=agreement.samples, data=agreement.data
    )
    failed = _("DIFFERS: {headline}") if cause_of(agreement) in ("tolerance", "unrelated") else _("FAILED: {headline}")
    headline = judged.headline if agreement.passed else failed.format(headline=judged.headline)
    return "\n  ".join([headline, *judged.sentences, where])
