"""The evaluate panel: accuracy of one or several models on labelled data, side by side."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from workbench.core import units
from workbench.core.i18n import _
from workbench.core.verdict import accuracy_interval, differ
from workbench.gui.devices import runtime_label
from workbench.gui.jobs import Jobs
from workbench.gui.labels import Label
from workbench.gui.panels.confusion import ConfusionView
from workbench.gui.panels.data_choice import DataChoice
from workbench.gui.panels.result_table import Cell, ResultTable
from workbench.gui.panels.run_history import RunHistory
from workbench.gui.panels.start_button import StartButton
from workbench.gui.panels.subjects import SubjectTree
from workbench.gui.panels.tools import tool
from workbench.gui.state import State
from workbench.jobs.command_line import as_command
from workbench.jobs.evaluate import Evaluate, Evaluated
from workbench.jobs.stored import EVALUATE, Evaluation


class EvaluatePanel(QWidget):
    """Evaluates models of the project one after the other."""

    def __init__(self, state: State, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._jobs = jobs
        self._jobs_left = 0
        self._asked: list[Evaluate] = []
        self.results: list[Evaluated] = []
        """What is shown."""
        self.subjects = SubjectTree(state, jobs)
        self.data = DataChoice(state, jobs, _("Labelled data"))
        self.start_button = StartButton(jobs, _("Evaluate"))
        self.history = RunHistory(state, EVALUATE, describe)
        self.table = ResultTable(
            [_("Model"), _("Runtime"), _("Top-1"), _("95 % interval"), _("Top-5"), _("Against the first"),
             _("Samples")],
            names=2,
        )  # fmt: skip
        self.confusion = ConfusionView()
        self.notes = Label()
        self._build()
        self.start_button.started.connect(self.start)
        self.subjects.chosen_changed.connect(self._allow)
        self.data.changed.connect(self._allow)
        self.table.itemSelectionChanged.connect(self._show_confusion)
        self.history.picked.connect(self.show_stored)
        state.theme_changed.connect(self._restyle)
        self._allow()

    def _build(self) -> None:
        self.table.set_tips(
            [
                _("The model's name in the project."),
                _("What ran it, and where."),
                _("Share of samples whose best class is the true one."),
                _("Where the accuracy on unlimited data of this kind would be (Wilson score interval)."),
                _("Share of samples whose true class is among the five best."),
                _("Difference of top-1 to the first row, in percentage points; grey while the intervals overlap."),
            ]
        )
        copy = tool(_("Copy as command"), "terminal-window", _("Copy the command lines that do the same."))
        copy.clicked.connect(self.copy_command)
        top = QHBoxLayout()
        top.setContentsMargins(8, 4, 8, 4)
        top.addWidget(self.history, 1)
        top.addWidget(copy)
        results = QSplitter(Qt.Orientation.Horizontal)
        results.addWidget(self.table)
        results.addWidget(self.confusion)
        results.setSizes([770, 280])
        self.notes.setProperty("role", "muted")
        self.notes.setWordWrap(True)
        self.notes.setContentsMargins(10, 4, 10, 4)
        self.notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(results, 1)
        column.addWidget(self.notes)
        whole = QSplitter(Qt.Orientation.Horizontal)
        whole.addWidget(self._form())
        whole.addWidget(right)
        whole.setStretchFactor(1, 1)
        whole.setSizes([270, 900])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(whole)

    def _form(self) -> QWidget:
        form = QWidget()
        form.setMinimumWidth(250)
        form.setMaximumWidth(420)
        column = QVBoxLayout(form)
        column.setContentsMargins(10, 8, 10, 8)
        for title, widget, stretch in (
            (_("Models and runtimes"), self.subjects, 1),
            (_("Labelled data"), self.data, 0),
        ):
            label = Label(title)
            label.setProperty("role", "muted")
            column.addWidget(label)
            column.addWidget(widget, stretch)
        column.addWidget(self.start_button)
        return form

    def show_models(self, model_ids: list[int]) -> None:
        """Check these models."""
        self.subjects.choose_models(model_ids)

    def start(self) -> None:
        """Evaluate each checked model on the chosen data."""
        data = self.data.spec()
        self._asked = [
            Evaluate(model=subject.model, runtime=subject.runtime, device=subject.device, data=data)
            for subject in self.subjects.chosen()
        ]
        if not self._asked:
            return
        self.results = []
        self._show_results()
        self.history.show_current(_("Running ..."))
        self._jobs_left = len(self._asked)
        tickets = [self._jobs.submit(job, then=self._on_result, failed=self._on_failed) for job in self._asked]
        self.start_button.watch(*tickets)

    def _on_result(self, result: Evaluated) -> None:
        self.results.append(result)
        self._show_results()
        self._one_less()

    def _on_failed(self, _event: object) -> None:
        self._one_less()

    def _one_less(self) -> None:
        self._jobs_left -= 1
        if self._jobs_left > 0:
            return
        self.start_button.watch()
        if self.results:
            Evaluation(self.results, self._asked).store(self._state.project)
        self.history.refresh(newest=bool(self.results))
        self._allow()

    def show_stored(self, result: dict[str, Any], _samples_path: str) -> None:
        """Show an earlier evaluation of the project."""
        if self.start_button.running:
            return
        try:
            found = Evaluation.of(result)
        except msgspec.ValidationError as error:
            self._state.say(_("This run cannot be shown: {reason}.").format(reason=error), level="warning")
            return
        self.results, self._asked = found.results, found.jobs
        self._show_results()

    def _show_results(self) -> None:
        names = {record.path: record.name for record in self._state.project.models()}
        self.table.show_rows(
            [_cells(result, names.get(result.model, result.model), self.results[0]) for result in self.results]
        )
        self._show_notes(names)
        if self.results and not self.table.selectedIndexes():
            self.table.selectRow(0)
        self._show_confusion()

    def _show_notes(self, names: dict[str, str]) -> None:
        lines = [f"{names.get(result.model, result.model)}: {note}" for result in self.results for note in result.notes]
        self.notes.setText("\n".join(dict.fromkeys(lines)))
        self.notes.setVisible(bool(lines))

    def _show_confusion(self) -> None:
        rows = sorted({index.row() for index in self.table.selectedIndexes()})
        shown = self.results[rows[0]] if rows and rows[0] < len(self.results) else None
        self.confusion.show_matrix(shown.confusion if shown else [], shown.class_names if shown else [])

    def _restyle(self) -> None:
        self.table.restyle()
        self.confusion.update()

    def _allow(self) -> None:
        reason = "" if self.subjects.chosen() else _("Check at least one model and runtime.")
        if not reason and self.data.is_random():
            reason = _("Choose labelled data: accuracy cannot be measured on random input.")
        self.start_button.allow(reason=reason)
        chosen = self.subjects.chosen()
        if chosen:
            self.data.set_model(chosen[0].model)

    def copy_command(self) -> None:
        """Copy the command lines that repeat the evaluation."""
        if self._asked:
            QGuiApplication.clipboard().setText("\n".join(as_command(job) for job in self._asked))
            self._state.say(_("The command was copied."))
        elif self.results:
            self._state.say(_("This run was stored without its command."), level="warning")


def _cells(result: Evaluated, name: str, first: Evaluated) -> list[Cell]:
    low, high = accuracy_interval(result.top1, result.samples)
    interval = f"{units.percent(low, 1)} \u2013 {units.percent(high, 1)}"
    return [
        Cell(name, tip=result.model),
        Cell(f"{runtime_label(result.runtime)} \u00b7 {result.device.upper()}"),
        Cell(units.percent(result.top1), strong=True),
        Cell(interval),
        Cell(units.percent(result.top5)),
        _against(result, first),
        Cell(units.count(result.samples), tip=units.seconds(result.seconds)),
    ]


def _against(result: Evaluated, first: Evaluated) -> Cell:
    if result is first:
        return Cell(_("baseline"), role="muted")
    points = (result.top1 - first.top1) * 100
    sure = differ((result.top1, result.samples), (first.top1, first.samples))
    role = "muted" if not sure else ("good" if points > 0 else "bad")
    tip = _("One sample is {points} points.").format(points=units.number(100 / max(result.samples, 1), 2))
    if not sure:
        tip += " " + _("The 95 % intervals overlap: more samples are needed to tell the two apart.")
    return Cell(_("{points} points").format(points=f"{points:+.2f}"), tip=tip, role=role, strong=True)


def describe(result: dict[str, Any]) -> str:
    """Return the headline of a stored evaluation."""
    try:
        found = Evaluation.of(result).results
    except msgspec.ValidationError:
        return ""
    return ", ".join(units.percent(row.top1) for row in found)
