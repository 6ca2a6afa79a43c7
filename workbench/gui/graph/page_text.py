"""Write the inspector's pages as rich text: the model's summary and everything about one node."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import msgspec

from workbench.core import units
from workbench.core.boxes import attribute_text, leaf_of
from workbench.core.graph import Dim, Graph, Node, Port, Quantization, Tensor, Value
from workbench.core.graph_index import GraphIndex
from workbench.core.i18n import _, ngettext
from workbench.core.ops import INPUT, category_of
from workbench.core.shapes import shape_text
from workbench.gui import theme

MANY = 200
"""Rows of one table that are written; more would only be slow (the rest is counted)."""


WIDE = 34
"""Characters of a name and its value that fit on one line of a narrow dock."""


class Link(msgspec.Struct, frozen=True):
    """Where a link of a page leads."""

    kind: str
    """ "node", "tensor", "op" or "function"."""
    name: str


class Page:
    """A page being written; ``links`` are numbered in its HTML."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.links: list[Link] = []

    def html(self) -> str:
        """Return the page."""
        style = (
            f"<style>body {{ color: {_shade('text')}; }} a {{ color: {_shade('accent')}; text-decoration: none; }}"
            f" .muted {{ color: {_shade('muted')}; }} td {{ padding: 2px 8px 2px 0; }}"
            f" .section {{ margin: 14px 0 3px 0; font-weight: 600; }} </style>"
        )
        return style + "".join(self._parts)

    def title(self, text: str, below: str = "", *, badge: str = "", category: str = "other") -> None:
        """Write the heading, with an op's name on its colour."""
        if badge:
            fill, ink = theme.op_colour(category).name(), _shade("op-text")
            self._parts.append(
                f"<p style='margin:0 0 6px 0'><span style='background-color:{fill}; color:{ink}; font-weight:600'>"
                f"&nbsp;&nbsp;{escape(badge)}&nbsp;&nbsp;</span></p>"
            )
        self._parts.append(f"<p style='margin:0; font-size:13pt; font-weight:600'>{escape(text)}</p>")
        if below:
            self._parts.append(f"<p class='muted' style='margin:0'>{escape(below)}</p>")

    def section(self, text: str) -> None:
        """Begin a section."""
        self._parts.append(f"<p class='section'>{escape(text)}</p>")

    def pairs(self, rows: list[tuple[str, str]]) -> None:
        """Write names and their values (plain text); a long value goes below its name, so that words stay whole."""
        self._parts.append("<table cellspacing='0' width='100%'>")
        for name, value in rows[:MANY]:
            title = f"<span class='muted'>{escape(name)}</span>"
            if len(name) + len(value) > WIDE:
                self._parts.append(f"<tr><td colspan='2'>{title}<br>{escape(value)}</td></tr>")
            else:
                self._parts.append(f"<tr><td style='white-space:nowrap'>{title}</td><td>{escape(value)}</td></tr>")
        self._end_table(len(rows))

    def table(self, rows: list[list[str]]) -> None:
        """Write rows of HTML cells; the last column takes what room there is."""
        self._parts.append("<table cellspacing='0' width='100%'>")
        for row in rows[:MANY]:
            cells = [f"<td style='white-space:nowrap'>{cell}</td>" for cell in row[:-1]]
            self._parts.append(
                f"<tr>{''.join(cells)}<td width='100%' style='vertical-align:middle'>{row[-1]}</td></tr>"
            )
        self._end_table(len(rows))

    def _end_table(self, count: int) -> None:
        self._parts.append("</table>")
        if count > MANY:
            self.text(_("and {count} more").format(count=count - MANY))

    def text(self, text: str) -> None:
        """Write a muted paragraph."""
        self._parts.append(f"<p class='muted' style='margin:2px 0'>{escape(text)}</p>")

    def link(self, kind: str, name: str, text: str) -> str:
        """Return the HTML of a link; the inspector follows ``links[number]``."""
        self.links.append(Link(kind, name))
        return f"<a href='#{len(self.links) - 1}'>{escape(text)}</a>"


def _shade(role: str) -> str:
    return theme.colour(role).name()


def model_page(graph: Graph, name: str, path: str) -> Page:
    """Return the summary of a model."""
    page = Page()
    page.title(name, graph.format)
    page.section(_("Model"))
    facts = [
        (_("Producer"), graph.producer),
        (_("Size"), units.size(graph.bytes)),
        (_("Weights"), units.size(graph.weights_bytes)),
        (_("Parameters"), units.count(graph.parameter_count())),
        (_("Nodes"), units.count(graph.node_count())),
        (_("Graphs inside"), units.count(len(graph.functions)) if graph.functions else ""),
        (_("File"), path),
    ]
    page.pairs([fact for fact in facts if fact[1]])
    _ports(page, graph)
    counts = graph.op_counts()
    if counts:
        page.section(_("Operations"))
        page.table([_op_row(page, op, count, max(counts.values())) for op, count in counts.items()])
    if graph.metadata:
        page.section(_("Metadata"))
        page.pairs([(key, attribute_text(value, 600)) for key, value in graph.metadata.items()])
    return page


def _ports(page: Page, graph: Graph) -> None:
    for title, ports in ((_("Inputs"), graph.inputs), (_("Outputs"), graph.outputs)):
        if ports:
            page.section(title)
            page.table([_port_row(port) for port in ports])
    for signature in graph.signatures:
        page.section(_("Signature {name}").format(name=signature.name))
        page.table([["→", *_port_row(port)] for port in signature.inputs])
        page.table([["←", *_port_row(port)] for port in signature.outputs])


def _port_row(port: Port) -> list[str]:
    text = escape(_type_text(port.dtype, port.shape)) + _quantization(port.quantization)
    return [escape(port.name), f"<span class='muted'>{text}</span>"]


def _type_text(dtype: str, shape: Sequence[Dim] | None) -> str:
    return f"{dtype} {shape_text(shape)}".strip()


def _op_row(page: Page, op: str, count: int, most: int) -> list[str]:
    shade = theme.op_colour(category_of(op)).name()
    share = max(2, round(100 * count / most))
    filled = f"<td width='{share}%' bgcolor='{shade}' style='font-size:4pt; padding:0'>&nbsp;</td>"
    rest = f"<td width='{100 - share}%' style='font-size:4pt; padding:0'>&nbsp;</td>" if share < 100 else ""
    bar = f"<table cellspacing='0' width='100%'><tr>{filled}{rest}</tr></table>"
    return [page.link("op", op, op), units.count(count), bar]


def function_page(graph: Graph, key: str) -> Page:
    """Return the summary of a graph inside a model."""
    page = Page()
    page.title(leaf_of(key), key)
    count = len(graph.nodes)
    page.text(ngettext("{count} node", "{count} nodes", count).format(count=count))
    _ports(page, graph)
    counts = graph.op_counts()
    page.section(_("Operations"))
    page.table([_op_row(page, op, count, max(counts.values())) for op, count in counts.items()])
    return page


def node_page(index: GraphIndex, node: Node) -> Page:
    """Return everything about a node: attributes, inputs, outputs and weights."""
    graph = index.graph
    page = Page()
    leaf = leaf_of(node.name)
    below = " · ".join(text for text in (node.name if leaf != node.name else "", node.domain) if text)
    page.title(leaf, below, badge=node.op, category=category_of(node.op))
    if node.parameters:
        page.section(_("Parameters"))
        page.text(units.count(node.parameters))
    _attributes(page, node)
    stored = index.constants
    weights = [stored[name] for name in node.inputs if name in stored]
    flows = [name for name in [*node.inputs, *node.captures] if name and name not in stored]
    if weights:
        page.section(_("Weights and constants"))
        page.table([_tensor_row(page, graph, tensor) for tensor in weights])
    if flows:
        page.section(_("Inputs"))
        page.table([_value_row(page, graph, name, _source(index, name)) for name in flows])
    _outputs(page, index, node)
    if node.subgraphs:
        page.section(_("Opens"))
        page.table([[page.link("function", key, leaf_of(key))] for key in node.subgraphs])
    return page


def _source(index: GraphIndex, name: str) -> list[Node]:
    """Return the node that makes a value; for a model's own input the box of that name."""
    if name in index.producers:
        return [index.producers[name]]
    return [Node(name, INPUT)] if any(port.name == name for port in index.graph.inputs) else []


def _attributes(page: Page, node: Node) -> None:
    given = [attribute for attribute in node.attributes if attribute.value not in (None, "")]
    if given:
        page.section(_("Attributes"))
        page.pairs([(attribute.name, attribute_text(attribute.value, 400)) for attribute in given])


def _outputs(page: Page, index: GraphIndex, node: Node) -> None:
    graph = index.graph
    stored = [graph.tensors[name] for name in node.outputs if name in graph.tensors]
    if stored:
        page.section(_("Stored value"))
        page.table([_tensor_row(page, graph, tensor) for tensor in stored])
    if any(node.outputs):
        page.section(_("Outputs"))
        page.table([_value_row(page, graph, name, index.consumers.get(name, [])) for name in node.outputs if name])


def _tensor_row(page: Page, graph: Graph, tensor: Tensor) -> list[str]:
    if tensor.name not in graph.tensors:  # a constant whose numbers the file does not store as a tensor
        return [f"{escape(leaf_of(tensor.name))}<br><span class='muted'>{escape(tensor.dtype)}</span>"]
    facts = f"{tensor.dtype} {shape_text(tensor.shape)} · {units.size(tensor.nbytes)}"
    sparse = f" · {_('sparse')}" if tensor.sparse else ""
    return [
        f"{page.link('tensor', tensor.name, leaf_of(tensor.name))}<br>"
        f"<span class='muted'>{escape(facts + sparse)}{_quantization(tensor.quantization)}</span>"
    ]


def _value_row(page: Page, graph: Graph, name: str, others: list[Node]) -> list[str]:
    value = graph.values.get(name, Value(name))
    links = [page.link("node", other.name, leaf_of(other.name)) for other in others[:12]]
    more = f" + {len(others) - 12}" if len(others) > 12 else ""
    text = _type_text(value.dtype, value.shape) if value.shape is not None else value.dtype
    about = escape(text) + _quantization(value.quantization)
    lines = [escape(name), f"<span class='muted'>{about}</span>" if about else "", ", ".join(links) + more]
    return ["<br>".join(line for line in lines if line)]


def _quantization(quantization: Quantization | None) -> str:
    if quantization is None or not quantization.scales:
        return ""
    if len(quantization.scales) == 1:
        zero = quantization.zero_points[0] if quantization.zero_points else 0
        text = _("real = {scale} × (stored - {zero})").format(scale=f"{quantization.scales[0]:.6g}", zero=zero)  # noqa: RUF001
    else:
        low, high = min(quantization.scales), max(quantization.scales)
        text = _("{count} scales along axis {axis}, from {low} to {high}").format(
            count=len(quantization.scales), axis=quantization.axis, low=f"{low:.4g}", high=f"{high:.4g}"
        )
    return f"<br>{escape(text)}"
