"""The Export dialog: write a model for deployment, reloaded and compared before it counts as done."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

import workbench.exporters
from workbench.core.i18n import _
from workbench.core.paths import resources
from workbench.core.plugins import discover
from workbench.exporters import Exporter
from workbench.gui import theme
from workbench.gui.dialogs.step_dialog import AnyStepPlugin, StepDialog
from workbench.gui.dialogs.step_page import StepPage
from workbench.gui.jobs import Jobs
from workbench.gui.labels import Label
from workbench.gui.state import State
from workbench.jobs.transform import Export


class ExportDialog(StepDialog):
    """One page per target."""

    def __init__(self, state: State, jobs: Jobs, parent: QWidget | None = None, *, choose: str = "") -> None:
        self.list_title = _("Export targets")
        self.verb = _("Export")
        super().__init__(state, jobs, parent, choose=choose)
        self.setWindowTitle(_("Export {name}").format(name=self.source.name))

    def plugins(self) -> Mapping[str, AnyStepPlugin]:
        """Return the exporters."""
        return discover(workbench.exporters, Exporter)

    def page(self, plugin: AnyStepPlugin, obstacle: str) -> StepPage:
        """Return a page whose target is a path that the person chooses."""
        suffix = plugin.suffix if isinstance(plugin, Exporter) else ""
        target = TargetPath(self._free_path(plugin.id, suffix), is_folder=not suffix)
        graph = self.state.graph_of(self.source.id)
        page = StepPage(
            self.state,
            plugin,
            obstacle,
            graph=graph,
            target=target,
            target_title=_("Where to"),
            is_target_good=target.is_free,
        )
        target.changed.connect(page.changed)
        return page

    def job(self, page: StepPage, *, real: bool) -> Export:
        """Return the Export job."""
        target = page.target.path() if isinstance(page.target, TargetPath) else Path()
        return Export(
            source=self.source.path,
            target=str(target),
            exporter_id=page.plugin.id,
            params=page.params(),
            data=page.data.spec(),
        )

    def _free_path(self, plugin_id: str, suffix: str) -> Path:
        """Return a path that is not taken: beside the source, or in the home folder where that is not the person's."""
        folder = Path(self.source.path).parent
        ours = (self.state.project.folder, resources())
        if any(folder.is_relative_to(place) for place in ours) or not os.access(folder, os.W_OK):
            folder = Path.home()
        stem = Path(self.source.name).stem
        wanted, number = (stem if suffix else f"{stem}-{plugin_id}"), 1
        while (path := folder / f"{wanted}{f'-{number}' if number > 1 else ''}{suffix}").exists():
            number += 1
        return path


class TargetPath(QWidget):
    """A path to write to, typed or chosen; says at once when something is there already."""

    changed = Signal()

    def __init__(self, path: Path, *, is_folder: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line = QLineEdit(str(path))
        self._line.setAccessibleName(_("Where to"))
        button = QPushButton(_("Choose..."))
        button.setAccessibleName(_("Choose where to"))
        button.clicked.connect(self._ask)
        self._note = Label()
        self._note.setWordWrap(True)
        row = QHBoxLayout()
        row.addWidget(self._line, 1)
        row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self._note)
        self._is_folder = is_folder
        self._line.textChanged.connect(self._on_changed)
        self._on_changed()

    def path(self) -> Path:
        """Return the path, absolute."""
        return Path(self._line.text().strip()).expanduser().absolute()

    def _on_changed(self) -> None:
        taken = bool(self._line.text().strip()) and not self.is_free()
        text = _("A new folder is made here.") if self._is_folder else _("A new file is written here.")
        self._note.setText(_("That exists already: choose another name, nothing is overwritten.") if taken else text)
        theme.mark(self._note, "role", "error" if taken else "muted")
        self.changed.emit()

    def set_path(self, path: Path) -> None:
        """Show ``path``."""
        self._line.setText(str(path))

    def is_free(self) -> bool:
        """Say whether a path is given and nothing is there yet."""
        return bool(self._line.text().strip()) and not self.path().exists()

    def _ask(self) -> None:
        picked = QFileDialog.getSaveFileName(
            self, _("Export to"), self._line.text(), options=QFileDialog.Option.DontConfirmOverwrite
        )[0]
        if picked:
            self._line.setText(picked)
