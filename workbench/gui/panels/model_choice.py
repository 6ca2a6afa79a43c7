"""Choose one model of the project, and where it runs."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QWidget

from workbench.core.i18n import _
from workbench.core.lineage import ModelRecord
from workbench.gui.devices import Devices, Place
from workbench.gui.jobs import Jobs
from workbench.gui.labels import tip
from workbench.gui.state import State


class ModelChoice(QComboBox):
    """The project's models by name."""

    changed = Signal()

    def __init__(self, state: State, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.setAccessibleName(title)
        self.setMinimumContentsLength(8)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setPlaceholderText(_("No model"))
        self.currentIndexChanged.connect(self.changed)
        state.models_changed.connect(self.fill)
        self.fill()

    def record(self) -> ModelRecord | None:
        """Return the chosen model."""
        record = self.currentData()
        return record if isinstance(record, ModelRecord) else None

    def choose(self, model_id: int) -> None:
        """Choose a model by its id; an unknown one changes nothing."""
        for index in range(self.count()):
            if self.itemData(index).id == model_id:
                self.setCurrentIndex(index)

    def fill(self) -> None:
        """Show the models as they are now; the chosen one stays chosen."""
        before = self.record()
        self.blockSignals(True)
        self.clear()
        for record in (found for found in self._state.project.models() if found.is_model):
            self.addItem(record.name, record)
            self.setItemData(self.count() - 1, tip(record.path), Qt.ItemDataRole.ToolTipRole)
        if before is not None:
            self.choose(before.id)
        self.blockSignals(False)
        self.changed.emit()


class PlaceChoice(QComboBox):
    """The runtimes and devices that open the model of a ModelChoice; unavailable ones are disabled with the reason."""

    changed = Signal()

    def __init__(self, jobs: Jobs, models: ModelChoice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._models = models
        self._devices = Devices.of(jobs)
        self.setAccessibleName(_("Runtime and device"))
        self.setMinimumContentsLength(8)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setPlaceholderText(_("No runtime opens this format"))
        models.changed.connect(self.fill)
        self._devices.changed.connect(self.fill)
        self.currentIndexChanged.connect(self.changed)
        self.fill()

    def showEvent(self, event: QShowEvent) -> None:
        """Ask for the devices when they are first needed."""
        self._devices.ask()
        super().showEvent(event)

    def place(self) -> Place | None:
        """Return the chosen place."""
        place = self.currentData()
        return place if isinstance(place, Place) and place.available else None

    def fill(self) -> None:
        """Show the places of the chosen model; the chosen one stays chosen when it is still there."""
        before = self.place()
        record = self._models.record()
        self.blockSignals(True)
        self.clear()
        for place in self._devices.places(record.format) if record is not None else []:
            self.addItem(place.label, place)
            index = self.count() - 1
            self.setItemData(index, tip(place.reason), Qt.ItemDataRole.ToolTipRole)
            model = self.model()
            item = model.item(index) if isinstance(model, QStandardItemModel) else None
            if isinstance(item, QStandardItem):
                item.setEnabled(place.available)
        self.setCurrentIndex(self._index_of(before))
        self.blockSignals(False)
        self.changed.emit()

    def _index_of(self, wanted: Place | None) -> int:
        places: list[Place] = [self.itemData(index) for index in range(self.count())]
        usable = [index for index, place in enumerate(places) if place.available]
        same = [
            index
            for index in usable
            if wanted is not None and (places[index].runtime, places[index].device) == (wanted.runtime, wanted.device)
        ]
        return next(iter([*same, *usable]), -1)
