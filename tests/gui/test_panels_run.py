"""Run, evaluate, compare and report with real workers on the bundled samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from workbench.core.datasets import DataSpec
from workbench.gui.main_window import MainWindow
from workbench.gui.panels.compare import ComparePanel
from workbench.gui.panels.data_choice import DataDialog
from workbench.gui.panels.evaluate import EvaluatePanel
from workbench.gui.panels.report import ReportPanel
from workbench.gui.panels.run import RunPanel

WAIT_MS = 60_000
OpenModel = Callable[[Path], None]


@pytest.fixture
def models(window: MainWindow, open_model: OpenModel, samples: Path) -> list[int]:
    open_model(samples / "digits.onnx")
    open_model(samples / "digits.tflite")
    return [record.id for record in window.state.project.models()]


@pytest.fixture
def labelled(samples: Path) -> DataSpec:
    return DataSpec(path=str(samples / "digits-test.npz"), limit=60)


def test_run_shows_classes_pictures_and_outputs(
    qtbot: QtBot, window: MainWindow, models: list[int], labelled: DataSpec, tmp_path: Path
) -> None:
    panel = RunPanel(window.state, window.jobs)
    qtbot.addWidget(panel)
    panel.resize(1100, 400)
    panel.show()
    panel.show_models(models[:1])
    panel.data.set_spec(labelled)
    panel.start()
    qtbot.waitUntil(lambda: panel.result is not None, timeout=WAIT_MS)
    shown = panel.samples.samples
    qtbot.waitUntil(lambda: shown.picture(0) is not None, timeout=WAIT_MS)
    assert shown.rowCount() == 60
    assert shown.is_probability()
    assert shown.data(shown.index(0), Qt.ItemDataRole.DisplayRole).startswith("Sample 1: ")
    right = sum(shown.top(row)[0].index == shown.true_class(row) for row in range(60))
    assert right >= 54
    assert "60 samples" in panel._summary.text()
    assert not panel.grab().toImage().isNull()
    with qtbot.waitSignal(window.state.message, timeout=WAIT_MS) as said:
        panel.save_outputs(tmp_path / "out.npz")
    assert said.args[3] == "good"
    with np.load(tmp_path / "out.npz") as stored:
        assert next(iter(stored.values())).shape == (60, 10)
    with qtbot.waitSignal(window.state.message, timeout=WAIT_MS) as said:
        panel.save_outputs(tmp_path / "out.npz")
    assert "exists" in said.args[0]


def test_run_on_random_input(qtbot: QtBot, window: MainWindow, models: list[int]) -> None:
    panel = RunPanel(window.state, window.jobs)
    qtbot.addWidget(panel)
    panel.show_models(models[1:])
    panel.data.set_spec(DataSpec())
    panel.start()
    qtbot.waitUntil(lambda: panel.result is not None, timeout=WAIT_MS)
    assert panel.outputs.rowCount() == 1
    assert panel.result is not None
    assert panel.result.runtime == "litert"


def test_evaluate_two_models_side_by_side(
    qtbot: QtBot, window: MainWindow, models: list[int], labelled: DataSpec
) -> None:
    panel = EvaluatePanel(window.state, window.jobs)
    qtbot.addWidget(panel)
    panel.resize(1100, 420)
    panel.show()
    panel.show_models(models)
    panel.data.set_spec(DataSpec())
    assert not panel.start_button.button.isEnabled()
    assert "labelled" in panel.start_button.button.toolTip()
    panel.data.set_spec(labelled)
    assert panel.start_button.button.isEnabled()
    panel.start()
    qtbot.waitUntil(lambda: not panel.start_button.running and len(panel.results) == 2, timeout=WAIT_MS)
    assert panel.results[0].top1 >= 0.9
    lines = panel.table.text().splitlines()
    assert any("points" in line for line in lines) or len(lines) == 2
    counts = np.array(panel.results[0].confusion)
    assert counts.sum() == 60
    assert panel.confusion.shares().max() <= 1
    cell = panel.confusion.grid()
    said = panel.confusion.describe(QPointF(cell.left() + 2, cell.top() + 2))
    assert said.startswith(f"{counts[0, 0]} of {counts[0].sum()} samples")
    (stored,) = window.state.project.runs("evaluate")
    again = EvaluatePanel(window.state, window.jobs)
    qtbot.addWidget(again)
    again.history.pick(stored.id)
    qtbot.waitUntil(lambda: bool(again.results), timeout=WAIT_MS)
    assert [result.top1 for result in again.results] == [result.top1 for result in panel.results]


def test_compare_says_it_in_plain_words(
    qtbot: QtBot, window: MainWindow, models: list[int], labelled: DataSpec
) -> None:
    panel = ComparePanel(window.state, window.jobs)
    qtbot.addWidget(panel)
    panel.show()
    panel.show_models(models)
    panel.data.set_spec(labelled)
    panel.start()
    qtbot.waitUntil(lambda: panel.shown is not None, timeout=WAIT_MS)
    assert panel.shown is not None
    assert panel.shown.agreement.max_abs_error < 1e-4
    assert "equal within rounding" in panel._headline.text()
    assert "60 of 60 samples" in panel._sentences.text()
    assert panel.table.rowCount() == 1
    (stored,) = window.state.project.runs("compare")
    assert stored.models == models


def test_a_failing_job_leaves_the_panel_ready(
    qtbot: QtBot, window: MainWindow, models: list[int], tmp_path: Path
) -> None:
    panel = RunPanel(window.state, window.jobs)
    qtbot.addWidget(panel)
    panel.show_models(models[:1])
    panel.data.set_spec(DataSpec(path=str(tmp_path / "missing.npz")))
    with qtbot.waitSignal(window.jobs.trouble, timeout=WAIT_MS):
        panel.start()
    qtbot.waitUntil(lambda: not panel.start_button.running, timeout=5000)
    assert panel.result is None
    assert panel.start_button.button.isEnabled()


def test_report_is_written_by_a_worker(qtbot: QtBot, window: MainWindow, models: list[int], tmp_path: Path) -> None:
    panel = ReportPanel(window.state, window.jobs)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: panel.models.rowCount() == 2, timeout=WAIT_MS)
    assert not panel._open.isEnabled()
    panel.write()
    qtbot.waitUntil(lambda: panel.written is not None, timeout=WAIT_MS)
    assert panel.written is not None
    assert panel._open.isEnabled()
    text = panel.written.read_text(encoding="utf-8")
    assert "digits.onnx" in text
    with qtbot.waitSignal(window.state.message, timeout=WAIT_MS):
        panel.save_as(tmp_path / "mine.html")
    assert (tmp_path / "mine.html").read_text(encoding="utf-8") == text


def test_an_evaluation_of_the_command_line_is_shown(qtbot: QtBot, window: MainWindow) -> None:
    result = {
        "model": "/x/net.onnx", "runtime": "onnxruntime", "device": "cpu", "samples": 4, "top1": 0.75, "top5": None,
        "confusion": [[2, 0], [1, 1]], "class_names": ["cat", "dog"], "data": "d.npz",
        "data_sha256": "ab", "seconds": 0.1,
    }  # fmt: skip
    run = window.state.project.add_run("evaluate", [], result)
    panel = EvaluatePanel(window.state, window.jobs)
    qtbot.addWidget(panel)
    panel.history.pick(run.id)
    qtbot.waitUntil(lambda: bool(panel.results), timeout=WAIT_MS)
    assert "75.00 %" in panel.table.text()


def test_data_is_chosen_in_the_form(qtbot: QtBot, window: MainWindow, models: list[int], labelled: DataSpec) -> None:
    panel = EvaluatePanel(window.state, window.jobs)
    qtbot.addWidget(panel)
    panel.show()
    panel.show_models(models)
    panel.data.ask()
    dialog = panel.data.findChild(DataDialog)
    assert dialog is not None
    dialog.form.set_spec(labelled)
    dialog.accept()
    assert panel.data.spec() == labelled
    assert "60 samples" in panel.data.text()
    panel.data.ask()
    dialogs = [found for found in panel.data.findChildren(DataDialog) if found.isVisible()]
    dialogs[-1].form.path.setText("")
    dialogs[-1].reject()
    assert panel.data.spec() == labelled
