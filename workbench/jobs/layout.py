"""Lay a Graph out in layers, as arrays that the window draws from and the command line writes as a picture."""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import msgspec
import numpy as np

from workbench.core.boxes import Boxes, Stub, attribute_text, boxes_of, edge_label, sizes_of, usual_dtype
from workbench.core.errors import WorkbenchError
from workbench.core.events import Report
from workbench.core.graph import Graph
from workbench.core.i18n import _
from workbench.core.layout import Arrangement, arrange
from workbench.core.ops import category_index
from workbench.core.stubs import leave_out_long_edges
from workbench.formats import Format
from workbench.jobs import Job, Lane
from workbench.jobs.last_models import read_again

SMALL, SMALL_NUMBERS_S = 4, 0.3
"""Stored tensors of at most so many elements are written as numbers, as far as reading them takes no longer."""


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
    keeps_scratch: ClassVar[bool] = True
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
        found, whole = read_again(Path(self.path))
        graph = whole
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
            numbers = small_numbers(found, Path(self.path), graph)
            return lay_out(graph, report.scratch / "scene.npz", self.direction, named=named, numbers=numbers)
        finally:
            gc.enable()


def small_numbers(found: Format, path: Path, graph: Graph) -> dict[str, str]:
    """Return the numbers of axes, shapes, limits and other small constants of ``graph`` as texts, by tensor name."""
    texts: dict[str, str] = {}
    deadline = time.monotonic() + SMALL_NUMBERS_S
    for name, tensor in graph.tensors.items():
        if tensor.elements() > SMALL or tensor.is_weight or tensor.quantization is not None:
            continue
        if time.monotonic() > deadline:
            break
        try:
            values = found.read_tensor(path, tensor)
        except (WorkbenchError, OSError):
            continue  # it is said when the person looks at it
        texts[name] = attribute_text(plain_value(values.tolist()), 32)
    return texts


def plain_value(value: Any) -> Any:
    """Return bytes as text, and lists of them."""
    if isinstance(value, list):
        return [plain_value(item) for item in value]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def lay_out(
    graph: Graph,
    arrays: Path,
    direction: Literal["down", "right"] = "down",
    *,
    named: bool = False,
    numbers: Mapping[str, str] | None = None,
) -> Scene:
    """Lay ``graph`` out, write the arrays to the new file ``arrays`` and return the scene.

    ``named`` and ``numbers`` as in ``boxes_of``.
    """
    from workbench.backends.sugiyama import layered

    boxes = boxes_of(graph, named=named, numbers=numbers)
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
