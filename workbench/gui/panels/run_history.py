"""Pick an earlier run of the project: benchmarks, evaluations, comparisons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QSizePolicy, QWidget

from workbench.core.i18n import _
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
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumContentsLength(16)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setAccessibleName(_("Earlier runs"))
        self.activated.connect(self._on_activated)
        state.project_changed.connect(self.refresh)
        self.refresh()

    def refresh(self, *, newest: bool = False) -> None:
        """List the runs; ``newest`` also selects the latest, without showing it anew."""
        self.clear()
        for record in reversed(self._state.project.runs(self._kind)):
            text = _("Run {id}").format(id=record.id) + f" \u00b7 {record.created[:16].replace('T', ' ')}"
            text += f" \u00b7 {self._describe(record.result)}"
            self.addItem(text, record)
        self.setEnabled(self.count() > 0)
        self.setPlaceholderText(_("Earlier runs") if self.count() else _("No runs yet"))
        self.setCurrentIndex(0 if newest and self.count() else -1)

    def show_current(self, text: str) -> None:
        """Say what is shown that is not in the list (yet)."""
        self.setPlaceholderText(text)
        self.setCurrentIndex(-1)

    def pick(self, run_id: int) -> None:
        """Show this run."""
        for index in range(self.count()):
            if self.itemData(index).id == run_id:
                self.setCurrentIndex(index)
                self._on_activated(index)

    def _on_activated(self, index: int) -> None:
        record = self.itemData(index)
        if record is not None:
            self.picked.emit(record.result, record.samples_path)
