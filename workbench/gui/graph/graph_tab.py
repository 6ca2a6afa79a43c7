"""The graph tab: tool row, notes, and the view of the model that is open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from workbench.core.events import AnyEvent, Crashed, Failed
from workbench.core.graph import Graph
from workbench.core.i18n import _, ngettext
from workbench.core.project import ModelRecord
from workbench.gui import theme
from workbench.gui.graph.drawing import Drawing
from workbench.gui.graph.pages import Page, empty_page
from workbench.gui.graph.picture import write_picture
from workbench.gui.graph.search import SearchBar
from workbench.gui.graph.selection import Selection
from workbench.gui.graph.view import GraphView
from workbench.gui.jobs import Jobs
from workbench.gui.labels import Label
from workbench.gui.state import State
from workbench.jobs.layout import LayOut
from workbench.jobs.runner import Ticket

GRACE_MS = 500
"""A running layout that is not wanted any more may end within this time."""


class GraphTab(QWidget):
    """Shows the graph of the current model; keeps the shared Selection in step."""

    node_selected = Signal(str)
    """Name of the selected node, "" for none."""
    drawn = Signal()
    """A graph has appeared."""

    def __init__(self, state: State, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._jobs = jobs
        self._ticket: Ticket | None = None
        self._function = ""
        self._direction: Literal["down", "right"] = "down"
        self._wanted_node = ""
        self._shown: tuple[int, str] | None = None
        self.selection = Selection.of(state)
        self.view = GraphView()
        self.search = SearchBar()
        self._pages = QStackedWidget()
        self._empty = empty_page()
        self._loading = Page(button=_("Cancel"))
        self._patience = QTimer(self, singleShot=True, interval=150)  # a quick layout shows no spinner
        self._patience.timeout.connect(lambda: self._pages.setCurrentWidget(self._loading))
        self._error = Page(glyph="warning-octagon", button=_("Try again"))
        for page in (self._empty, self._loading, self._error, self.view):
            self._pages.addWidget(page)
        self._notes = Label()
        self._notes.setObjectName("GraphNotes")
        self._notes.setWordWrap(True)
        self._notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._notes.setContentsMargins(12, 6, 12, 6)
        self._notes.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._tools = self._build_tools()
        column.addWidget(self._tools)
        column.addWidget(self._notes)
        column.addWidget(self._pages, 1)
        self._connect()
        self._on_current(state.current)

    # Building

    def _build_tools(self) -> QWidget:
        bar = QFrame()
        bar.setObjectName("GraphTools")
        self.search.setParent(bar)  # the first field of the tab: the window's Find command goes there
        row = QHBoxLayout(bar)
        row.setContentsMargins(8, 5, 8, 5)
        row.setSpacing(3)
        self._direction_button = self._tool("arrows-down-up", _("Flow downwards or to the right (D)"), self.turn, "D")
        self._percent = QToolButton()
        self._percent.setAutoRaise(True)
        self._percent.setToolTip(_("Back to 100 % (0)"))
        self._percent.setAccessibleName(_("Zoom"))
        self._percent.setMinimumWidth(56)
        self._percent.clicked.connect(lambda: self.view.zoom_by(1 / self.view.zoom))
        for widget in (
            self._tool("arrows-out", _("Fit the whole graph (F)"), self.view.fit),
            self._tool("crosshair", _("Zoom to the selection (Z)"), self.view.zoom_to_selection),
            self._tool("minus", _("Zoom out (-)"), lambda: self.view.zoom_by(0.8)),
            self._percent,
            self._tool("plus", _("Zoom in (+)"), lambda: self.view.zoom_by(1.25)),
            self._direction_button,
            self._tool("image", _("Save a picture of the graph (Ctrl+Shift+P)"), self.save_picture, "Ctrl+Shift+P"),
        ):
            row.addWidget(widget)
        self._picker = self._build_picker()
        row.addSpacing(8)
        row.addWidget(self._picker, 1)
        row.addStretch(1)
        row.addWidget(self.search)
        return bar

    def _tool(self, glyph: str, text: str, run: Callable[[], None], shortcut: str = "") -> QToolButton:
        button = QToolButton()
        action = QAction(theme.icon(glyph), text, self)
        action.triggered.connect(lambda _checked: run())
        if shortcut:
            action.setShortcut(QKeySequence(shortcut))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            self.view.addAction(action)
        button.setDefaultAction(action)
        button.setToolTip(text)
        button.setAccessibleName(text)
        button.setAutoRaise(True)
        return button

    def _build_picker(self) -> QComboBox:
        picker = QComboBox()
        picker.setEditable(True)
        picker.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        picker.setAccessibleName(_("Graph inside the model"))
        picker.setToolTip(_("Functions, branches and nested models inside this model"))
        picker.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        picker.setMaximumWidth(460)
        picker.setMinimumContentsLength(24)
        picker.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        completer = picker.completer()
        if completer is not None:
            completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
        picker.activated.connect(self._on_picked)
        picker.hide()
        return picker

    def _connect(self) -> None:
        self._state.current_changed.connect(self._on_current)
        self._state.graph_ready.connect(self._on_graph)
        self._state.theme_changed.connect(self.restyle)
        self._loading.pressed.connect(self.cancel)
        self._error.pressed.connect(self.reload)
        self.view.node_selected.connect(self._on_selected)
        self.view.node_activated.connect(self._on_activated)
        self.view.zoomed.connect(self._show_zoom)
        self.search.found.connect(self.view.mark_found)
        self.search.chosen.connect(lambda node: self.view.select(node, reveal=True))
        self.search.left.connect(self.view.setFocus)
        self.selection.reveal.connect(self.reveal)
        self.selection.find.connect(self.search.look_for)
        self.setFocusProxy(self.view)
        self.restyle()

    # Doing

    def turn(self) -> None:
        """Let the data flow downwards instead of to the right, or the other way round."""
        self._direction = "right" if self._direction == "down" else "down"
        self._wanted_node = self.selection.node
        self.reload()

    def reveal(self, function: str, node: str) -> None:
        """Show a node, in another graph of the model when need be."""
        if function != self._function:
            self._wanted_node = node
            self.show_function(function)
            return
        drawing = self.view.drawing
        if drawing is not None and node:
            index = drawing.index.get(node, drawing.scene.folded.get(node))
            if index is not None:
                self.view.select(index, reveal=True)

    def show_function(self, function: str) -> None:
        """Show one of the graphs inside the model; "" is the top one."""
        with QSignalBlocker(self._picker):
            self._pick(function)
        self._function = function
        self.reload()

    def reload(self) -> None:
        """Lay the graph out anew."""
        record = self._state.current
        if record is None:
            self._patience.stop()
            self._pages.setCurrentWidget(self._empty)
            return
        self._abandon(self._ticket)
        if not record.is_model:
            self._ticket = None
            self._patience.stop()
            self._error.say(
                _("{name} is made to be deployed: it has no graph of its own.").format(name=record.name),
                _("What is in it, and how it was checked, is in the report. Open its source to see the graph."),
            )
            self._pages.setCurrentWidget(self._error)
            return
        self._loading.say(_("Drawing {name}").format(name=record.name))
        self._patience.start()
        job = LayOut(path=record.path, function=self._function, direction=self._direction)
        ticket: list[Ticket] = []
        self._ticket = self._jobs.submit(
            job,
            prepare=Drawing,
            then=lambda drawing: self._show(ticket, drawing),
            failed=lambda event: self._fail(ticket, event),
            quiet=True,
        )
        ticket.append(self._ticket)

    def error_text(self) -> str:
        """Return what went wrong, "" when nothing did."""
        return self._error.text.text() if self._pages.currentWidget() is self._error else ""

    def save_picture(self) -> None:
        """Ask for a file and write the whole graph to it."""
        record = self._state.current
        if record is None or self.view.drawing is None:
            return
        suggestion = Path(record.path).stem + ".svg"
        chosen, _filter = QFileDialog.getSaveFileName(
            self,
            _("Save a picture of the graph"),
            suggestion,
            _("SVG drawing (*.svg);;PNG picture (*.png)"),
            options=QFileDialog.Option.DontConfirmOverwrite,
        )
        if chosen:
            self.save_picture_to(Path(chosen))

    def save_picture_to(self, target: Path) -> None:
        """Write the whole graph to ``target`` in the background; the message bar says how it went."""
        if self.view.drawing is None:
            return
        drawing, saved = self.view.drawing, _("Saved {path}.").format(path=target)
        self._jobs.background.run(
            lambda: write_picture(drawing, target),
            then=lambda _nothing: self._state.say(saved, level="good"),
            failed=self._state.say_error,
        )

    def cancel(self) -> None:
        """Stop laying out; nothing when that is over."""
        if self._ticket is not None:
            self._jobs.cancel(self._ticket)

    def _abandon(self, ticket: Ticket | None) -> None:
        """Cancel a layout that nobody waits for any more; one that is nearly over ends sooner than a worker starts."""
        if ticket is None or ticket.ended:
            return
        if ticket.state == "queued":
            self._jobs.cancel(ticket)
        else:
            QTimer.singleShot(GRACE_MS, self, lambda: self._jobs.cancel(ticket))

    def restyle(self) -> None:
        """Take over the theme in force."""
        self._notes.setStyleSheet(
            f"#GraphNotes {{ background: {theme.colour('info-soft').name()}; color: {theme.colour('text').name()};"
            f" border-bottom: 1px solid {theme.colour('border').name()}; }}"
        )
        self._tools.setStyleSheet(
            f"#GraphTools {{ background: {theme.colour('surface').name()};"
            f" border-bottom: 1px solid {theme.colour('border').name()}; }}"
        )
        self.view.restyle()

    # Following

    def _on_current(self, record: ModelRecord | None) -> None:
        shown = (record.id, record.path) if record is not None else None
        if shown is not None and shown == self._shown:
            return  # only its name has changed
        self._shown = shown
        self._function, self._wanted_node = "", ""
        self.view.show_drawing(None)
        self.selection.select("", "")
        self._fill_picker(self._state.graph_of(record.id) if record is not None else None)
        self.reload()

    def _on_graph(self, model_id: int) -> None:
        if self._state.current is not None and self._state.current.id == model_id:
            self._fill_picker(self._state.graph_of(model_id))

    def _fill_picker(self, graph: Graph | None) -> None:
        notes = graph.notes if graph is not None else []
        self._notes.setText("\n".join(notes))
        self._notes.setVisible(bool(notes))
        with QSignalBlocker(self._picker):
            self._picker.clear()
            if graph is not None and graph.functions:
                self._picker.addItem(_("Whole model"), "")
                for key, inner in sorted(graph.functions.items(), key=lambda item: -len(item[1].nodes)):
                    count = len(inner.nodes)
                    size = ngettext("{count} node", "{count} nodes", count).format(count=count)
                    self._picker.addItem(f"{key}   ({size})", key)
                self._pick(self._function)
        self._picker.setVisible(self._picker.count() > 0)

    def _pick(self, function: str) -> None:
        self._picker.setCurrentIndex(max(self._picker.findData(function), 0))
        edit = self._picker.lineEdit()
        if edit is not None:
            edit.setCursorPosition(0)  # a long name shows its beginning

    def _on_picked(self, index: int) -> None:
        function = self._picker.itemData(index)
        if isinstance(function, str) and function != self._function:
            self.show_function(function)

    def _show(self, ticket: list[Ticket], drawing: Drawing) -> None:
        if ticket and ticket[0] is not self._ticket:
            return  # another graph has been asked for since
        self._patience.stop()
        self._pages.setCurrentWidget(self.view)
        self.view.show_drawing(drawing)
        self.search.show_drawing(drawing)
        self.selection.select(self._function, "")
        if not drawing.scene.names:
            self._error.say(_("There is nothing to draw."), _("This graph has no nodes, inputs or outputs."))
            self._pages.setCurrentWidget(self._error)
        if self._wanted_node:
            self.reveal(self._function, self._wanted_node)
            self._wanted_node = ""
        self._show_zoom(self.view.zoom)
        self.drawn.emit()

    def _fail(self, ticket: list[Ticket], event: AnyEvent) -> None:
        if ticket and ticket[0] is not self._ticket:
            return
        self._patience.stop()
        if isinstance(event, Failed | Crashed):
            self._error.say(event.message, event.hint)
        else:
            self._error.say(_("Drawing was cancelled."))
        self._pages.setCurrentWidget(self._error)

    def _on_selected(self, node: str) -> None:
        self.selection.select(self._function, node)
        self.node_selected.emit(node)

    def _on_activated(self, name: str) -> None:
        record = self._state.current
        graph = self._state.graph_of(record.id) if record is not None else None
        if graph is None:
            return
        inner = graph.functions.get(self._function, graph)
        for node in inner.nodes:
            if node.name == name and node.subgraphs:
                self.show_function(node.subgraphs[0])
                return
        self.view.zoom_to_selection()

    def _show_zoom(self, zoom: float) -> None:
        percent = zoom * 100
        self._percent.setText(f"{percent:.0f} %" if percent >= 1 else f"{percent:.2f} %")
