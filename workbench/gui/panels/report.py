"""The report panel: what the report will say, and the buttons that write, show and save it."""

from __future__ import annotations

import shutil
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from workbench.core import units
from workbench.core.i18n import _
from workbench.core.project import Project
from workbench.core.report_entries import Figure, ModelEntry, RunEntry, model_entries, run_entries
from workbench.gui import theme
from workbench.gui.jobs import Jobs
from workbench.gui.labels import Label
from workbench.gui.panels.result_table import Cell, ResultTable
from workbench.gui.panels.start_button import StartButton
from workbench.gui.state import State
from workbench.jobs.report import ReportWritten, WriteReport


class ReportPanel(QWidget):
    """Summary of the project and its HTML report."""

    def __init__(self, state: State, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._jobs = jobs
        self.written: Path | None = None
        """The report that was written last."""
        self.models = ResultTable(
            [_("Model"), _("Made by"), _("Format"), _("Size"), _("Weights kept"), _("Median latency"), _("Top-1"),
             _("Checked against its source")],
            names=3,
        )  # fmt: skip
        self.runs = ResultTable([_("Run"), _("Measured"), _("When"), _("Series")], names=3)
        self.start_button = StartButton(jobs, _("Write report"))
        self._build()
        self.start_button.started.connect(self.write)
        for signal in (state.models_changed, state.project_changed, state.theme_changed):
            signal.connect(self._refresh_when_seen)

    def _build(self) -> None:
        self._title, self._said = Label(), Label()
        self._title.setProperty("role", "title")
        self._said.setProperty("role", "muted")
        self._said.setWordWrap(True)
        self._open = QPushButton(theme.icon("globe"), _("Open in browser"))
        self._save = QPushButton(theme.icon("floppy-disk"), _("Save as ..."))
        self._open.clicked.connect(self.open_in_browser)
        self._save.clicked.connect(self._ask_and_save)
        buttons = QHBoxLayout()
        self.start_button.setFixedWidth(180)
        buttons.addWidget(self.start_button, 0, Qt.AlignmentFlag.AlignTop)
        buttons.addWidget(self._open, 0, Qt.AlignmentFlag.AlignTop)
        buttons.addWidget(self._save, 0, Qt.AlignmentFlag.AlignTop)
        buttons.addStretch(1)
        inner = QWidget()
        inner.setMaximumWidth(1200)
        column = QVBoxLayout(inner)
        column.setContentsMargins(28, 24, 28, 24)
        column.setSpacing(12)
        column.addWidget(self._title)
        column.addWidget(self._said)
        column.addLayout(buttons)
        for heading, table in ((_("Models"), self.models), (_("Measurements"), self.runs)):
            label = Label(heading)
            label.setProperty("role", "heading")
            column.addSpacing(8)
            column.addWidget(label)
            column.addWidget(_framed(table))
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)

    def showEvent(self, event: QShowEvent) -> None:
        """Show the project as it is now."""
        self.refresh()
        super().showEvent(event)

    def _refresh_when_seen(self) -> None:
        if self.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """Show what the report will say, once its runs have been read."""
        project = self._state.project
        self._allow()
        self._jobs.background.run(
            lambda: (model_entries(project), run_entries(project, charts=False)),
            then=lambda entries: self._show(project, *entries),
            failed=self._state.say_error,
            owner=self,
        )

    def _show(self, project: Project, models: list[ModelEntry], runs: list[RunEntry]) -> None:
        if project is not self._state.project:
            return
        self._title.setText(_("Report of {name}").format(name=project.folder.name))
        self.models.show_rows([_model_cells(model) for model in models])
        self.runs.show_rows([_run_cells(run) for run in runs])
        self.models.fit_height()
        self.runs.fit_height()
        self.start_button.allow(reason="" if models else _("Open a model first."))

    def _allow(self) -> None:
        there = self.written is not None and self.written.exists()
        self._open.setEnabled(there)
        self._save.setEnabled(there)
        if there and self.written is not None:
            self._said.setText(_("Written: {path}").format(path=self.written))
        else:
            self._said.setText(
                _(
                    "One HTML file with every model, step, setting, hash, chart and figure, each traced to its run. "
                    "It opens offline, prints on A4, and can be mailed or attached."
                )
            )

    def write(self) -> None:
        """Write a new report into the project folder."""
        stamp = datetime.now().astimezone().strftime("%Y-%m-%d %H-%M-%S")
        target = self._state.project.folder / "reports" / f"report {stamp}.html"
        job = WriteReport(project=str(self._state.project.folder), target=str(target))
        self.start_button.watch(self._jobs.submit(job, then=self._on_written, failed=lambda _event: self._end()))

    def _on_written(self, result: ReportWritten) -> None:
        self.written = Path(result.path)
        self._end()
        self._state.say(_("The report is ready ({size}).").format(size=units.size(result.bytes)), level="good")

    def _end(self) -> None:
        self.start_button.watch()
        self.refresh()

    def open_in_browser(self) -> None:
        """Show the report in the person's browser."""
        if self.written is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.written)))

    def save_as(self, target: Path) -> None:
        """Copy the report to ``target`` in the background; the message bar says how it went."""
        if self.written is not None:
            self._state.save(target, partial(_copy, self.written))

    def _ask_and_save(self) -> None:
        name = f"{self._state.project.folder.name}.html"
        picked = QFileDialog.getSaveFileName(self, _("Save report"), str(Path.home() / name), "*.html")[0]
        if picked:
            self.save_as(Path(picked))


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _framed(table: ResultTable) -> QFrame:
    frame = QFrame()
    frame.setProperty("role", "panel")
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(6, 6, 6, 6)
    layout.addWidget(table)
    return frame


def _model_cells(model: ModelEntry) -> list[Cell]:
    step = model.step
    checked = Cell(units.UNKNOWN, role="muted")
    if step is not None and step.judged == "failed":
        checked = Cell(_("beyond its tolerance"), role="bad")
    elif step is not None and step.verdict is not None:
        checked = Cell(step.verdict.headline, tip="\n".join(step.verdict.sentences), role=step.verdict.level)
    branch = "    " * model.depth + ("\u21b3 " if model.depth else "")
    return [
        Cell(branch + model.name, tip=model.path, strong=model.depth == 0),
        Cell(step.plugin if step else ""),
        Cell(model.format),
        Cell(model.size),
        Cell(model.share or units.UNKNOWN),
        _figure_cell(model.latency),
        _figure_cell(model.accuracy),
        checked,
    ]


def _figure_cell(figure: Figure | None) -> Cell:
    if figure is None:
        return Cell(units.UNKNOWN, role="muted")
    return Cell(figure.text, tip=_("run {id}").format(id=figure.run) + f" \u00b7 {figure.note}")


def _run_cells(run: RunEntry) -> list[Cell]:
    return [
        Cell(_("Run {id}").format(id=run.id)),
        Cell(run.heading),
        Cell(run.created),
        Cell(units.count(len(run.rows)), tip="\n".join(row[0] for row in run.rows)),
    ]
