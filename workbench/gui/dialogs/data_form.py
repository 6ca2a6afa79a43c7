"""Choose data and how it is prepared, and check it against a model before any long job starts."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from workbench.core.datasets import RANDOM, DataSpec, Preprocessing
from workbench.core.errors import WorkbenchError
from workbench.core.events import AnyEvent, Crashed, Failed
from workbench.core.i18n import _, ngettext
from workbench.core.params import parse
from workbench.datasets.select import readers
from workbench.gui import theme
from workbench.gui.jobs import Jobs
from workbench.gui.labels import Label
from workbench.gui.param_form import LABEL_WIDTH, ROW_HEIGHT, ParamForm
from workbench.gui.state import State
from workbench.gui.wheel_guard import WheelGuard
from workbench.jobs.probe import CheckData, DataPreview


class DataForm(QWidget):
    """A form whose value is a DataSpec."""

    changed = Signal()
    checked = Signal(object)
    """DataPreview when the data fits the model."""
    unfolded = Signal()
    """It needs more or less room than before."""

    def __init__(self, state: State, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._jobs = jobs
        self._model = state.current.path if state.current is not None else ""
        self._checking = False
        self.path = QLineEdit()
        self.path.setPlaceholderText(_("random input (type a path, or choose)"))
        self.path.setAccessibleName(_("Data: path"))
        self.path.setClearButtonEnabled(True)
        self._known = QComboBox()
        self._known.setAccessibleName(_("Known data sets"))
        self._limit = QSpinBox()
        self._limit.setRange(0, 1_000_000)
        self._limit.setSpecialValueText(_("all"))
        self._limit.setAccessibleName(_("Samples at most"))
        self._limit.setFixedWidth(120)
        self._more = QWidget()
        self._reader = QComboBox()
        self._inputs, self._labels = QLineEdit(), QLineEdit()
        self._seed = QSpinBox()
        self._preparation = ParamForm(Preprocessing)
        self._check = QPushButton(theme.icon("check-square"), _("Check"))
        self._check.setToolTip(_("Open the data against this model's inputs now."))
        self._check.setAutoDefault(False)  # a dialog would dress it as its main button when it has the focus
        self._verdict = Label()
        self._verdict.setWordWrap(True)
        self._verdict.hide()
        self._arrange()
        self._connect()
        WheelGuard(self)
        self.set_spec(state.data)

    def _arrange(self) -> None:
        file_button, folder_button = QPushButton(_("File...")), QPushButton(_("Folder..."))
        file_button.setAccessibleName(_("Choose a data file"))
        folder_button.setAccessibleName(_("Choose a folder of images"))
        file_button.clicked.connect(self._ask_file)
        folder_button.clicked.connect(self._ask_folder)
        where = QHBoxLayout()
        where.setSpacing(6)
        where.addWidget(self.path, 1)
        where.addWidget(file_button)
        where.addWidget(folder_button)
        how_many = QHBoxLayout()
        how_many.addWidget(self._limit)
        how_many.addStretch(1)
        how_many.addWidget(self._check)
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(9)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(_label(_("Known data")), self._known)
        form.addRow(_label(_("Data")), where)
        form.addRow(_label(_("Samples at most")), how_many)
        self._known_row = form
        toggle = QToolButton()
        toggle.setText(_("Labels and preparation"))
        toggle.setCheckable(True)
        toggle.setIcon(theme.icon("caret-right", "muted"))
        toggle.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        toggle.toggled.connect(self._more.setVisible)
        toggle.toggled.connect(lambda _on: self.unfolded.emit())
        toggle.toggled.connect(lambda on: toggle.setIcon(theme.icon("caret-down" if on else "caret-right", "muted")))
        self._arrange_more()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(form)
        layout.addWidget(self._verdict)
        layout.addWidget(toggle)
        layout.addWidget(self._more)

    def _arrange_more(self) -> None:
        self._reader.addItem(_("found by content"), "")
        for reader in readers().values():
            self._reader.addItem(_(reader.label), reader.id)
        self._inputs.setPlaceholderText(_("by name, then by order"))
        self._inputs.setToolTip(_("Which array or column feeds the model; several as input=array,input=array."))
        self._labels.setPlaceholderText(_("the usual names: label, labels, y, target"))
        self._seed.setRange(0, 2**31 - 1)
        self._seed.setFixedWidth(120)
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(9)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows = (
            (_("Kind"), self._reader),
            (_("Inputs"), self._inputs),
            (_("Labels"), self._labels),
            (_("Seed of random input"), self._seed),
        )
        for title, widget in rows:
            widget.setAccessibleName(title)
            form.addRow(_label(title), widget)
        layout = QVBoxLayout(self._more)
        layout.setContentsMargins(18, 0, 0, 0)
        layout.setSpacing(9)
        layout.addLayout(form)
        layout.addWidget(self._preparation)
        self._more.hide()

    def _connect(self) -> None:
        self.path.textChanged.connect(self._on_changed)
        self._limit.valueChanged.connect(self._on_changed)
        self._reader.currentIndexChanged.connect(self._on_changed)
        self._inputs.textChanged.connect(self._on_changed)
        self._labels.textChanged.connect(self._on_changed)
        self._seed.valueChanged.connect(self._on_changed)
        self._preparation.changed.connect(self._on_changed)
        self._known.activated.connect(self._on_known)
        self._check.clicked.connect(self.check)

    # Value

    def spec(self) -> DataSpec:
        """Return the data that is described; raises WorkbenchError for a setting that is not allowed."""
        return DataSpec(
            path=self.path.text().strip() or RANDOM,
            kind=self._reader.currentData() or "",
            inputs=self._inputs.text().strip(),
            labels=self._labels.text().strip(),
            limit=self._limit.value() or None,
            seed=self._seed.value(),
            preprocessing=parse(Preprocessing, self._preparation.values()),
        )

    def set_spec(self, spec: DataSpec) -> None:
        """Show ``spec``."""
        self._fill_known()
        self.path.setText("" if spec.path == RANDOM else spec.path)
        self._reader.setCurrentIndex(max(0, self._reader.findData(spec.kind)))
        self._inputs.setText(spec.inputs)
        self._labels.setText(spec.labels)
        self._limit.setValue(spec.limit or 0)
        self._seed.setValue(spec.seed)
        self._preparation.set_values(msgspec.to_builtins(spec.preprocessing))

    def set_model(self, path: Path | str) -> None:
        """Check against this model from now on."""
        self._model = str(path)
        self._on_changed()

    def is_random(self) -> bool:
        """Say whether no data is given."""
        return self.path.text().strip() in ("", RANDOM)

    def _fill_known(self) -> None:
        self._known.clear()
        self._known.addItem(_("Random input"), DataSpec())
        if self._state.data.path != RANDOM:
            self._known.addItem(self._state.data.label(), self._state.data)
        for record in self._state.project.datasets():
            if record.spec not in (self._state.data, DataSpec()):
                self._known.addItem(record.label, record.spec)
        self._known_row.setRowVisible(self._known, self._known.count() > 1)
        self._show_known()

    def _on_known(self, row: int) -> None:
        spec = self._known.itemData(row)
        if isinstance(spec, DataSpec):
            self.set_spec(spec)

    def _show_known(self) -> None:
        here = "" if self.is_random() else self.path.text().strip()
        for row in range(self._known.count()):
            spec = self._known.itemData(row)
            if ("" if spec.path == RANDOM else spec.path) == here:
                self._known.setCurrentIndex(row)
                return
        self._known.setCurrentIndex(-1)

    def _on_changed(self) -> None:
        self._verdict.hide()
        self._show_known()
        self.changed.emit()

    def _ask_file(self) -> None:
        self._take(QFileDialog.getOpenFileName(self, _("Choose data"), self._start())[0])

    def _ask_folder(self) -> None:
        self._take(QFileDialog.getExistingDirectory(self, _("Choose a folder of images"), self._start()))

    def _start(self) -> str:
        return str(self._state.settings.start_folder()) if self.is_random() else self.path.text()

    def _take(self, picked: str) -> None:
        if picked:
            self._state.settings.visit(Path(picked))
            self.path.setText(picked)

    # Checking

    def check(self) -> None:
        """Open the data against the model in the reading worker and say what it would feed."""
        if not self._model or self._checking:
            return
        try:
            job = CheckData(model=self._model, data=self.spec())
        except WorkbenchError as error:
            self._say(f"{error.message} {error.hint}", "error")
            return
        self._checking = True
        self._check.setEnabled(False)
        self._say(_("Checking..."), "muted")
        self._jobs.submit(job, then=partial(self._on_checked, job), failed=partial(self._on_failed, job), quiet=True)

    def _on_checked(self, job: CheckData, found: DataPreview) -> None:
        self._checking = False
        self._check.setEnabled(True)
        if not self._still(job):
            self._verdict.hide()  # it was about what the form said before
            return
        lines = [ngettext("{n} sample fits.", "{n} samples fit.", found.samples).format(n=found.samples)]
        if found.labelled:
            count = len(found.class_names)
            lines[0] += " " + (_("Labels: {n} classes.").format(n=count) if count else _("It has labels."))
        lines += [f"{name}: {feed}" for name, feed in found.feeds.items()]
        lines += found.notes
        self._say("\n".join(lines), "good")
        self.checked.emit(found)

    def _still(self, job: CheckData) -> bool:
        """Say whether the form still asks for what ``job`` looked at."""
        try:
            return job.data == self.spec() and job.model == self._model
        except WorkbenchError:
            return False

    def _on_failed(self, job: CheckData, event: AnyEvent) -> None:
        self._checking = False
        self._check.setEnabled(True)
        if self._still(job) and isinstance(event, Failed | Crashed):
            self._say(f"{event.message}\n{event.hint}".strip(), "error")
        else:
            self._verdict.hide()

    def verdict(self) -> str:
        """Return what the last check said."""
        return self._verdict.text() if not self._verdict.isHidden() else ""

    def _say(self, text: str, role: str) -> None:
        self._verdict.setText(text)
        theme.mark(self._verdict, "role", role)
        self._verdict.show()


def _label(text: str) -> Label:
    label = Label(text)
    label.setMinimumSize(LABEL_WIDTH, ROW_HEIGHT)
    return label
