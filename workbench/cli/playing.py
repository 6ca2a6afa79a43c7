"""Commands that play many steps: open (the window), replay, demo."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from workbench.cli.console import ACT, Console, plain
from workbench.cli.options import PATH
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import N_, _
from workbench.core.project import DATABASE, Project
from workbench.core.recipes import load_recipe, recipe_of, save_recipe

SAMENESS = {
    "identical": N_("same bytes "),
    "equal": N_("same figures"),
    "different": N_("DIFFERENT  "),
    "unknown": N_("new        "),
}


@click.command(name="open", help=_("Open the window."))
@click.argument("model", type=PATH, required=False)
@click.option("--project", type=PATH, help=_("Project folder; by default the last one."))
@click.pass_context
def open_window(ctx: click.Context, /, model: Path | None, project: Path | None) -> None:
    """Open the window."""
    if not has_display():
        raise WorkbenchError(
            _("There is no display here, so no window can open."),
            _("Use the other commands ('workbench --help'); 'workbench demo' shows the whole job without a window."),
        )
    from workbench.gui import app

    ctx.exit(app.run(model, project))


def has_display() -> bool:
    """Whether a window can open: always on Windows and macOS; on Linux with X11, Wayland or a chosen Qt platform."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in names)


@click.command(help=_("Run the steps of a saved recipe again and compare the results with those it recorded."))
@click.argument("recipe", type=PATH)
@click.option("--out", type=PATH, default=Path("replayed"), show_default=True, help=_("Folder for the new models."))
@click.option("--source", type=PATH, help=_("Apply the recipe to this model instead of the one it names."))
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON on stdout."))
@click.pass_context
def replay(ctx: click.Context, /, recipe: Path, out: Path, source: Path | None, *, as_json: bool) -> None:
    """Run the steps of a saved recipe again and compare the results with those it recorded."""
    from workbench.jobs.replay import replay as play

    console = Console(as_json=as_json)
    done = play(load_recipe(recipe), out, console.run, source=source)
    lines = [
        f"{_(SAMENESS[step.same])}  {step.artifact}" + "".join(f"\n    {why}" for why in step.why)
        for step in done.steps
    ]
    console.result(plain(done), "\n".join(lines))
    if done.same == "different":
        ctx.exit(ACT)


@click.command(help=_("Save the steps that made a model of a project as a recipe (.yaml or .json)."))
@click.argument("model", type=PATH)
@click.option("--project", type=PATH, required=True, help=_("The project folder that recorded the steps."))
@click.option("--out", type=PATH, required=True, help=_("The recipe: .yaml or .json."))
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON on stdout."))
def recipe(model: Path, project: Path, out: Path, *, as_json: bool) -> None:
    """Save a recipe."""
    console = Console(as_json=as_json)
    if not (project / DATABASE).exists():
        raise WorkbenchError(_("{path} is not a project folder.").format(path=project), _("Give the one used before."))
    opened = Project.open(project)
    try:
        found = [record for record in opened.models() if Path(record.path) == model.absolute()]
        if not found:
            known = ", ".join(record.path for record in opened.models()) or _("none")
            raise WorkbenchError(
                _("The project does not know {path}.").format(path=model), _("Its models: {names}.").format(names=known)
            )
        steps = recipe_of(opened, found[0].id)
    finally:
        opened.close()
    save_recipe(steps, out)
    console.result({"recipe": str(out), "steps": len(steps.steps)}, _("Written: {path}").format(path=out))


@click.command(help=_("Do the whole job on a bundled sample: look, optimize, evaluate, measure, export, report."))
@click.option("--out", type=PATH, default=Path("demo-report"), show_default=True, help=_("Folder for all results."))
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON on stdout."))
def demo(out: Path, *, as_json: bool) -> None:
    """Do the whole job on a bundled sample: look, optimize, evaluate, measure, export, report."""
    from workbench.cli.tour import Tour

    console = Console(as_json=as_json)
    tour = Tour(out.absolute(), console)
    document = tour.run()
    console.result(document, _("Report: {path}").format(path=document["report"]))
