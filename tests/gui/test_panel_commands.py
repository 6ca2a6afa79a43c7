"""Copy as command in every panel: the command runs the very job whose result is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from parsed_commands import job_of
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from workbench.core.datasets import DataSpec
from workbench.gui.main_window import MainWindow
from workbench.gui.panels.benchmark import BenchmarkPanel
from workbench.gui.panels.compare import ComparePanel
from workbench.gui.panels.evaluate import EvaluatePanel
from workbench.gui.panels.run import RunPanel
from workbench.jobs import Job

WAIT_MS = 60_000


@pytest.fixture
def models(window: MainWindow, open_model: Callable[[Path], None], samples: Path) -> list[int]:
    open_model(samples / "digits.onnx")
    open_model(samples / "digits.tflite")
    return [record.id for record in window.state.project.models()]


@pytest.fixture
def labelled(samples: Path) -> DataSpec:
    return DataSpec(path=str(samples / "digits-test.npz"), limit=10)


def copied(
    panel: RunPanel | ComparePanel | EvaluatePanel | BenchmarkPanel, monkeypatch: pytest.MonkeyPatch
) -> list[Job]:
    """Return the jobs of the copied commands."""
    QGuiApplication.clipboard().clear()
    panel.copy_command()
    return [job_of(line, monkeypatch) for line in QGuiApplication.clipboard().text().splitlines()]


def test_run(
    qtbot: QtBot, window: MainWindow, models: list[int], labelled: DataSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = window.state.project.folder.parent
    monkeypatch.chdir(here)
    panel = RunPanel(window.state, window.jobs)
    qtbot.addWidget(panel)
    panel.show_models(models[:1])
    panel.data.set_spec(labelled)
    panel.start()
    qtbot.waitUntil(lambda: panel.result is not None, timeout=WAIT_MS)
    panel.show_models(models[1:])  # what is chosen for the next run does not matter
    (job,) = copied(panel, monkeypatch)
    assert panel._job is not None
    assert job == msgspec.structs.replace(panel._job, out=str(here / "digits-outputs.npz"))


def test_compare(
    qtbot: QtBot, window: MainWindow, models: list[int], labelled: DataSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = ComparePanel(window.state, window.jobs)
    qtbot.addWidget(panel)
    panel.show_models(models)
    panel.data.set_spec(labelled)
    panel.start()
    first = panel._job
    qtbot.waitUntil(lambda: panel.shown is not None, timeout=WAIT_MS)
    assert copied(panel, monkeypatch) == [first]
    panel.show_models(models[::-1])
    panel.start()
    second = panel._job
    qtbot.waitUntil(lambda: len(window.state.project.runs("compare")) == 2, timeout=WAIT_MS)
    assert second != first
    assert copied(panel, monkeypatch) == [second]
    panel.show_stored(window.state.project.runs("compare")[0].result, "")
    assert copied(panel, monkeypatch) == [first]
    old = window.state.project.runs("compare")[0].result
    del old["job"]
    panel.show_stored(old, "")
    assert copied(panel, monkeypatch) == []


def test_evaluate(
    qtbot: QtBot, window: MainWindow, models: list[int], labelled: DataSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = EvaluatePanel(window.state, window.jobs)
    qtbot.addWidget(panel)
    panel.data.set_spec(labelled)
    asked = []
    for chosen in (models, models[:1]):
        panel.show_models(chosen)
        before = len(window.state.project.runs("evaluate"))
        panel.start()
        asked.append(panel._asked)
        qtbot.waitUntil(lambda: len(window.state.project.runs("evaluate")) == before + 1, timeout=WAIT_MS)  # noqa: B023
    assert len(asked[0]) > len(asked[1]) > 0
    assert copied(panel, monkeypatch) == asked[1]
    panel.show_stored(window.state.project.runs("evaluate")[0].result, "")
    assert copied(panel, monkeypatch) == asked[0]


def test_benchmark(qtbot: QtBot, window: MainWindow, models: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    panel = BenchmarkPanel(window.state, window.jobs)
    qtbot.addWidget(panel)
    panel.show_models(models[:1])
    panel.start()
    job = panel._job
    assert job is not None
    jobs = copied(panel, monkeypatch)
    assert [subject for each in jobs for subject in each.subjects] == job.subjects
    assert all(msgspec.structs.replace(each, subjects=job.subjects) == job for each in jobs)
    panel.stop()
    qtbot.waitUntil(lambda: not window.jobs.running(), timeout=WAIT_MS)
