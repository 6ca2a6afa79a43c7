"""What is drawn of a Graph: boxes with their texts and sizes, edges between them, and stubs for long shared edges."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import msgspec

from workbench.core.constants import Constants, constants_of
from workbench.core.graph import Dim, Graph, Node, Tensor
from workbench.core.i18n import _
from workbench.core.ops import INPUT, OUTPUT, OUTSIDE
from workbench.core.shapes import TIMES, shape_text, short_shape

HEADER, ROW, PADDING = 26.0, 17.0, 10.0
"""Pixels at zoom 1: the coloured title bar, one line of text under it, and the space left and right of texts."""
TITLE_SIZE, ROW_SIZE, LABEL_SIZE = 13, 11, 10
"""Pixel sizes of the three fonts."""
NARROWEST, WIDEST = 72.0, 240.0
ROWS_SHOWN = 6


class Stub(msgspec.Struct, array_like=True, gc=False):
    """One end of an edge that is not drawn: a line of text in the box, which leads to the other end."""

    node: int
    other: int
    """The box at the other end (of several consumers, the first)."""
    text: str
    value: str
    outgoing: bool
    others: list[int] = []
    """All boxes at the other end."""


class Edge(msgspec.Struct, gc=False):
    """A drawn edge: everything that flows from one box to another."""

    source: int
    target: int
    values: list[str]


class Boxes(msgspec.Struct):
    """The drawing before it is laid out; lists run parallel, one item a box."""

    names: list[str] = []
    titles: list[str] = []
    rows: list[list[str]] = []
    edges: list[Edge] = []
    stubs: list[Stub] = []
    folded: dict[str, int] = {}
    """Constant nodes that are shown as a line of text in their consumer, and which box that is."""

    def add(self, name: str, title: str, rows: list[str]) -> int:
        """Append a box and return its index."""
        self.names.append(name)
        self.titles.append(title)
        self.rows.append([" ".join(row.split()) if "\n" in row else row for row in rows])
        return len(self.names) - 1


def boxes_of(graph: Graph, *, named: bool = False, numbers: Mapping[str, str] | None = None) -> Boxes:
    """Return the boxes and edges of one graph: its nodes, and one box for each of its inputs and outputs.

    ``named`` writes each node's name under its op (Keras layers); else only names that say more than the op.
    ``numbers`` are texts of small stored tensors by name; they are written instead of the tensors' shapes.
    """
    boxes = Boxes()
    constants = constants_of(graph)
    index: dict[int, int] = {}
    produced = {name for node in graph.nodes for name in node.outputs}
    source_of: dict[str, int] = {}
    taken = {node.name for node in graph.nodes}
    for port in graph.inputs:
        if port.name not in produced:
            name = port.name if port.name not in taken else _("{name} (input)").format(name=port.name)
            source_of[port.name] = boxes.add(name, INPUT, [port.name, *_shape_row(port.dtype, port.shape)])
    for position, node in enumerate(graph.nodes):
        if node.name not in constants.nodes:
            index[position] = box = boxes.add(node.name, node.op, _rows(node, constants, numbers or {}, named=named))
            source_of.update((name, box) for name in node.outputs if name)
    arrivals: dict[str, list[int]] = defaultdict(list)
    for position, box in index.items():
        node = graph.nodes[position]
        for name in dict.fromkeys([*node.inputs, *node.captures]):
            arrivals[name].append(box)
    for port in graph.outputs:
        name = port.name if port.name not in taken else _("{name} (output)").format(name=port.name)
        box = boxes.add(name, OUTPUT, [port.name, *_shape_row(port.dtype, port.shape)])
        arrivals[port.name].append(box)
    for value in [value for value in arrivals if value and value not in source_of and value not in constants.tensors]:
        name = value if value not in taken else _("{name} (outside)").format(name=value)
        source_of[value] = boxes.add(name, OUTSIDE, [leaf_of(value)])  # a branch uses it, the graph around makes it
    _connect(boxes, source_of, arrivals)
    boxes.folded = _homes(graph, constants, arrivals)
    return boxes


def _connect(boxes: Boxes, source_of: dict[str, int], arrivals: dict[str, list[int]]) -> None:
    between: dict[tuple[int, int], list[str]] = defaultdict(list)
    for name, targets in arrivals.items():
        source = source_of.get(name)
        if source is not None:
            for target in targets:
                between[source, target].append(name)
    boxes.edges = [Edge(source, target, values) for (source, target), values in sorted(between.items())]


def _homes(graph: Graph, constants: Constants, arrivals: dict[str, list[int]]) -> dict[str, int]:
    """Return the box in which each folded node is shown: the first consumer, or that of the folded node it feeds."""
    homes: dict[str, int] = {}
    feeds: dict[str, str] = {}
    for node in reversed(graph.nodes):
        if node.name in constants.nodes:
            output = node.outputs[0]
            if arrivals.get(output):
                homes[node.name] = arrivals[output][0]
            elif feeds.get(output) in homes:
                homes[node.name] = homes[feeds[output]]
            feeds.update((name, node.name) for name in node.inputs)
    return homes


def _rows(node: Node, constants: Constants, numbers: Mapping[str, str], *, named: bool) -> list[str]:
    rows = []
    leaf = leaf_of(node.name)
    if named or not leaf.translate(_NUMBERING).lower().endswith(node.op.translate(_NUMBERING).lower()):
        rows.append(leaf)
    weights = [name for name in node.inputs if name in constants.tensors]
    lines = [
        f"{leaf_of(name)} = {numbers[name]}" if name in numbers else _weight_row(constants.tensors[name])
        for name in weights
    ]
    if len(lines) > ROWS_SHOWN:
        hidden = len(lines) - ROWS_SHOWN + 1
        lines = [*lines[: ROWS_SHOWN - 1], _("+ {count} more").format(count=hidden)]
    if node.subgraphs:
        lines.append(_("opens {name}").format(name=", ".join(leaf_of(key) for key in node.subgraphs)))
    return rows + lines


_NUMBERING = str.maketrans("", "", "0123456789_:. ")
"""What is left out of a name before it is compared with its op: "MatMul_12" says no more than MatMul."""


def _weight_row(tensor: Tensor) -> str:
    return f"{leaf_of(tensor.name)} ⟨{shape_text(tensor.shape)}⟩"


def _shape_row(dtype: str, shape: list[Dim] | None) -> list[str]:
    return [f"{dtype} ⟨{short_shape(shape)}⟩".strip()] if shape is not None else []


def leaf_of(name: str) -> str:
    """Return the last part of a scoped name, without TensorFlow's output ("a/b/kernel:0" gives "kernel")."""
    leaf = name.rstrip("/").rpartition("/")[2].rpartition(";")[2]
    if ":" in leaf:
        leaf = re.sub(r"(:output)?(:\d+)?$", "", leaf)
    parts = leaf.split(".")
    return parts[-1] if len(parts) > 2 and not parts[-1].isdigit() else leaf  # torch: "encoder.layer.0.weight"


def edge_label(graph: Graph, names: list[str], usual: str) -> str:
    """Return shapes (and dtypes other than the ``usual`` one) of the values of an edge, "" when unknown."""
    texts = []
    for name in names:
        value = graph.values.get(name)
        if value is not None and value.shape is not None:
            dtype = f"{value.dtype} " if value.dtype and value.dtype != usual else ""
            texts.append(dtype + short_shape(value.shape))
    return ", ".join(dict.fromkeys(texts[:3])) + (" …" if len(texts) > 3 else "")


def usual_dtype(graph: Graph) -> str:
    """Return the dtype that most values have; it goes without saying on edges."""
    counts: dict[str, int] = defaultdict(int)
    for value in graph.values.values():
        if value.dtype:
            counts[value.dtype] += 1
    return max(counts, key=lambda key: (counts[key], key), default="")


def sizes_of(boxes: Boxes) -> list[tuple[float, float]]:
    """Return width and height of each box in pixels at zoom 1, from estimated text widths (a worker has no fonts)."""
    stubs: dict[int, list[str]] = defaultdict(list)
    for stub in boxes.stubs:
        stubs[stub.node].append(f"↳ {stub.text}")
    sizes = []
    for box, title in enumerate(boxes.titles):
        rows = boxes.rows[box] + stubs[box]
        widest = max([text_width(title, TITLE_SIZE) * 1.12, *(text_width(row, ROW_SIZE) + 6 for row in rows)])
        width = min(max(widest + 2 * PADDING, NARROWEST), WIDEST)
        sizes.append((float(round(width)), HEADER + (len(rows) * ROW + 6 if rows else 0)))
    return sizes


class _Widths(dict[str, float]):
    def __missing__(self, letter: str) -> float:
        return 0.64 if letter < "\u2e80" else 1.0


_WIDTHS = _Widths(dict.fromkeys("iljI.,:;'|/ ", 0.34) | dict.fromkeys("ftr()-[]!\u27e8\u27e9", 0.42))
_WIDTHS |= dict.fromkeys('csz?*_"', 0.55) | dict.fromkeys("ABCKNRUVXZ", 0.72)
_WIDTHS |= dict.fromkeys("DGHOQw#&+<=>~\u2192\u21b3\u21b1" + TIMES, 0.84) | dict.fromkeys("mMW@%\u2026", 1.0)


def text_width(text: str, size: int) -> float:
    """Return the estimated width of ``text`` in a sans-serif font of ``size`` pixels, rather too wide."""
    return size * sum(map(_WIDTHS.__getitem__, text))


def attribute_text(value: Any, limit: int = 200) -> str:
    """Return an attribute's value as one line."""
    if isinstance(value, list):
        text = "[" + ", ".join(attribute_text(item) for item in value) + "]"
    elif isinstance(value, float):
        text = f"{value:.6g}"
    else:
        text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
