"""Choose the data of a measurement: a button that says what is chosen and opens the data form."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QPushButton, QScrollArea, QVBoxLayout, QWidget

from workbench.core.datasets import RANDOM, DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _
from workbench.gui import theme
from workbench.gui.jobs import Jobs
from workbench.gui.labels import tip
from workbench.gui.state import State

FRAME_HEIGHT = 80
"""Left free of the screen's height for the window's frame and a little air."""


class DataChoice(QPushButton):
    """Shows the chosen data set; a click opens the data form."""

    changed = Signal()

    def __init__(self, state: State, jobs: Jobs, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._jobs = jobs
        self._title = title
        self._spec = self._offered = state.data
        self._model = ""
        self.setIcon(theme.icon("database"))
        self.setAccessibleName(title)
        self.clicked.connect(self.ask)
        state.data_offered.connect(self._on_offered)
        self._show()

    def spec(self) -> DataSpec:
        """Return the chosen data."""
        return self._spec

    def is_random(self) -> bool:
        """Say whether no data is chosen."""
        return self._spec.path == RANDOM

    def set_spec(self, spec: DataSpec) -> None:
        """Choose data."""
        self._spec = spec
        self._show()
        self.changed.emit()

    def set_model(self, path: str) -> None:
        """Say which model the data is for: the form checks against its inputs."""
        self._model = path

    def _on_offered(self, spec: DataSpec) -> None:
        if self._spec in (DataSpec(), self._offered):  # never over what the person chose
            self.set_spec(spec)
        self._offered = spec

    def ask(self) -> None:
        """Open the form."""
        DataDialog(self._state, self._jobs, self, title=self._title, model=self._model).open()

    def _show(self) -> None:
        random = self._spec.path == RANDOM
        text = _("Random input") if random else Path(self._spec.path).name
        if self._spec.limit is not None and not random:
            text = _("{name}, {n} samples").format(name=text, n=self._spec.limit)
        self.setText(text)
        self.setToolTip(_("Random numbers, the same ones each time.") if random else tip(self._spec.path))


class DataDialog(QDialog):
    """The data form with OK and Cancel."""

    def __init__(self, state: State, jobs: Jobs, choice: DataChoice, *, title: str, model: str) -> None:
        from workbench.gui.dialogs.data_form import DataForm

        super().__init__(choice)
        self._state = state
        self._choice = choice
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.form = DataForm(state, jobs, self)
        self.form.set_spec(choice.spec())
        if model:
            self.form.set_model(model)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        self._page = QWidget()
        column = QVBoxLayout(self._page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.form)
        column.addStretch(1)
        area.setWidget(self._page)
        layout = QVBoxLayout(self)
        layout.addWidget(area, 1)
        layout.addWidget(buttons)
        self._around = layout.contentsMargins().top() * 2 + layout.spacing() + buttons.sizeHint().height()
        self.resize(560, 0)
        self._fit()
        self.form.unfolded.connect(lambda: QTimer.singleShot(0, self, self._fit))

    def _fit(self) -> None:
        """Be as high as the form, or as the screen lets it: the rest scrolls."""
        room = self.screen().availableGeometry()
        height = min(self._page.sizeHint().height() + self._around, room.height() - FRAME_HEIGHT)
        self.resize(self.width(), height)
        if self.frameGeometry().bottom() > room.bottom():
            self.move(self.x(), max(room.top(), room.bottom() - height - FRAME_HEIGHT // 2))

    def accept(self) -> None:
        """Take the choice over."""
        try:
            self._choice.set_spec(self.form.spec())
        except WorkbenchError as error:
            self._state.say_error(error)
            return
        super().accept()
