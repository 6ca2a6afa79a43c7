"""Steps: run Optimize and Export for a model of the project, take the result in, repeat it as command or recipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import workbench.exporters
import workbench.formats
import workbench.passes
from workbench.core import recipes, units, wire
from workbench.core.datasets import RANDOM
from workbench.core.events import AnyEvent
from workbench.core.graph import Graph
from workbench.core.i18n import _
from workbench.core.plugins import discover, missing
from workbench.core.project import ModelRecord
from workbench.exporters import Exporter
from workbench.formats import Format
from workbench.gui.state import State
from workbench.jobs.command_line import as_command
from workbench.jobs.runner import Ticket
from workbench.jobs.transform import Export, Optimize, Transformed
from workbench.passes import Pass

Step = Optimize | Export


def start(
    state: State,
    job: Step,
    parent: ModelRecord,
    *,
    then: Callable[[Transformed, ModelRecord], None],
    failed: Callable[[AnyEvent], None],
    quiet: bool = True,
) -> Ticket:
    """Run ``job``; its result joins the project, readable model or not, before ``then`` is called."""

    def finished(result: Transformed) -> None:
        if job.data.path != RANDOM:
            state.project.add_dataset(job.data, result.data_sha256)
        then(result, state.adopt(result, parent))

    return state.jobs.submit(job, then=finished, failed=failed, quiet=quiet)


def obstacle(plugin: Pass | Exporter, graph: Graph | None, format_id: str) -> str:  # type: ignore[type-arg]
    """Say (translated) why ``plugin`` cannot be used on this model now, or "" when it can."""
    absent = missing(plugin)
    if absent:
        return _("Needs {packages}, which is not installed.").format(packages=", ".join(absent))
    if format_id and format_id not in plugin.accepts:
        return _("Not for {this} models. It takes {those}.").format(
            this=format_label(format_id), those=", ".join(format_label(known) for known in plugin.accepts)
        )
    reason = (plugin.requires(graph) or "") if graph is not None else ""
    return _sentence(reason)


def format_label(format_id: str) -> str:
    """Return the translated name of a format."""
    known = discover(workbench.formats, Format).get(format_id)
    return _(known.label) if known is not None else format_id


def suffix_of(format_id: str) -> str:
    """Return the usual ending of a format's files, "" for a folder."""
    known = discover(workbench.formats, Format).get(format_id)
    return "" if known is None or known.is_folder or not known.suffixes else known.suffixes[0]


def job_of(record: ModelRecord, source: str) -> Step:
    """Return the job that made ``record`` from ``source``, writing to a file of the same name in the current folder."""
    made = wire.decode(wire.encode(record.step), Transformed)
    target, data = Path(record.path).name, made.data
    given = {"data": data} if data is not None else {}
    if made.plugin in discover(workbench.passes, Pass):
        return Optimize(source=source, target=target, pass_id=made.plugin, params=made.params, **given)
    return Export(source=source, target=target, exporter_id=made.plugin, params=made.params, **given)


def command_of_step(state: State, record: ModelRecord) -> str:
    """Return the command that repeats the step which made ``record``."""
    if record.parent is None:
        return ""
    return as_command(job_of(record, state.project.model(record.parent).path))


def save_recipe(state: State, record: ModelRecord, path: Path) -> None:
    """Save all steps that lead to ``record``; raises WorkbenchError when the file exists or cannot be written."""
    named = path if path.suffix else path.with_suffix(".yaml")
    recipes.save_recipe(recipes.recipe_of(state.project, record.id), named)


def size_line(result: Transformed) -> str:
    """Return "14.0 MB -> 3.8 MB"."""
    return f"{units.size(result.bytes_before)} \u2192 {units.size(result.bytes_after)}"


def _sentence(reason: str) -> str:
    """Return a reason, written to stand after a colon, as a sentence of its own."""
    if not reason:
        return ""
    return reason[0].upper() + reason[1:] + ("" if reason.endswith((".", "!", "?")) else ".")
