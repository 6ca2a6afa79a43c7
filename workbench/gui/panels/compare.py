"""The compare panel: two models on the same inputs, how far apart, and what that means in plain words."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFormLayout, QFrame, QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from workbench.core import units
from workbench.core.agreement import Agreement, OutputAgreement
from workbench.core.i18n import _
from workbench.core.lineage import ModelRecord
from workbench.core.shapes import shape_text
from workbench.core.verdict import judge
from workbench.gui import theme
from workbench.gui.jobs import Jobs
from workbench.gui.labels import Label
from workbench.gui.panels.data_choice import DataChoice
from workbench.gui.panels.model_choice import ModelChoice, PlaceChoice
from workbench.gui.panels.result_table import Cell, ResultTable
from workbench.gui.panels.run_history import RunHistory
from workbench.gui.panels.start_button import StartButton
from workbench.gui.panels.tools import tool
from workbench.gui.state import State
from workbench.jobs.command_line import as_command
from workbench.jobs.compare import Compare
from workbench.jobs.stored import COMPARE, Comparison

ICONS = {"good": "check-circle", "warning": "warning", "bad": "x-circle"}


class ComparePanel(QWidget):
    """Compares two models of the project numerically."""

    def __init__(self, state: State, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._jobs = jobs
        self._job: Compare | None = None
        self.shown: Comparison | None = None
        self.a, self.b = ModelChoice(state, _("Reference model")), ModelChoice(state, _("Compared model"))
        self.place_a, self.place_b = PlaceChoice(jobs, self.a), PlaceChoice(jobs, self.b)
        self.data = DataChoice(state, jobs, _("Input of the comparison"))
        self.start_button = StartButton(jobs, _("Compare"))
        self.history = RunHistory(state, COMPARE, describe)
        self.table = ResultTable(
            [_("Output"), _("Shape"), _("Largest difference"), _("Relative"), _("Cosine")], names=2
        )
        self._build()
        self.start_button.started.connect(self.start)
        self.history.picked.connect(self.show_stored)
        for choice in (self.place_a, self.place_b):
            choice.changed.connect(self._allow)
        state.current_changed.connect(self._on_current)
        state.theme_changed.connect(self._show_comparison)
        self._on_current(state.current)
        self._show_comparison()

    def _build(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setVerticalSpacing(8)
        rows = ((_("Reference A"), self.a), ("", self.place_a), (_("Compared B"), self.b), ("", self.place_b),
                (_("Input"), self.data))  # fmt: skip
        for title, widget in rows:
            label = Label(title)
            label.ensurePolished()
            label.setMinimumSize(label.sizeHint().width() + 4, 30)
            form.addRow(label, widget)
        left = QWidget()
        left.setFixedWidth(320)
        column = QVBoxLayout(left)
        column.setContentsMargins(14, 14, 14, 14)
        column.addLayout(form)
        column.addWidget(self.start_button)
        column.addStretch(1)
        line = QFrame()
        line.setFrameShape(QFrame.Shape.VLine)
        line.setStyleSheet(f"color: {theme.colour('border').name()}")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(left)
        layout.addWidget(line)
        layout.addLayout(self._results(), 1)

    def _results(self) -> QVBoxLayout:
        copy = tool(_("Copy as command"), "terminal-window", _("Copy the command line that does the same."))
        copy.clicked.connect(self.copy_command)
        self._icon, self._headline, self._sentences = Label(), Label(), Label()
        self._headline.setProperty("role", "title")
        self._headline.setWordWrap(True)
        self._sentences.setWordWrap(True)
        self._sentences.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        card = QFrame()
        card.setProperty("role", "panel")
        inside = QGridLayout(card)
        inside.setContentsMargins(18, 16, 18, 16)
        inside.setHorizontalSpacing(14)
        inside.addWidget(self._icon, 0, 0)
        inside.addWidget(self._headline, 0, 1)
        inside.addWidget(self._sentences, 1, 1)
        inside.setColumnStretch(1, 1)
        top = QHBoxLayout()
        top.addWidget(self.history, 1)
        top.addWidget(copy)
        card.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._below = QWidget()
        column = QVBoxLayout()
        column.setContentsMargins(14, 8, 14, 14)
        column.setSpacing(12)
        column.addLayout(top)
        column.addWidget(card)
        column.addWidget(self.table, 1)
        column.addWidget(self._below, 1)
        return column

    def show_models(self, model_ids: list[int]) -> None:
        """Choose A and B; with one model, A is what it was made from."""
        if len(model_ids) == 1:
            record = self._state.model(model_ids[0])
            self._on_current(record)
        elif model_ids:
            self.a.choose(model_ids[0])
            self.b.choose(model_ids[1])

    def _on_current(self, record: ModelRecord | None) -> None:
        if record is None:
            return
        self.b.choose(record.id)
        if record.parent is not None:
            self.a.choose(record.parent)

    def start(self) -> None:
        """Compare B with A."""
        a, b, place_a, place_b = self.a.record(), self.b.record(), self.place_a.place(), self.place_b.place()
        if a is None or b is None or place_a is None or place_b is None:
            return
        self._job = Compare(
            a=a.path, b=b.path, runtime_a=place_a.runtime, runtime_b=place_b.runtime, data=self.data.spec(),
            tolerance=None,
        )  # fmt: skip
        self.history.show_current(_("Running ..."))
        names = (a.name, b.name, [a.id, b.id])
        ticket = self._jobs.submit(
            self._job, then=lambda agreement: self._on_result(agreement, *names), failed=lambda _event: self._end()
        )
        self.start_button.watch(ticket)

    def _on_result(self, agreement: Agreement, a: str, b: str, ids: list[int]) -> None:
        self.shown = Comparison(a, b, agreement, self._job)
        self.shown.store(self._state.project, ids)
        self._show_comparison()
        self._end(newest=True)

    def _end(self, *, newest: bool = False) -> None:
        self.start_button.watch()
        self.history.refresh(newest=newest)
        self._allow()

    def show_stored(self, result: dict[str, Any], _samples_path: str) -> None:
        """Show an earlier comparison of the project."""
        try:
            self.shown = msgspec.convert(result, Comparison)
        except msgspec.ValidationError as error:
            self._state.say(_("This run cannot be shown: {reason}.").format(reason=error), level="warning")
            return
        self._job = self.shown.job
        self._show_comparison()

    def _show_comparison(self) -> None:
        shown = self.shown
        self._icon.setVisible(shown is not None)
        self.table.setVisible(shown is not None)
        self._below.setVisible(shown is None)
        if shown is None:
            self._headline.setText(_("How far is one model from another?"))
            self._sentences.setText(
                _(
                    "Choose two models, for example an original and its quantized copy, and the input to run both on. "
                    "Each runs in its own runtime; the outputs are compared number by number."
                )
            )
            return
        verdict = judge(shown.agreement)
        self._icon.setPixmap(theme.icon(ICONS[verdict.level], verdict.level).pixmap(32, 32))
        self._headline.setText(verdict.headline)
        pair = _("{a} against {b}, {n} samples of {data}.").format(
            a=shown.b, b=shown.a, n=units.count(shown.agreement.samples), data=_data_name(shown.agreement.data)
        )
        self._sentences.setText("\n".join([*verdict.sentences, "", pair]))
        self.table.show_rows([_cells(output) for output in shown.agreement.outputs])

    def _allow(self) -> None:
        reason = ""
        if self.a.record() is None or self.b.record() is None:
            reason = _("Open at least one model.")
        elif self.place_a.place() is None or self.place_b.place() is None:
            reason = _("No installed runtime opens one of the models.")
        self.start_button.allow(reason=reason)
        record = self.b.record()
        if record is not None:
            self.data.set_model(record.path)

    def copy_command(self) -> None:
        """Copy the command line that repeats the comparison."""
        if self._job is not None:
            QGuiApplication.clipboard().setText(as_command(self._job))
            self._state.say(_("The command was copied."))
        elif self.shown is not None:
            self._state.say(_("This run was stored without its command."), level="warning")


def _data_name(data: str) -> str:
    return _("random input") if data == "random" else data


def _cells(output: OutputAgreement) -> list[Cell]:
    return [
        Cell(output.name),
        Cell(shape_text(output.shape)),
        Cell(units.error(output.max_abs_error), strong=True),
        Cell(units.error(output.max_rel_error)),
        Cell(units.cosine(output.cosine)),
    ]


def describe(result: dict[str, Any]) -> str:
    """Return the headline of a stored comparison."""
    try:
        found = msgspec.convert(result, Comparison)
    except msgspec.ValidationError:
        return ""
    return f"{found.b} / {found.a} \u00b7 {judge(found.agreement).headline}"
