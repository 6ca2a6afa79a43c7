"""The parts of the window as rows of data, each built when it is first shown so that the start stays quick."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QVBoxLayout, QWidget

import workbench.runtimes
from workbench.core.i18n import N_, _
from workbench.core.plugins import discover
from workbench.gui.jobs import Jobs
from workbench.gui.state import State
from workbench.runtimes import Runtime

Area = Literal["centre", "left", "right", "bottom"]
MakePane = Callable[[State, Jobs, QWidget], QWidget]


class PaneRow(msgspec.Struct, frozen=True):
    """One part of the window: a tab in the centre or a dock."""

    id: str
    title: str
    area: Area
    icon: str
    shortcut: str
    load: Callable[[], MakePane]
    """Imports the class; apart, so that nothing is imported before it is needed."""
    height: int = 0
    """Pixels that a dock at the bottom takes when it is first seen; 0 is content with what there is."""


def _graph() -> MakePane:
    from workbench.gui.graph.graph_tab import GraphTab

    return GraphTab


def _compare() -> MakePane:
    from workbench.gui.panels.compare import ComparePanel

    return ComparePanel


def _report() -> MakePane:
    from workbench.gui.panels.report import ReportPanel

    return ReportPanel


def _project() -> MakePane:
    from workbench.gui.panels.project_tree import ProjectTree

    return ProjectTree


def _inspector() -> MakePane:
    from workbench.gui.graph.inspector import Inspector

    return Inspector


def _jobs() -> MakePane:
    from workbench.gui.panels.jobs import JobsPanel

    return JobsPanel


def _run() -> MakePane:
    from workbench.gui.panels.run import RunPanel

    return RunPanel


def _benchmark() -> MakePane:
    from workbench.gui.panels.benchmark import BenchmarkPanel

    return BenchmarkPanel


def _evaluate() -> MakePane:
    from workbench.gui.panels.evaluate import EvaluatePanel

    return EvaluatePanel


def _log() -> MakePane:
    from workbench.gui.panels.log import LogPanel

    return LogPanel


PANES: tuple[PaneRow, ...] = (
    PaneRow("graph", N_("Graph"), "centre", "tree-structure", "Ctrl+1", _graph),
    PaneRow("compare", N_("Compare"), "centre", "git-diff", "Ctrl+2", _compare),
    PaneRow("report", N_("Report"), "centre", "file-text", "Ctrl+3", _report),
    PaneRow("project", N_("Project"), "left", "folders", "Ctrl+4", _project),
    PaneRow("inspector", N_("Inspector"), "right", "sliders-horizontal", "Ctrl+5", _inspector),
    PaneRow("jobs", N_("Jobs"), "bottom", "list-dashes", "Ctrl+6", _jobs),
    PaneRow("run", N_("Run"), "bottom", "play", "Ctrl+7", _run, 300),
    PaneRow("benchmark", N_("Benchmark"), "bottom", "chart-line-up", "Ctrl+8", _benchmark, 360),
    PaneRow("evaluate", N_("Evaluate"), "bottom", "target", "Ctrl+9", _evaluate, 320),
    PaneRow("log", N_("Log"), "bottom", "terminal-window", "Ctrl+0", _log),
)
FOOT_HEIGHT = 150
"""Of the docks at the bottom while they have nothing to show."""
AREAS = {
    "left": Qt.DockWidgetArea.LeftDockWidgetArea,
    "right": Qt.DockWidgetArea.RightDockWidgetArea,
    "bottom": Qt.DockWidgetArea.BottomDockWidgetArea,
}


class Pane(QWidget):
    """Holds the place of one part and builds it when it is first seen or asked for."""

    def __init__(self, row: PaneRow, state: State, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row = row
        self._state = state
        self._jobs = jobs
        self._content: QWidget | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self.setObjectName("Pane")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName(_(row.title))

    def content(self) -> QWidget:
        """Return the part itself, building it now when need be."""
        if self._content is None:
            self._content = self.row.load()(self._state, self._jobs, self)
            self._layout.addWidget(self._content)
            self.setFocusProxy(self._content)
        return self._content

    def is_built(self) -> bool:
        """Say whether the part exists."""
        return self._content is not None

    def showEvent(self, event: QShowEvent) -> None:
        """Build the part once it is really seen."""
        super().showEvent(event)
        self.build_soon()

    def build_soon(self) -> None:
        """Build the part when it is still seen after the event: Qt shows docks behind others too for a moment."""
        if self._content is None:
            QTimer.singleShot(0, self, self._build_when_seen)

    def _build_when_seen(self) -> None:
        if not self.visibleRegion().isEmpty():
            self.content()


class Dock(QDockWidget):
    """A dock around a pane, with a name that survives in the saved window state."""

    def __init__(self, pane: Pane, parent: QWidget) -> None:
        super().__init__(_(pane.row.title), parent)
        self.setObjectName(f"Dock-{pane.row.id}")
        self.setWidget(pane)
        self._pane = pane
        self._has_room = not pane.row.height
        self.visibilityChanged.connect(pane.build_soon)
        self.visibilityChanged.connect(lambda: QTimer.singleShot(0, self, self._make_room))
        self.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetClosable | QDockWidget.DockWidgetFeature.DockWidgetMovable
        )

    def _make_room(self) -> None:
        """Grow once, when really seen, to what the pane needs; later the person's own size stays."""
        window = self.parentWidget()
        if self._has_room or self._pane.visibleRegion().isEmpty() or not isinstance(window, QMainWindow):
            return
        self._has_room = True
        if self.height() < self._pane.row.height:
            window.resizeDocks([self], [self._pane.row.height], Qt.Orientation.Vertical)


class PaneLoader(QObject):
    """Gets the panes ready behind a window that is already there, so that the first look at each does not wait."""

    _imported = Signal()

    def __init__(self, panes: Sequence[Pane], parent: QObject) -> None:
        super().__init__(parent)
        self._panes = list(panes)
        self._imported.connect(self._build_next, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Import their modules in a thread, then build them one by one between other events."""
        threading.Thread(target=self._import, name="import panes", daemon=True).start()

    def _import(self) -> None:
        importlib.import_module("numpy.ma")  # np.unique imports it when the first graph is painted
        discover(workbench.runtimes, Runtime)  # so are these when the first panel lists where a model can run
        for pane in self._panes:
            pane.row.load()
        self._imported.emit()

    def _build_next(self) -> None:
        if self._panes:
            content = self._panes.pop(0).content()
            for part in (content, *content.findChildren(QWidget)):
                part.ensurePolished()  # the style sheet's work, which would else be done when it is first shown
            QTimer.singleShot(20, self, self._build_next)
