"""The run panel: feed a model one's own input and read what comes out."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QFormLayout, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from workbench.core import units
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _, ngettext
from workbench.core.lineage import ModelRecord
from workbench.core.shapes import shape_text
from workbench.gui.devices import runtime_label
from workbench.gui.jobs import Jobs
from workbench.gui.labels import Label
from workbench.gui.panels.data_choice import DataChoice
from workbench.gui.panels.model_choice import ModelChoice, PlaceChoice
from workbench.gui.panels.result_table import Cell, ResultTable
from workbench.gui.panels.start_button import StartButton
from workbench.gui.panels.tools import tool
from workbench.gui.panels.top_classes import SampleList
from workbench.gui.state import State
from workbench.jobs.command_line import as_command
from workbench.jobs.infer import Infer, Inferred, OutputSummary
from workbench.jobs.preview_images import Pictures, PreviewImages


class RunPanel(QWidget):
    """Runs one model on data or on random input."""

    def __init__(self, state: State, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._jobs = jobs
        self._job: Infer | None = None
        self.result: Inferred | None = None
        self.model = ModelChoice(state, _("Model"))
        self.place = PlaceChoice(jobs, self.model)
        self.data = DataChoice(state, jobs, _("Input"))
        self.start_button = StartButton(jobs, _("Run"))
        self.samples = SampleList()
        self.outputs = ResultTable(
            [_("Output"), _("Type"), _("Shape"), _("Smallest"), _("Largest"), _("Mean")], names=3
        )
        self._build()
        self.start_button.started.connect(self.start)
        self.place.changed.connect(self._allow)
        state.current_changed.connect(self._on_current)
        state.theme_changed.connect(self.outputs.restyle)
        self._on_current(state.current)
        self._show()

    def _build(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for title, widget in ((_("Model"), self.model), (_("Runtime"), self.place), (_("Input"), self.data)):
            label = Label(title)
            label.ensurePolished()
            label.setMinimumSize(label.sizeHint().width() + 4, 30)
            form.addRow(label, widget)
        left = QWidget()
        left.setMinimumWidth(250)
        left.setMaximumWidth(420)
        column = QVBoxLayout(left)
        column.setContentsMargins(10, 8, 10, 8)
        column.addLayout(form)
        column.addWidget(self.start_button)
        column.addStretch(1)
        results = QSplitter(Qt.Orientation.Horizontal)
        results.addWidget(self.samples)
        results.addWidget(self.outputs)
        results.setSizes([560, 480])
        right = QWidget()
        inside = QVBoxLayout(right)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addLayout(self._top())
        inside.addWidget(results, 1)
        whole = QSplitter(Qt.Orientation.Horizontal)
        whole.addWidget(left)
        whole.addWidget(right)
        whole.setStretchFactor(1, 1)
        whole.setSizes([270, 900])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(whole)

    def _top(self) -> QHBoxLayout:
        self._summary = Label()
        self._summary.setWordWrap(True)
        copy = tool(_("Copy as command"), "terminal-window", _("Copy the command line that does the same."))
        copy.clicked.connect(self.copy_command)
        self._save = tool(_("Save outputs"), "floppy-disk", _("Save every output as .npz."))
        self._save.clicked.connect(self._ask_and_save)
        row = QHBoxLayout()
        row.setContentsMargins(10, 4, 8, 4)
        row.addWidget(self._summary, 1)
        row.addWidget(copy)
        row.addWidget(self._save)
        return row

    def show_models(self, model_ids: list[int]) -> None:
        """Choose this model."""
        if model_ids:
            self.model.choose(model_ids[-1])

    def _on_current(self, record: ModelRecord | None) -> None:
        if record is not None:
            self.model.choose(record.id)
        self._allow()

    def start(self) -> None:
        """Run the chosen model on the chosen input."""
        record, place = self.model.record(), self.place.place()
        if record is None or place is None:
            return
        self._job = Infer(model=record.path, runtime=place.runtime, device=place.device, data=self.data.spec())
        self.result = None
        self._show()
        self.start_button.watch(self._jobs.submit(self._job, then=self._on_result, failed=lambda _event: self._end()))

    def _on_result(self, result: Inferred) -> None:
        self.result = result
        self._end()
        self._show()
        if self._job is not None and result.top:
            preview = PreviewImages(model=self._job.model, data=self._job.data)
            self._jobs.submit(preview, then=lambda found: self._on_pictures(found, result), quiet=True)

    def _on_pictures(self, found: Pictures, result: Inferred) -> None:
        if found.path and self.result is result:
            self.samples.samples.set_pictures(np.load(found.path, mmap_mode="r"))

    def _end(self) -> None:
        self.start_button.watch()
        self._allow()

    def _show(self) -> None:
        result = self.result
        self._save.setEnabled(result is not None)
        self.samples.samples.show(result)
        self.samples.setVisible(result is not None and bool(result.top))
        self.outputs.show_rows([_cells(output) for output in result.outputs] if result is not None else [])
        self._summary.setText(
            self._said(result) if result is not None else _("Choose a model and an input, then run it.")
        )

    def _said(self, result: Inferred) -> str:
        models = self._state.project.models()
        path = self._job.model if self._job is not None else ""
        return _summary(result, next((record.name for record in models if record.path == path), Path(path).name))

    def _allow(self) -> None:
        record = self.model.record()
        reason = "" if record is not None else _("Open a model first.")
        if not reason and self.place.place() is None:
            reason = _("No installed runtime opens this model.")
        self.start_button.allow(reason=reason)
        if record is not None:
            self.data.set_model(record.path)

    def copy_command(self) -> None:
        """Copy the command line that repeats the run."""
        if self._job is not None:
            QGuiApplication.clipboard().setText(as_command(self._job))
            self._state.say(_("The command was copied."))

    def save_outputs(self, target: Path) -> None:
        """Copy the outputs (.npz) to ``target`` in the background; the message bar says how it went."""
        if self.result is not None:
            source = Path(self.result.outputs_path)
            self._state.save(target, lambda partial: _copy_outputs(source, partial))

    def _ask_and_save(self) -> None:
        picked = QFileDialog.getSaveFileName(self, _("Save outputs"), str(Path.home() / "outputs.npz"), "*.npz")[0]
        if picked:
            self.save_outputs(Path(picked))


def _copy_outputs(source: Path, partial: Path) -> None:
    if not source.exists():
        raise WorkbenchError(
            _("The outputs are gone: the worker that made them has ended."), _("Run the model again, then save.")
        )
    shutil.copyfile(source, partial)


def _summary(result: Inferred, name: str) -> str:
    parts = [
        name,
        ngettext("{n} sample", "{n} samples", result.samples).format(n=units.count(result.samples)),
        _("{runtime} on {device}").format(runtime=runtime_label(result.runtime), device=result.device_label),
        units.seconds(result.seconds),
    ]
    if result.labels and result.top:
        right = sum(bool(top) and top[0].index == label for top, label in zip(result.top, result.labels, strict=False))
        parts.append(_("{right} of {n} right").format(right=units.count(right), n=units.count(len(result.labels))))
    return " \u00b7 ".join(parts)


def _cells(output: OutputSummary) -> list[Cell]:
    numbers = output.dtype not in ("string", "object")
    odd = _("{n} numbers are NaN or infinite").format(n=units.count(output.not_finite)) if output.not_finite else ""
    role = "bad" if output.not_finite else ""
    figures = [
        units.number(value) if numbers else units.UNKNOWN for value in (output.minimum, output.maximum, output.mean)
    ]
    return [
        Cell(output.name),
        Cell(output.dtype),
        Cell(shape_text(output.shape)),
        *(Cell(text, tip=odd, role=role) for text in figures),
    ]
