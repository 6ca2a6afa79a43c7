"""A checkable tree of what can be measured: the project's models, each in the runtimes and devices that open it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QTreeWidget, QTreeWidgetItem, QWidget

from workbench.core.i18n import _
from workbench.core.lineage import ModelRecord
from workbench.gui.devices import Devices, Place
from workbench.gui.jobs import Jobs
from workbench.gui.labels import tip
from workbench.gui.state import State
from workbench.jobs.benchmark import Subject

ROLE = Qt.ItemDataRole.UserRole


class SubjectTree(QTreeWidget):
    """Models with a check box for each place; what is not available is greyed out and says why."""

    chosen_changed = Signal()

    def __init__(self, state: State, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._devices = Devices.of(jobs)
        self._checked: set[Subject] = set()
        self._kept = False
        """The person has chosen: what is in view changes nothing any more."""
        self.setHeaderHidden(True)
        self.setColumnCount(1)
        self.setRootIsDecorated(False)
        self.setIndentation(12)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setAccessibleName(_("Models, runtimes and devices"))
        self.setMinimumHeight(90)
        self.itemChanged.connect(self._on_changed)
        state.models_changed.connect(self.fill)
        state.current_changed.connect(self._on_current)
        state.project_changed.connect(self._on_project)
        self._devices.changed.connect(self.fill)
        self._on_current(state.current)

    def sizeHint(self) -> QSize:
        """Prefer to show a few models."""
        return QSize(250, 180)

    def showEvent(self, event: QShowEvent) -> None:
        """Ask for the devices when they are first needed."""
        self._devices.ask()
        super().showEvent(event)

    def chosen(self) -> list[Subject]:
        """Return the checked subjects from top to bottom."""
        items = self.findItems("", Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive)
        checked = [item for item in items if item.checkState(0) == Qt.CheckState.Checked and not item.isDisabled()]
        return [item.data(0, ROLE) for item in checked if item.data(0, ROLE) is not None]

    def choose(self, subjects: list[Subject]) -> None:
        """Check exactly these."""
        self._checked = set(subjects)
        self.fill()
        self.chosen_changed.emit()

    def choose_models(self, model_ids: list[int]) -> None:
        """Check the first available place of each of these models."""
        self._kept = True
        subjects = []
        for record in self._models():
            place = next((place for place in self._devices.places(record.format) if place.available), None)
            if record.id in model_ids and place is not None:
                subjects.append(_subject(record, place))
        self.choose(subjects)

    def fill(self) -> None:
        """Show the models and places as they are now; what was checked stays checked."""
        self.blockSignals(True)
        self.clear()
        for record in self._models():
            top = QTreeWidgetItem([record.name])
            top.setToolTip(0, tip(f"{record.name}\n{record.path}"))
            top.setFlags(Qt.ItemFlag.ItemIsEnabled)
            font = top.font(0)
            font.setBold(True)
            top.setFont(0, font)
            self.addTopLevelItem(top)
            for place in self._devices.places(record.format):
                top.addChild(self._place_item(record, place))
            if top.childCount() == 0:
                none = QTreeWidgetItem([_("no runtime opens this format")])
                none.setDisabled(True)
                top.addChild(none)
            top.setExpanded(True)
        self.blockSignals(False)

    def _models(self) -> list[ModelRecord]:
        return [record for record in self._state.project.models() if record.is_model]

    def _place_item(self, record: ModelRecord, place: Place) -> QTreeWidgetItem:
        subject = _subject(record, place)
        text = place.label if place.available else f"{place.label} \u2013 {place.reason}"
        item = QTreeWidgetItem([text])
        item.setData(0, ROLE, subject)
        item.setToolTip(0, tip(f"{place.label}\n{place.reason}".strip()))
        checked = place.available and subject in self._checked
        item.setCheckState(0, Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked)
        item.setDisabled(not place.available)
        return item

    def _on_changed(self, item: QTreeWidgetItem) -> None:
        subject = item.data(0, ROLE)
        if subject is None:
            return
        self._kept = True
        if item.checkState(0) == Qt.CheckState.Checked:
            self._checked.add(subject)
        else:
            self._checked.discard(subject)
        self.chosen_changed.emit()

    def _on_current(self, record: ModelRecord | None) -> None:
        """Offer the model in view, beside the one it was made from, until the person chooses."""
        if record is None or (self._kept and self.chosen()):
            self.fill()
            return
        self.choose_models([record.id] if record.parent is None else [record.parent, record.id])
        self._kept = False

    def _on_project(self) -> None:
        self._kept = False
        self.choose([])


def _subject(record: ModelRecord, place: Place) -> Subject:
    return Subject(record.path, place.runtime, place.device)
