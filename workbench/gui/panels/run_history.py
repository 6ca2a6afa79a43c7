"""Pick an earlier run of the project: benchmarks, evaluations, comparisons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QSizePolicy, QWidget

from workbench.core.i18n import _
from workbench.core.project import Project, RunRecord
from workbench.gui.state import State


class RunHistory(QComboBox):
    """The project's runs of one kind, newest first."""

    picked = Signal(dict, str)
    """Result and samples path of the run that the person picked."""

    def __init__(
        self, state: State, kind: str, describe: Callable[[dict[str, Any]], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._state = state
        self._kind = kind
        self._describe = describe
        self._asked = 0
        self._wanted = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumContentsLength(8)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setAccessibleName(_("Earlier runs"))
        self.activated.connect(self._on_activated)
        state.project_changed.connect(self.refresh)
        self.refresh()

    def refresh(self, *, newest: bool = False) -> None:
        """List the runs, read in the background; ``newest`` also selects the latest, without showing it anew."""
        self._asked += 1
        number, project = self._asked, self._state.project
        self._state.jobs.background.run(
            lambda: self._read(project),
            then=lambda rows: self._fill(rows, newest=newest) if number == self._asked else None,
            failed=lambda error: self._state.say_error(error) if number == self._asked else None,
            owner=self,
        )

    def _read(self, project: Project) -> list[tuple[str, RunRecord]]:
        rows = []
        for record in reversed(project.runs(self._kind)):
            text = _("Run {id}").format(id=record.id) + f" \u00b7 {record.created[:16].replace('T', ' ')}"
            rows.append((f"{text} \u00b7 {self._describe(record.result)}", record))
        return rows

    def _fill(self, rows: list[tuple[str, RunRecord]], *, newest: bool) -> None:
        self.clear()
        for text, record in rows:
            self.addItem(text, record)
        self.setEnabled(self.count() > 0)
        self.setPlaceholderText(_("Earlier runs") if self.count() else _("No runs yet"))
        self.setCurrentIndex(0 if newest and self.count() else -1)
        wanted, self._wanted = self._wanted, 0
        if wanted:
            self.pick(wanted)

    def show_current(self, text: str) -> None:
        """Say what is shown that is not in the list (yet)."""
        self.setPlaceholderText(text)
        self.setCurrentIndex(-1)

    def pick(self, run_id: int) -> None:
        """Show this run, at the latest when the list has been read."""
        self._wanted = run_id
        for index in range(self.count()):
            if self.itemData(index).id == run_id:
                self._wanted = 0
                self.setCurrentIndex(index)
                self._on_activated(index)

    def _on_activated(self, index: int) -> None:
        record = self.itemData(index)
        if record is not None:
            self.picked.emit(record.result, record.samples_path)
