"""Commands that look: inspect, graph, plugins."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from workbench.cli.console import Console, plain, table
from workbench.cli.options import PATH
from workbench.core import units
from workbench.core.graph import Graph, Port
from workbench.core.i18n import _
from workbench.core.plugins import Plugin, discover, install_command, missing
from workbench.core.shapes import bracketed


@click.command(help=_("Say what a model file is: format, size, inputs, outputs, operations."))
@click.argument("model", type=PATH)
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON on stdout."))
def inspect(model: Path, *, as_json: bool) -> None:
    """Say what a model file is: format, size, inputs, outputs, operations."""
    from workbench.jobs.read import ReadModel

    console = Console(as_json=as_json)
    graph: Graph = console.run(ReadModel(path=str(model.absolute())))
    console.result(summary(graph), readable(graph))


def summary(graph: Graph) -> dict[str, Any]:
    """Return the JSON of ``inspect``."""
    return {
        "format": graph.format,
        "producer": graph.producer,
        "nodes": graph.node_count(),
        "parameters": graph.parameter_count(),
        "bytes": graph.bytes,
        "inputs": plain(graph.inputs),
        "outputs": plain(graph.outputs),
        "ops": graph.op_counts(),
        "signatures": plain(graph.signatures),
        "functions": len(graph.functions),
        "metadata": graph.metadata,
        "notes": graph.notes,
    }


def readable(graph: Graph) -> str:
    """Return ``inspect``'s text for a person."""
    facts = [
        (_("Format"), graph.format + (f" ({graph.producer})" if graph.producer else "")),
        (_("Size"), units.size(graph.bytes)),
        (_("Parameters"), units.count(graph.parameter_count())),
        (_("Nodes"), units.count(graph.node_count())),
    ]
    facts += [(_("Input"), _described(port)) for port in graph.inputs]
    facts += [(_("Output"), _described(port)) for port in graph.outputs]
    ops = [f"{op} x {count}" for op, count in list(graph.op_counts().items())[:12]]
    facts.append((_("Operations"), ", ".join(ops)))
    width = max(len(name) for name, _text in facts)
    lines = [f"{name:<{width}}  {text}" for name, text in facts]
    return "\n".join([*lines, *(f"{_('Note')}: {note}" for note in graph.notes)])


def _described(port: Port) -> str:
    return f"{port.name}  {port.dtype} {bracketed(port.shape)}"


@click.command(help=_("Draw a model as a picture."))
@click.argument("model", type=PATH)
@click.option("--out", type=PATH, required=True, help=_("Picture to write: .svg or .png."))
@click.option("--function", default="", help=_("Draw this nested graph instead of the main one."))
@click.option(
    "--direction", type=click.Choice(["down", "right"]), default="down", help=_("Direction of the data flow.")
)
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON on stdout."))
def graph(model: Path, out: Path, function: str, direction: Any, *, as_json: bool) -> None:
    """Draw a model as a picture."""
    from workbench.jobs.layout import LayOut, Scene

    console = Console(as_json=as_json)
    scene: Scene = console.run(LayOut(path=str(model.absolute()), function=function, direction=direction))
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from workbench.gui.graph.picture import write_picture

    write_picture(scene, out)
    document = {"picture": str(out), "nodes": len(scene.names), "edges": len(scene.edge_values)}
    text = _("{path}: {nodes} nodes, {edges} edges").format(
        path=out, nodes=len(scene.names), edges=len(scene.edge_values)
    )
    console.result(document, text)


@click.command(
    help=_("List what is here: formats, optimizations, runtimes, export targets, data readers, and what is missing.")
)
@click.option("--json", "as_json", is_flag=True, help=_("Print JSON on stdout."))
def plugins(*, as_json: bool) -> None:
    """List what is here: formats, optimizations, runtimes, export targets, data readers, and what is missing."""
    console = Console(as_json=as_json)
    rows = [row for kind, found in all_plugins().items() for row in (_row(kind, plugin) for plugin in found.values())]
    shown = [
        {
            _("Kind"): row["kind"],
            _("Id"): row["id"],
            _("What"): row["label"],
            _("Here"): _("yes") if row["available"] else _("missing: {how}").format(how=row["install"]),
        }
        for row in rows
    ]
    console.result({"plugins": rows}, table(shown))


def all_plugins() -> dict[str, dict[str, Plugin]]:
    """Return every plugin by kind and id."""
    import workbench.datasets
    import workbench.exporters
    import workbench.formats
    import workbench.passes
    import workbench.runtimes

    contracts: list[tuple[str, Any, type[Any]]] = [
        ("format", workbench.formats, workbench.formats.Format),
        ("optimization", workbench.passes, workbench.passes.Pass),
        ("runtime", workbench.runtimes, workbench.runtimes.Runtime),
        ("export", workbench.exporters, workbench.exporters.Exporter),
        ("data", workbench.datasets, workbench.datasets.Reader),
    ]
    return {kind: discover(package, contract) for kind, package, contract in contracts}


def _row(kind: str, plugin: Plugin) -> dict[str, Any]:
    absent = missing(plugin)
    return {
        "kind": kind,
        "id": plugin.id,
        "label": _(plugin.label),
        "summary": _(plugin.summary),
        "available": not absent,
        "missing": list(absent),
        "install": install_command(plugin),
    }
