"""Lay a Graph out in layers, as arrays that the window draws from and the command line writes as a picture."""

from __future__ import annotations

import gc
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal

import msgspec
import numpy as np

from workbench.core.boxes import Boxes, Stub, boxes_of, edge_label, sizes_of, usual_dtype
from workbench.core.errors import WorkbenchError
from workbench.core.events import Report
from workbench.core.graph import Graph
from workbench.core.i18n import _
from workbench.core.layout import Arrangement, arrange
from workbench.core.ops import category_index
from workbench.core.stubs import leave_out_long_edges
from workbench.jobs import Job, Lane


class Scene(msgspec.Struct):
    """Where the arrays of a layout are. Units: scene pixels at zoom 1; y grows downwards along the data flow.

    ``arrays`` is an .npz: ``node_rects`` (n, 4) float32 x, y, width, height; ``node_colours`` (n,) int32 op category;
    ``edge_points`` (p, 2) float32 polylines joined one after the other; ``edge_starts`` (e + 1,) int32 offsets into it;
    ``edge_nodes`` (e, 2) int32 from and to node. Texts are lists in node or edge order.
    """

    arrays: str
    names: list[str]
    """Node names; graph inputs and outputs are nodes with op "Input" and "Output"."""
    titles: list[str]
    """What the box shows first: the op."""
    subtitles: list[str]
    """What it shows second: its own name where it says more than the op, then weights with their shapes, one a line."""
    edge_labels: list[str]
    """Shape and dtype on each edge, "" when unknown (the dtype only when it is not the usual one of this graph)."""
    edge_values: list[str]
    """Value name of each edge; several between the same two boxes are one edge, one name a line."""
    width: float
    height: float
    direction: Literal["down", "right"] = "down"
    stubs: list[Stub] = []
    """Ends of edges that are not drawn: lines of text after the subtitles of their box."""
    folded: dict[str, int] = {}
    """Constant nodes shown as a line in their consumer, and that box."""


class LayOut(Job, frozen=True):
    """Read the model and lay out one of its graphs."""

    lane: ClassVar[Lane] = "reading"
    result_type: ClassVar[type] = Scene
    time_limit_s: ClassVar[float | None] = 120
    path: str
    function: str = ""
    direction: Literal["down", "right"] = "down"

    def title(self) -> str:
        """Return what the jobs panel calls it."""
        return _("Lay out {name}").format(name=Path(self.path).name)

    def run(self, report: Report) -> Scene:
        """Lay out; raises WorkbenchError when the file cannot be read."""
        report.progress(0.0, _("Reading"))
        whole = graph = _graph(self.path, _stamp(Path(self.path)))
        if self.function:
            if self.function not in graph.functions:
                raise WorkbenchError(
                    _("{name} holds no graph called {function}.").format(
                        name=Path(self.path).name, function=self.function
                    ),
                    _("The graphs inside are listed above the picture and by `workbench inspect`."),
                )
            graph = graph.functions[self.function]
        report.progress(0.3, _("Laying out"))
        named = whole.format.startswith("keras")
        gc.disable()  # a hundred thousand small objects that all stay: collecting would take a third of the time
        try:
            return lay_out(graph, report.scratch / "scene.npz", self.direction, named=named)
        finally:
            gc.enable()


@lru_cache(maxsize=1)
def _graph(path: str, stamp: tuple[int, int]) -> Graph:
    """Read a model, or return the last one again: its functions and directions are looked at one after the other."""
    from workbench.formats.identify import read_model

    return read_model(Path(path))


def _stamp(path: Path) -> tuple[int, int]:
    inner = path / "saved_model.pb" if path.is_dir() else path
    if not inner.exists():
        return (0, 0)
    facts = inner.stat()
    return (facts.st_mtime_ns, facts.st_size)


def lay_out(graph: Graph, arrays: Path, direction: Literal["down", "right"] = "down", *, named: bool = False) -> Scene:
    """Lay ``graph`` out, write the arrays to the new file ``arrays`` and return the scene; ``named`` as in boxes_of."""
    from workbench.backends.sugiyama import layered

    boxes = boxes_of(graph, named=named)
    leave_out_long_edges(boxes)
    pairs = [(edge.source, edge.target) for edge in boxes.edges]
    outputs: dict[tuple[str, ...], int] = {}
    exits = [outputs.setdefault(tuple(edge.values), len(outputs)) for edge in boxes.edges]
    arranged = arrange(sizes_of(boxes), pairs, layered, direction, exits=exits)
    _save(arrays, boxes, arranged)
    usual = usual_dtype(graph)
    return Scene(
        arrays=str(arrays),
        names=boxes.names,
        titles=boxes.titles,
        subtitles=["\n".join(rows) for rows in boxes.rows],
        edge_labels=[edge_label(graph, edge.values, usual) for edge in boxes.edges],
        edge_values=["\n".join(edge.values) for edge in boxes.edges],
        width=arranged.width,
        height=arranged.height,
        direction=direction,
        stubs=boxes.stubs,
        folded=boxes.folded,
    )


def _save(arrays: Path, boxes: Boxes, arranged: Arrangement) -> None:
    np.savez(
        arrays,
        node_rects=arranged.rects,
        node_colours=np.array([category_index(title) for title in boxes.titles], np.int32),
        edge_points=arranged.points,
        edge_starts=arranged.starts,
        edge_nodes=np.array([(edge.source, edge.target) for edge in boxes.edges], np.int32).reshape(-1, 2),
    )
