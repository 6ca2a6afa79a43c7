"""The inspector: the model's summary, or everything about the selected node, and a look into its weights."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QFileDialog, QSplitter, QTextBrowser, QVBoxLayout, QWidget

from workbench.core.events import AnyEvent, Crashed, Failed
from workbench.core.graph import Graph, Node
from workbench.core.graph_index import GraphIndex
from workbench.core.i18n import _
from workbench.core.ops import INPUT, OUTPUT, OUTSIDE
from workbench.gui.decoding import keep_out_of_collection
from workbench.gui.graph.page_text import Page, function_page, model_page, node_page
from workbench.gui.graph.selection import Selection
from workbench.gui.jobs import Jobs
from workbench.gui.state import State
from workbench.jobs.read import ReadTensor, TensorView

if TYPE_CHECKING:
    from workbench.gui.graph.tensor_panel import TensorPanel

BIG = 4000
"""A graph of so many nodes is indexed in the background."""


class Inspector(QWidget):
    """Follows the shared Selection; links lead to nodes, functions, ops and weights."""

    def __init__(self, state: State, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = state
        self._jobs = jobs
        self._selection = Selection.of(state)
        self._page = Page()
        self._tensor = ""
        self._index: GraphIndex | None = None
        self._indexing: Graph | None = None
        self.text = QTextBrowser()
        self.text.setOpenLinks(False)
        self.text.setAccessibleName(_("Inspector"))
        self.text.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.text.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.text.setPlaceholderText(_("What you select in the graph is described here."))
        self.text.document().setDocumentMargin(12)
        self.text.anchorClicked.connect(self._follow)
        self._panel: TensorPanel | None = None
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.addWidget(self.text)
        self._split.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._split)
        self.setFocusProxy(self.text)
        state.current_changed.connect(self._on_current)
        state.graph_ready.connect(self._on_graph)
        state.theme_changed.connect(self.restyle)
        self._selection.changed.connect(self._on_selected)
        self.refresh()

    # Showing

    @property
    def tensor(self) -> TensorPanel:
        """The look into a weight, made when it is first wanted: its chart library takes long to import."""
        if self._panel is None:
            from workbench.gui.graph.tensor_panel import TensorPanel

            self._panel = TensorPanel()
            self._panel.save_wanted.connect(self.save_tensor)
            self._panel.closed.connect(self._panel.hide)
            self._panel.hide()
            self._split.addWidget(self._panel)
            self._split.setChildrenCollapsible(False)
            self._split.setSizes([400, 420])
        return self._panel

    def _hide_tensor(self) -> None:
        if self._panel is not None:
            self._panel.hide()

    def refresh(self) -> None:
        """Write the page anew."""
        record = self.state.current
        graph = self.state.graph_of(record.id) if record is not None else None
        if record is None or graph is None:
            self._page = Page()
            self.text.clear()
            return
        function, name = self._selection.function, self._selection.node
        inner = graph.functions.get(function, graph)
        index = self._indexed(inner) if name else None
        node = node_called(index, name) if index is not None else None
        if name and index is None:
            self._page = Page()
            self._page.title(name, _("Reading ..."))
        elif index is not None and node is not None:
            self._page = node_page(index, node)
        elif inner is not graph:
            self._page = function_page(inner, function)
        else:
            self._page = model_page(graph, record.name, record.path)
        self.text.setHtml(self._page.html())

    def _indexed(self, graph: Graph) -> GraphIndex | None:
        """Return the index of ``graph``; None while that of a big one is being made (the page is then written anew)."""
        if self._index is not None and self._index.graph is graph:
            return self._index
        if len(graph.nodes) < BIG:
            self._index = GraphIndex(graph)
            return self._index
        if self._indexing is not graph:
            self._indexing = graph
            self._jobs.background.run(lambda: GraphIndex(graph), then=self._on_indexed, owner=self)
        return None

    def _on_indexed(self, index: GraphIndex) -> None:
        if index.graph is self._indexing:
            self._index, self._indexing = index, None
            keep_out_of_collection()
            self.refresh()

    def restyle(self) -> None:
        """Take over the theme in force."""
        self.refresh()
        if self._panel is not None:
            self._panel.restyle()

    def show_tensor(self, name: str) -> None:
        """Read a weight and show its statistics and numbers."""
        record = self.state.current
        if record is None:
            return
        self._tensor = name
        self.tensor.show()
        self.tensor.wait_for(name)
        job = ReadTensor(path=record.path, tensor=name, function=self._selection.function)
        self._jobs.submit(
            job, then=lambda view: self._show(name, view), failed=lambda event: self._fail(name, event), quiet=True
        )

    def save_tensor(self) -> None:
        """Ask for a file and save the shown weight to it."""
        suggestion = self._tensor.strip("/").replace("/", "_").replace(":", "_") + ".npy"
        chosen, _filter = QFileDialog.getSaveFileName(
            self, _("Save numbers"), suggestion, "NumPy (*.npy)", options=QFileDialog.Option.DontConfirmOverwrite
        )
        if chosen:
            self.save_tensor_to(Path(chosen))

    def save_tensor_to(self, target: Path) -> None:
        """Save the shown weight; an existing file is not overwritten, the message bar says so."""
        record = self.state.current
        if record is not None and self._tensor:
            job = ReadTensor(
                path=record.path, tensor=self._tensor, function=self._selection.function, save_to=str(target)
            )
            saved = _("Saved {path}.").format(path=target)
            self._jobs.submit(job, then=lambda _view: self.state.say(saved, level="good"))

    # Following

    def _on_current(self, record: object) -> None:
        self._hide_tensor()
        self.refresh()

    def _on_graph(self, model_id: int) -> None:
        if self.state.current is not None and self.state.current.id == model_id:
            self.refresh()

    def _on_selected(self, function: str, node: str) -> None:
        self._hide_tensor()
        self.refresh()

    def _follow(self, url: QUrl) -> None:
        link = self._page.links[int(url.fragment())]
        if link.kind == "tensor":
            self.show_tensor(link.name)
        elif link.kind == "op":
            self._selection.find.emit(link.name)
        elif link.kind == "function":
            self._selection.reveal.emit(link.name, "")
        else:
            self._selection.reveal.emit(self._selection.function, link.name)

    def _show(self, name: str, view: TensorView) -> None:
        if name == self._tensor:
            record = self.state.current
            graph = self.state.graph_of(record.id) if record is not None else None
            inner = graph.functions.get(self._selection.function, graph) if graph is not None else None
            tensor = inner.tensors.get(name) if inner is not None else None
            scaled = tensor is not None and tensor.quantization is not None and tensor.quantization.scales
            self.tensor.show_tensor(
                view,
                _("These are the stored integers; scale and zero point make real numbers of them.") if scaled else "",
            )

    def _fail(self, name: str, event: AnyEvent) -> None:
        if name == self._tensor:
            self.tensor.say(
                f"{event.message}\n{event.hint}" if isinstance(event, Failed | Crashed) else _("Cancelled.")
            )


def node_called(index: GraphIndex, name: str) -> Node | None:
    """Return the node of that name; a model's own input or output becomes a node without attributes."""
    if name in index.nodes:
        return index.nodes[name]
    graph = index.graph
    for ports, op, boxed in ((graph.inputs, INPUT, _("{name} (input)")), (graph.outputs, OUTPUT, _("{name} (output)"))):
        for port in ports:
            if name in (port.name, boxed.format(name=port.name)):
                near = [port.name]
                return Node(name, op, [] if op == INPUT else near, near if op == INPUT else [])
    for value in index.consumers:
        if name in (value, _("{name} (outside)").format(name=value)):
            return Node(name, OUTSIDE, [], [value])
    return None
