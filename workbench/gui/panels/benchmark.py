"""The benchmark panel: choose, start, watch, stop at any time, compare, keep and export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QSplitter, QToolButton, QVBoxLayout, QWidget

from workbench.core import machine
from workbench.core.difference import Difference
from workbench.core.errors import WorkbenchError
from workbench.core.events import AnyEvent, Samples
from workbench.core.i18n import _
from workbench.core.latency_file import load_tracks, samples_csv
from workbench.core.latency_track import LatencyTrack
from workbench.gui.jobs import Jobs
from workbench.gui.labels import Label, tip
from workbench.gui.panels import benchmark_run
from workbench.gui.panels.benchmark_form import BenchmarkForm
from workbench.gui.panels.benchmark_run import BenchmarkRun
from workbench.gui.panels.benchmark_table import BenchmarkTable, notes_of
from workbench.gui.panels.latency_chart import LatencyChart, write_png
from workbench.gui.panels.run_history import RunHistory
from workbench.gui.panels.tools import tool
from workbench.gui.state import State
from workbench.jobs.benchmark import Benchmark, Benchmarked, BenchmarkRow
from workbench.jobs.command_line import as_command
from workbench.jobs.runner import Ticket

TABLE_MS = 400
"""Between two updates of the table's figures while a benchmark runs."""
MANY = 200_000
"""Comparing so many samples takes longer than a window may stop."""
FORM_BESIDE, ROOMY = 450, 1000
"""The width of the form with its settings beside the models, and of a panel that has room for it."""
LOW = 460
"""A panel lower than this puts the table beside the chart, and the settings beside the models."""


class BenchmarkPanel(QWidget):
    """Measures models of the project against each other, live."""

    def __init__(self, state: State, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._jobs = jobs
        self._ticket: Ticket | None = None
        self._job: Benchmark | None = None
        self._labels: dict[str, str] = {}
        self._machine: dict[str, str] = {}
        self.run: BenchmarkRun | None = None
        """What is shown: None before the first benchmark."""
        self._wanted: BenchmarkRun | None = None
        self.form = BenchmarkForm(state, jobs)
        self.chart = LatencyChart()
        self.table = BenchmarkTable()
        self.history = RunHistory(state, benchmark_run.KIND, benchmark_run.describe)
        self._table_timer = QTimer(self, interval=TABLE_MS)
        self._table_timer.timeout.connect(self._show_figures)
        self._build()
        self.form.started.connect(self.start)
        self.history.picked.connect(self.show_stored)
        self.chart.restyled.connect(self.table.restyle)
        state.theme_changed.connect(self.chart.restyle)
        self._allow()

    def _build(self) -> None:
        self._results = QSplitter(Qt.Orientation.Vertical)
        self._results.addWidget(self.chart)
        self._results.addWidget(self._figures())
        self._results.setStretchFactor(0, 3)
        self._results.setStretchFactor(1, 1)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._tools())
        column.addWidget(self._results, 1)
        self._whole = whole = QSplitter(Qt.Orientation.Horizontal)
        whole.addWidget(self.form)
        whole.addWidget(right)
        whole.setStretchFactor(1, 1)
        whole.setSizes([270, 900])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(whole)

    def _figures(self) -> QWidget:
        """Return the table above what has to be known to read it."""
        self.notes = Label(role="muted")
        self.notes.setWordWrap(True)
        self.notes.setContentsMargins(8, 2, 8, 4)
        self.notes.hide()
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.table, 1)
        column.addWidget(self.notes)
        return holder

    def _note(self, *texts: str) -> None:
        self.notes.setText("\n".join(texts))
        self.notes.setToolTip(tip(self.notes.text()))
        self.notes.setVisible(bool(texts))

    def _tools(self) -> QHBoxLayout:
        self._axis = tool(_("Time"), "clock", _("Show seconds instead of run numbers along the bottom."))
        self._axis.setCheckable(True)
        self._axis.toggled.connect(lambda on: self.chart.set_axis("seconds" if on else "runs"))
        self._log = tool(_("Log"), "chart-line", _("Show latencies on a logarithmic axis."))
        self._log.setCheckable(True)
        self._log.clicked.connect(self.chart.set_logarithmic)
        self.chart.scaled.connect(self._log.setChecked)
        fit = tool(_("Fit"), "arrows-out", _("Show everything again after a zoom (wheel: zoom, drag: move)."))
        fit.clicked.connect(self.chart.follow)
        self._copy = tool(_("Copy as command"), "terminal-window", _("Copy the command line that does the same."))
        self._copy.clicked.connect(self.copy_command)
        self._export = tool(_("Export"), "export", _("Save the picture, the samples or the table."))
        menu = QMenu(self._export)
        menu.addAction(_("Chart as PNG ..."), lambda: self._save_as(_("chart"), "png", self.save_picture))
        menu.addAction(_("Samples as CSV ..."), lambda: self._save_as(_("samples"), "csv", self.save_samples))
        menu.addAction(_("Table as CSV ..."), lambda: self._save_as(_("table"), "csv", self.save_table))
        self._export.setMenu(menu)
        self._export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        row = QHBoxLayout()
        row.setContentsMargins(8, 4, 8, 4)
        row.addWidget(self.history, 1)
        for widget in (self._axis, self._log, fit, self._copy, self._export):
            row.addWidget(widget)
        return row

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the table where there is room."""
        super().resizeEvent(event)
        self._arrange(low=event.size().height() < LOW)

    def _arrange(self, *, low: bool) -> None:
        wanted = Qt.Orientation.Horizontal if low else Qt.Orientation.Vertical
        if self._results.orientation() != wanted:
            self._results.setOrientation(wanted)
            self._results.setSizes([560, 440] if low else [700, 150])
            self.chart.set_compact(on=low)
            self.form.set_wide(on=low)
            if self.width() > ROOMY:
                form = FORM_BESIDE if low else 270
                self._whole.setSizes([form, self.width() - form])

    def show_models(self, model_ids: list[int]) -> None:
        """Check these models."""
        self.form.subjects.choose_models(model_ids)

    # a benchmark's course

    def start(self) -> None:
        """Start what the form asks for."""
        job = self.form.job()
        if not job.subjects or self._ticket is not None:
            return
        records = self._state.project.models()
        self._labels = {
            subject.series(): benchmark_run.label_of(records, subject.model, subject.runtime, subject.device)
            for subject in job.subjects
        }
        self._job, self.run = job, None
        self._machine = machine.describe()
        self.history.show_current(_("Running ..."))
        self.chart.begin(self._labels, batch=job.batch)
        self._ticket = self._jobs.submit(job, then=self._on_finished, failed=self._on_failed, samples=self._on_samples)
        self.form.watch(self._ticket)
        self._table_timer.start()
        self._show_figures()
        self._allow()

    def stop(self) -> None:
        """Stop now; what was measured is kept."""
        if self._ticket is not None:
            self._jobs.cancel(self._ticket)

    def _on_samples(self, samples: Samples) -> None:
        self.chart.add(samples)

    def _on_finished(self, result: Benchmarked) -> None:
        if self._job is not None:
            self._end(benchmark_run.finished(self._job, result, self._labels))

    def _on_failed(self, event: AnyEvent) -> None:
        if self._job is not None:
            run = benchmark_run.broken_off(self._job, self.chart.tracks, self._labels, event, machine=self._machine)
            self._end(run)

    def _end(self, run: BenchmarkRun) -> None:
        self._ticket = None
        self._table_timer.stop()
        self.chart.end()
        self.form.watch()
        self.run = run if run.results else None
        self._show_figures()
        if run.results:
            self._store(run)
        else:
            self.history.refresh()
            self._note(_("Stopped before the first measurement.") if run.ended == "stopped" else " ".join(run.notes))
        self._allow()

    def _store(self, run: BenchmarkRun) -> None:
        project, tracks = self._state.project, dict(self.chart.tracks)

        def stored(_nothing: object) -> None:
            self.history.refresh(newest=self.run is run)

        self._jobs.background.run(
            lambda: benchmark_run.store(project, run, tracks), then=stored, failed=self._state.say_error, owner=self
        )

    # what is shown

    def _show_figures(self) -> None:
        run = self.run
        if run is None:
            live = (
                benchmark_run.cut_short(self._job, self.chart.tracks, self._labels, "stopped", machine={})
                if self._job
                else None
            )
            self.table.show_live(live, self.chart.series_colour)
            self._note()
        else:
            self._note(*notes_of(run))
            self._compare(run, self.chart.tracks)

    def _compare(self, run: BenchmarkRun, tracks: dict[str, LatencyTrack]) -> None:
        """Show the table with the differences: in the background where there are many samples."""
        if sum(row.runs for row in run.results) < MANY:
            self.table.show_run(run, run.rows(tracks), self.chart.series_colour)
            return

        def compared(rows: list[tuple[BenchmarkRow, Difference | None]]) -> None:
            if self.run is run:
                self.table.show_run(run, rows, self.chart.series_colour)

        self._jobs.background.run(lambda: run.rows(tracks), then=compared, owner=self)

    def show_stored(self, result: dict[str, Any], samples_path: str) -> None:
        """Show an earlier run of the project."""
        if self._ticket is not None:
            return
        try:
            run = benchmark_run.load(result)
        except msgspec.ValidationError as error:
            self._state.say(_("This run cannot be shown: {reason}.").format(reason=error), level="warning")
            return
        self._wanted = run

        def without(error: WorkbenchError) -> None:
            self._state.say_error(error)
            self._show_run(run, {})

        self._jobs.background.run(
            lambda: load_tracks(Path(samples_path)) if samples_path else {},
            then=lambda tracks: self._show_run(run, tracks),
            failed=without,
            owner=self,
        )

    def _show_run(self, run: BenchmarkRun, tracks: dict[str, LatencyTrack]) -> None:
        if self._ticket is not None or self._wanted is not run:
            return  # something else is shown by now
        labels = in_order(run)
        self.run, self._job, self._labels = run, run.job, labels
        self.chart.show_tracks(tracks, labels, batch=run.job.batch)
        self._show_figures()
        self._allow()

    def _allow(self) -> None:
        self._copy.setEnabled(self._job is not None)
        self._export.setEnabled(self.run is not None)

    # taking it away

    def copy_command(self) -> None:
        """Copy the command line that repeats what is shown."""
        if self._job is not None:
            QGuiApplication.clipboard().setText(as_command(self._job))
            self._state.say(_("The command was copied."))

    def save_picture(self, target: Path) -> None:
        """Write the chart as PNG; like the others in the background, and the message bar says how it went."""
        picture = self.chart.picture()
        self._state.save(target, lambda partial: write_png(picture, partial))

    def save_samples(self, target: Path) -> None:
        """Write every sample as CSV."""
        tracks, labels = dict(self.chart.tracks), dict(self._labels)
        self._state.save(target, lambda partial: _write(partial, samples_csv(tracks, labels)))

    def save_table(self, target: Path) -> None:
        """Write the table as CSV."""
        if self.run is not None:
            run, tracks = self.run, dict(self.chart.tracks)
            self._state.save(target, lambda partial: _write(partial, benchmark_run.table_csv(run, tracks)))

    def _save_as(self, name: str, suffix: str, save: Callable[[Path], None]) -> None:
        start = str(Path.home() / f"{name}.{suffix}")
        picked = QFileDialog.getSaveFileName(self, _("Save {name}").format(name=name), start, f"*.{suffix}")[0]
        if picked:
            save(Path(picked))


def in_order(run: BenchmarkRun) -> dict[str, str]:
    """Return the labels of a run in the order of its table, which the legend follows."""
    return {row.series: run.labels.get(row.series, row.series) for row in run.results} | run.labels


def _write(partial: Path, text: str) -> None:
    partial.write_text(text, encoding="utf-8")
