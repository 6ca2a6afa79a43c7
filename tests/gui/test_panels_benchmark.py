"""The benchmark panel with real workers: live, stopped at any time, kept, shown again, exported."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from pytestqt.qtbot import QtBot

from workbench.core import latency
from workbench.core.latency_file import load_tracks
from workbench.gui.devices import Devices
from workbench.gui.main_window import MainWindow
from workbench.gui.panels import benchmark_run
from workbench.gui.panels.benchmark import BenchmarkPanel
from workbench.jobs.probe import DeviceList
from workbench.runtimes import Device

WAIT_MS = 60_000
OpenModel = Callable[[Path], None]


@pytest.fixture
def panel(qtbot: QtBot, window: MainWindow, open_model: OpenModel, samples: Path) -> BenchmarkPanel:
    open_model(samples / "digits.onnx")
    open_model(samples / "digits.tflite")
    cpu = [Device("cpu", "CPU", True), Device("gpu", "GPU", False, "no driver")]
    Devices.of(window.jobs).learn(DeviceList({"onnxruntime": cpu, "litert": cpu}))
    Devices.of(window.jobs)._asked = True
    made = BenchmarkPanel(window.state, window.jobs)
    qtbot.addWidget(made)
    made.resize(1200, 700)
    made.show()
    made.show_models([record.id for record in window.state.project.models()])
    return made


def measure(panel: BenchmarkPanel, qtbot: QtBot, runs: int) -> None:
    panel.form.runs.setValue(runs)
    panel.start()
    qtbot.waitUntil(lambda: panel.run is not None, timeout=WAIT_MS)
    settle(panel, qtbot)


def settle(panel: BenchmarkPanel, qtbot: QtBot) -> None:
    """Wait until what goes on in the background is over."""
    qtbot.waitUntil(lambda: not panel._jobs.background.is_busy(), timeout=WAIT_MS)


def test_two_models_in_one_chart_and_table(panel: BenchmarkPanel, qtbot: QtBot, window: MainWindow) -> None:
    measure(panel, qtbot, 50)
    assert panel.run is not None
    assert [row.runtime for row in panel.run.results] == ["onnxruntime", "litert"]
    for row in panel.run.results:
        track = panel.chart.tracks[row.series]
        summary = latency.summarize(track.measured.latencies.values)
        assert summary.runs == 50
        assert row.p50_ms == pytest.approx(summary.p50_ms, rel=1e-9)
        assert row.p99_ms == pytest.approx(summary.p99_ms, rel=1e-9)
        assert len(track.warmup.latencies) == 10
    text = panel.table.text().splitlines()
    assert len(text) == 3
    assert "baseline" in text[1]
    stored = window.state.project.runs("benchmark")
    assert len(stored) == 1
    assert stored[0].models == [record.id for record in window.state.project.models()]


def test_stop_keeps_the_samples_and_says_so(panel: BenchmarkPanel, qtbot: QtBot, window: MainWindow) -> None:
    panel.form.runs.setValue(10_000_000)
    panel.start()
    qtbot.waitUntil(
        lambda: any(len(track.measured.latencies) > 100 for track in panel.chart.tracks.values()), timeout=WAIT_MS
    )
    panel.stop()
    qtbot.waitUntil(lambda: panel.run is not None, timeout=WAIT_MS)
    settle(panel, qtbot)
    assert panel.run is not None
    assert panel.run.ended == "stopped"
    (row,) = panel.run.results
    values = panel.chart.tracks[row.series].measured.latencies.values
    assert row.runs == values.size > 100
    assert row.p90_ms == pytest.approx(float(np.percentile(values, 90)))
    assert "stopped early" in panel.table.text()
    (stored,) = window.state.project.runs("benchmark")
    kept = load_tracks(Path(stored.samples_path))[row.series]
    assert np.array_equal(kept.measured.latencies.values, values)
    measure(panel, qtbot, 20)
    assert panel.run.ended == "finished"


def test_an_earlier_run_is_shown_again(panel: BenchmarkPanel, qtbot: QtBot, window: MainWindow) -> None:
    measure(panel, qtbot, 30)
    before = panel.table.text()
    again = BenchmarkPanel(window.state, window.jobs)
    qtbot.addWidget(again)
    assert again.run is None
    again.history.pick(window.state.project.runs("benchmark")[0].id)
    qtbot.waitUntil(lambda: again.run is not None, timeout=WAIT_MS)
    assert again.table.text() == before
    assert sum(len(track.measured.latencies) for track in again.chart.tracks.values()) == 60


def test_exports(panel: BenchmarkPanel, qtbot: QtBot, tmp_path: Path) -> None:
    measure(panel, qtbot, 25)
    panel.save_picture(tmp_path / "chart.png")
    settle(panel, qtbot)
    assert QImage(str(tmp_path / "chart.png")).width() > 500
    panel.save_samples(tmp_path / "samples.csv")
    settle(panel, qtbot)
    lines = list(csv.DictReader((tmp_path / "samples.csv").read_text(encoding="utf-8").splitlines()))
    assert len(lines) == 2 * (25 + 10)
    panel.save_table(tmp_path / "table.csv")
    settle(panel, qtbot)
    rows = list(csv.DictReader((tmp_path / "table.csv").read_text(encoding="utf-8").splitlines()))
    measured = [float(line["latency_ms"]) for line in lines if line["phase"] == "measured"][:25]
    assert float(rows[0]["p50_ms"]) == pytest.approx(np.median(measured), abs=1e-6)
    assert rows[1]["verdict"] in ("faster", "slower", "same")
    with qtbot.waitSignal(panel._state.message, timeout=WAIT_MS) as said:
        panel.save_table(tmp_path / "table.csv")
    assert "exists" in said.args[0]
    assert said.args[3] == "error"


def test_copy_as_command(panel: BenchmarkPanel, qtbot: QtBot) -> None:
    measure(panel, qtbot, 12)
    panel.copy_command()
    command = QGuiApplication.clipboard().text()
    assert command.startswith("workbench bench ")
    assert "--runs 12" in command
    assert "digits.onnx" in command


def test_what_is_not_there_is_disabled_with_the_reason(panel: BenchmarkPanel, window: MainWindow) -> None:
    tree = panel.form.subjects
    items = tree.findItems("GPU", Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive)
    assert len(items) == 2
    assert all(item.isDisabled() and "no driver" in item.text(0) for item in items)
    tree.choose([])
    assert not panel.form.start_button.button.isEnabled()
    assert panel.form.start_button.button.toolTip()


def test_low_panels_put_the_table_beside_the_chart(panel: BenchmarkPanel, qtbot: QtBot) -> None:
    def beside() -> bool:
        return (
            panel.table.mapTo(panel, QPoint()).x() > panel.chart.mapTo(panel, QPoint(panel.chart.width() - 20, 0)).x()
        )

    panel.resize(1200, 320)
    qtbot.waitUntil(beside, timeout=5000)
    assert not any(panel.table.isColumnHidden(column) for column in range(panel.table.columnCount()))
    panel.resize(1200, 700)
    qtbot.waitUntil(lambda: not beside(), timeout=5000)


def test_ticks_stay_when_another_model_comes_into_view(panel: BenchmarkPanel, window: MainWindow) -> None:
    chosen = panel.form.subjects.chosen()
    assert len(chosen) == 2
    for record in window.state.project.models():
        window.state.select(record.id)
        assert panel.form.subjects.chosen() == chosen


def test_what_else_differs_is_said_under_the_table(panel: BenchmarkPanel, qtbot: QtBot) -> None:
    measure(panel, qtbot, 20)
    assert "other runtime, other threads" in panel.notes.text()
    assert not panel.notes.isHidden()


def test_a_benchmark_stopped_before_the_first_measurement_says_so(panel: BenchmarkPanel, qtbot: QtBot) -> None:
    panel.start()
    panel.stop()
    qtbot.waitUntil(lambda: panel.notes.text() == "Stopped before the first measurement.", timeout=WAIT_MS)
    assert panel.run is None


def test_a_run_of_another_version_is_said(panel: BenchmarkPanel, window: MainWindow) -> None:
    said: list[str] = []
    window.state.message.connect(lambda text, *_rest: said.append(text))
    panel.show_stored({"results": 5}, "")
    assert any("cannot be shown" in text for text in said)
    assert benchmark_run.describe({"results": 5}) == ""
