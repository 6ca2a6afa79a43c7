"""What to benchmark and how: the left side of the benchmark panel."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QBoxLayout,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QScrollArea,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.core.i18n import _
from workbench.gui.jobs import Jobs
from workbench.gui.labels import Label
from workbench.gui.panels.data_choice import DataChoice
from workbench.gui.panels.start_button import StartButton
from workbench.gui.panels.subjects import SubjectTree
from workbench.gui.state import State
from workbench.jobs.benchmark import Benchmark
from workbench.jobs.runner import Ticket


class BenchmarkForm(QWidget):
    """Subjects, settings, and the one button that starts and stops."""

    started = Signal()

    def __init__(self, state: State, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.subjects = SubjectTree(state, jobs)
        self.data = DataChoice(state, jobs, _("Input of the benchmark"))
        self.batch = _spin(1, 4096, 1, _("Samples in one call."))
        self.threads = _spin(0, 256, 0, _("Threads of the runtime; automatic lets it decide."))
        self.threads.setSpecialValueText(_("automatic"))
        self.warmup = _spin(0, 100_000, 10, _("Calls before measuring starts; they are shown but do not count."))
        self._build()
        self.subjects.chosen_changed.connect(self._on_chosen)
        self._on_chosen()

    def _build(self) -> None:
        heading = Label(_("Models and runtimes"))
        heading.setProperty("role", "muted")
        inner = QWidget()
        models = QVBoxLayout()
        models.addWidget(heading)
        models.addWidget(self.subjects, 1)
        settings = QVBoxLayout()
        settings.addLayout(self._settings())
        settings.addStretch(1)
        self._halves = QBoxLayout(QBoxLayout.Direction.TopToBottom, inner)
        self._halves.setContentsMargins(10, 8, 10, 8)
        self._halves.addLayout(models, 1)
        self._halves.addLayout(settings)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(scroll, 1)
        layout.addLayout(self._start_row())
        self.set_wide(on=False)

    def set_wide(self, *, on: bool) -> None:
        """Put the settings beside the models instead of under them."""
        self._halves.setDirection(QBoxLayout.Direction.LeftToRight if on else QBoxLayout.Direction.TopToBottom)
        self.setMinimumWidth(320 if on else 260)
        self.setMaximumWidth(560 if on else 420)

    def _settings(self) -> QFormLayout:
        self.amount = QComboBox()
        self.amount.addItems([_("Runs"), _("Seconds")])
        self.amount.setAccessibleName(_("Measure so many runs or so many seconds"))
        self.runs = _spin(1, 10_000_000, 200, _("Measured calls of each model."))
        self.seconds = QDoubleSpinBox(minimum=0.1, maximum=86_400, value=5, decimals=1)
        self.seconds.setToolTip(_("Measured seconds of each model."))
        self._how_long = QStackedWidget()
        self.runs.setAccessibleName(_("Runs"))
        self.seconds.setAccessibleName(_("Seconds"))
        self._how_long.addWidget(self.runs)
        self._how_long.addWidget(self.seconds)
        self.amount.currentIndexChanged.connect(self._how_long.setCurrentIndex)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setVerticalSpacing(5)
        form.addRow(self.amount, self._how_long)
        rows = ((_("Warm-up"), self.warmup), (_("Batch"), self.batch), (_("Threads"), self.threads),
                (_("Input"), self.data))  # fmt: skip
        for title, widget in rows:
            label = Label(title)
            label.setMinimumHeight(30)  # the form layout puts labels at the top
            widget.setAccessibleName(title)
            form.addRow(label, widget)
        return form

    def _start_row(self) -> QVBoxLayout:
        self.start_button = StartButton(self._jobs, _("Start"))
        self.start_button.started.connect(self.started)
        column = QVBoxLayout()
        column.setContentsMargins(10, 6, 10, 8)
        column.addWidget(self.start_button)
        return column

    def job(self) -> Benchmark:
        """Return what the form asks for."""
        by_time = self.amount.currentIndex() == 1
        return Benchmark(
            subjects=self.subjects.chosen(),
            runs=self.runs.value(),
            seconds=self.seconds.value() if by_time else None,
            warmup=self.warmup.value(),
            batch=self.batch.value(),
            threads=self.threads.value() or None,
            data=self.data.spec(),
        )

    def watch(self, *tickets: Ticket) -> None:
        """Show the course of a benchmark; with none, be ready to start again."""
        self.start_button.watch(*tickets)
        self._on_chosen()

    def _on_chosen(self) -> None:
        chosen = self.subjects.chosen()
        self.start_button.allow(reason="" if chosen else _("Check at least one model and runtime."))
        if chosen:
            self.data.set_model(chosen[0].model)


def _spin(low: int, high: int, value: int, tip: str) -> QSpinBox:
    spin = QSpinBox(minimum=low, maximum=high, value=value)
    spin.setToolTip(tip)
    return spin
