"""The parts of the window as rows of data, each built when it is first shown so that the start stays quick."""

from __future__ import annotations

import importlib
from typing import Literal

import msgspec
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDockWidget, QVBoxLayout, QWidget

from workbench.core.i18n import N_, _
from workbench.gui.jobs import Jobs
from workbench.gui.state import State

Area = Literal["centre", "left", "right", "bottom"]


class PaneRow(msgspec.Struct, frozen=True):
    """One part of the window: a tab in the centre or a dock."""

    id: str
    title: str
    area: Area
    icon: str
    module: str
    name: str
    """Class in ``module``, called with (state, jobs)."""
    shortcut: str


PANES: tuple[PaneRow, ...] = (
    PaneRow("graph", N_("Graph"), "centre", "tree-structure", "graph.graph_tab", "GraphTab", "Ctrl+1"),
    PaneRow("compare", N_("Compare"), "centre", "git-diff", "panels.compare", "ComparePanel", "Ctrl+2"),
    PaneRow("report", N_("Report"), "centre", "file-text", "panels.report", "ReportPanel", "Ctrl+3"),
    PaneRow("project", N_("Project"), "left", "folders", "panels.project_tree", "ProjectTree", "Ctrl+4"),
    PaneRow("inspector", N_("Inspector"), "right", "sliders-horizontal", "graph.inspector", "Inspector", "Ctrl+5"),
    PaneRow("jobs", N_("Jobs"), "bottom", "list-dashes", "panels.jobs", "JobsPanel", "Ctrl+6"),
    PaneRow("run", N_("Run"), "bottom", "play", "panels.run", "RunPanel", "Ctrl+7"),
    PaneRow("benchmark", N_("Benchmark"), "bottom", "chart-line-up", "panels.benchmark", "BenchmarkPanel", "Ctrl+8"),
    PaneRow("evaluate", N_("Evaluate"), "bottom", "target", "panels.evaluate", "EvaluatePanel", "Ctrl+9"),
    PaneRow("log", N_("Log"), "bottom", "terminal-window", "panels.log", "LogPanel", "Ctrl+0"),
)
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
            try:
                module = importlib.import_module(f"workbench.gui.{self.row.module}")
                self._content = getattr(module, self.row.name)(self._state, self._jobs, self)
            except ModuleNotFoundError:  # only until all panels exist
                self._content = QWidget()
            self._layout.addWidget(self._content)
            self.setFocusProxy(self._content)
        return self._content

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
        self.visibilityChanged.connect(pane.build_soon)
        self.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetClosable | QDockWidget.DockWidgetFeature.DockWidgetMovable
        )
