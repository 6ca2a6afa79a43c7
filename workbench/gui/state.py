"""State: what the window is about (project, models, the one in view), with a signal for each kind of change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

from workbench.core import settings as settings_file
from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Graph
from workbench.core.i18n import _
from workbench.core.known_data import known_data
from workbench.core.project import ModelRecord, Project
from workbench.core.settings import Settings
from workbench.core.writing import atomic_target
from workbench.gui import theme
from workbench.gui.jobs import Jobs
from workbench.jobs.read import ReadModel
from workbench.jobs.transform import Transformed

Level = Literal["info", "good", "warning", "error"]
GRAPHS_KEPT = 8
"""Graphs of so many models stay in memory, the ones used last."""


class State(QObject):
    """What all panels look at. Nothing here waits: files are read by jobs."""

    models_changed = Signal()
    current_changed = Signal(object)
    """ModelRecord or None."""
    graph_ready = Signal(int)
    """Model id whose Graph can be had with ``graph_of``."""
    theme_changed = Signal()
    project_changed = Signal()
    message = Signal(str, str, str, str)
    """text, hint, details, level: for the message bar."""
    data_offered = Signal(object)
    """DataSpec that goes with the model in view: forms that show nothing that the person chose take it."""
    wanted = Signal(str, list)
    """Please show a panel ("benchmark", "run", "evaluate", "compare", "report", "graph") for these model ids."""

    def __init__(self, project: Project, jobs: Jobs, settings: Settings | None = None) -> None:
        super().__init__()
        self.project = project
        self.jobs = jobs
        self.settings = settings or Settings()
        self.current: ModelRecord | None = None
        self.graphs: dict[int, Graph] = {}
        self._data: dict[str, DataSpec] = {}
        self._left = False
        self._reading: set[str] = set()

    # Models

    def model(self, model_id: int) -> ModelRecord | None:
        """Return the record of a model of the project."""
        return next((record for record in self.project.models() if record.id == model_id), None)

    def graph_of(self, model_id: int) -> Graph | None:
        """Return the Graph of a model, or None while it has not been read (``graph_ready`` tells)."""
        return self.graphs.get(model_id)

    def open_model(self, path: Path) -> None:
        """Read ``path`` in the reading worker; when it is a model, add it to the project and show it."""
        path = path.expanduser().absolute()
        known = next((record for record in self.project.models() if Path(record.path) == path), None)
        if known is not None and self.project.status(known) == "present":
            self._remember(path)
            self.select(known.id)
            return
        self._read(path)

    def select(self, model_id: int) -> None:
        """Make a model the one in view; its Graph is read when it has not been yet."""
        record = self.model(model_id)
        if record is None:
            return
        if self.current is None or self.current.id != record.id:
            self._view(record)
        if record.id in self.graphs:
            self._keep(record.id, self.graphs[record.id])
        elif record.is_model:
            self._read(Path(record.path), record)

    def adopt(self, result: Transformed, parent: ModelRecord, *, name: str = "") -> ModelRecord:
        """Add what Optimize or Export made to the project, as a child of its source."""
        path = Path(result.artifact)
        record = self.project.add_model(
            path, name=name or path.name, format=result.format, parent=parent.id, step=msgspec.to_builtins(result)
        )
        self.models_changed.emit()
        return record

    def rename(self, model_id: int, name: str) -> None:
        """Give a model another name in the project; its file keeps its own."""
        self.project.rename_model(model_id, name)
        self._renew()

    def remove(self, model_id: int) -> None:
        """Take a model off the project; files that the person brought are left alone."""
        self.project.remove_model(model_id)
        self.graphs.pop(model_id, None)
        self._renew()

    def _renew(self) -> None:
        if self.current is not None:
            current = self.model(self.current.id)
            self.current = current
            self.current_changed.emit(current)
        self.models_changed.emit()

    def _read(self, path: Path, record: ModelRecord | None = None) -> None:
        key = str(path)
        if key in self._reading:
            return
        self._reading.add(key)

        def opened(graph: Graph) -> None:
            self._reading.discard(key)
            self._opened(path, graph, record)

        self.jobs.submit(ReadModel(path=key), then=opened, failed=lambda _event: self._reading.discard(key))

    def _opened(self, path: Path, graph: Graph, record: ModelRecord | None) -> None:
        if record is not None:
            self._keep(record.id, graph)
            self.graph_ready.emit(record.id)
            return
        added = self.project.add_model(path, name=path.name, format=graph.format)
        self._keep(added.id, graph)
        self._remember(path)
        self.models_changed.emit()
        QTimer.singleShot(0, self, lambda: self._show_opened(added))  # apart: each part of the window takes its time

    def _keep(self, model_id: int, graph: Graph) -> None:
        self.graphs.pop(model_id, None)
        self.graphs[model_id] = graph
        viewed = self.current.id if self.current is not None else model_id
        old = [kept for kept in self.graphs if kept not in (model_id, viewed)]
        for forgotten in old[: max(0, len(self.graphs) - GRAPHS_KEPT)]:
            del self.graphs[forgotten]

    def _show_opened(self, record: ModelRecord) -> None:
        self._view(record)
        QTimer.singleShot(0, self, lambda: self.graph_ready.emit(record.id))

    def _view(self, record: ModelRecord) -> None:
        self.current = record
        self.current_changed.emit(record)
        self.data_offered.emit(self.data)

    def _remember(self, path: Path) -> None:
        self.settings.remember(path)
        self.save_settings()

    @property
    def data(self) -> DataSpec:
        """The data that goes with the model in view: offered for its first ancestor, or last used in its family."""
        if self.current is None:
            return DataSpec()
        offered = self._data.get(self.project.lineage(self.current.id)[0].path)
        return offered if offered is not None else known_data(self.project, self.current.id)

    def offer_data(self, spec: DataSpec, model: Path | None = None) -> None:
        """Let the data forms start with ``spec`` for ``model`` and its descendants; None is the model in view."""
        if model is None and self.current is not None:
            model = Path(self.project.lineage(self.current.id)[0].path)
        self._data[str(model)] = spec
        self.data_offered.emit(self.data)

    # Project, theme, settings

    def open_project(self, folder: Path) -> None:
        """Open (or create) the project in ``folder`` and close this one; an error is said and changes nothing."""
        self.jobs.background.run(lambda: Project.open(folder), then=self._switch, failed=self.say_error)

    def _switch(self, project: Project) -> None:
        self.jobs.background.after_all(self.project.close)  # what is being stored in it is stored first
        self.project = project
        self.graphs.clear()
        self.current = None
        self.settings.project = str(project.folder)
        self.save_settings()
        self.project_changed.emit()
        self.models_changed.emit()
        self.current_changed.emit(None)

    def set_theme(self, mode: theme.Mode) -> None:
        """Switch between following the system, light and dark."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, mode)
        if self.settings.theme != mode:
            self.settings.theme = mode
            self.save_settings()
        self.theme_changed.emit()

    def follow_system(self) -> None:
        """Take the desktop's colours when that is what the settings say."""
        if self.settings.theme == "system":
            self.set_theme("system")

    def save_settings(self) -> None:
        """Store the settings; a folder that cannot be written is said once and changes nothing else."""
        try:
            settings_file.save(self.settings)
        except OSError as error:
            self.say(_("The settings cannot be saved: {reason}.").format(reason=error.strerror), level="warning")

    def resume(self) -> None:
        """Show the model that was in view when the project was last closed, if it is still there."""
        record = self.model(self.project.get_setting("current", 0))
        if record is not None and self.project.status(record) != "missing":
            self.select(record.id)

    def leave(self) -> None:
        """Remember what is in view, save the settings and close the project."""
        if not self._left:
            self._left = True
            self.project.set_setting("current", self.current.id if self.current is not None else 0)
            self.save_settings()
            self.project.close()

    # Files and messages

    def save(self, target: Path, write: Callable[[Path], None]) -> None:
        """Let ``write`` write to ``target`` in the background, and say how it went; ``target`` must not exist yet."""

        def work() -> None:
            with atomic_target(target) as partial:
                write(partial)

        saved = _("Saved {path}.").format(path=target)
        self.jobs.background.run(work, then=lambda _nothing: self.say(saved, level="good"), failed=self.say_error)

    def say(self, text: str, hint: str = "", *, details: str = "", level: Level = "info") -> None:
        """Show a message in the message bar."""
        self.message.emit(text, hint, details, level)

    def say_error(self, error: WorkbenchError) -> None:
        """Show an error that the person can act on."""
        self.say(error.message, error.hint, level="error")
