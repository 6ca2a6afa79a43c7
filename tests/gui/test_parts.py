"""Message bar, jobs panel, log, settings, samples and the report of our own bugs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from workbench.core.errors import WorkbenchError
from workbench.core.settings import RECENT, Settings, load, save
from workbench.gui import app
from workbench.gui import samples as bundled
from workbench.gui.dialogs.about import version_text
from workbench.gui.dialogs.crash import CrashDialog
from workbench.gui.gap_meter import GapMeter
from workbench.gui.jobs import Course
from workbench.gui.main_window import MainWindow
from workbench.gui.messages import MessageBar
from workbench.gui.panels.jobs import JobRow, JobsPanel, _times
from workbench.gui.panels.log import LogPanel
from workbench.jobs.benchmark import Benchmark, Subject
from workbench.jobs.runner import Runner

WAIT_MS = 60_000


def test_a_message_shows_its_hint_and_hides_its_details(qtbot: QtBot) -> None:
    bar = MessageBar()
    qtbot.addWidget(bar)
    bar.show_message("It failed.", "Do this.", "Traceback ...", "error")
    assert (bar.text(), bar.hint()) == ("It failed.", "Do this.")
    assert not bar.details_shown()
    bar.details_button.click()
    assert bar.details_shown()
    bar.copy_button.click()
    assert QApplication.clipboard().text() == "It failed.\nDo this.\nTraceback ..."
    bar.dismiss()
    assert bar.text() == ""


def test_a_new_message_replaces_the_old_one(qtbot: QtBot) -> None:
    bar = MessageBar()
    qtbot.addWidget(bar)
    bar.show_message("First.", "", "details", "error")
    bar.show_message("Second.")
    assert bar.text() == "Second."
    assert bar.details_button.isHidden()


def test_errors_reach_the_message_bar_of_the_window(window: MainWindow) -> None:
    window.state.say_error(WorkbenchError("No room.", "Free some."))
    assert (window.messages.text(), window.messages.hint()) == ("No room.", "Free some.")
    assert window.messages.isVisible()


def test_the_jobs_panel_and_the_log_follow_a_job(window: MainWindow, qtbot: QtBot, samples: Path) -> None:
    panel, log = window.show_pane("jobs"), window.show_pane("log")
    assert isinstance(panel, JobsPanel)
    assert isinstance(log, LogPanel)
    results: list[object] = []
    job = Benchmark(subjects=[Subject(model=str(samples / "digits.onnx"))], runs=5, warmup=1)
    ticket = window.jobs.submit(job, then=results.append)
    assert len(panel.findChildren(JobRow)) == 1
    assert window.jobs.working()
    qtbot.waitUntil(lambda: bool(results), timeout=WAIT_MS)
    course = window.jobs.course(ticket)
    assert course.elapsed() > 0
    assert course.remaining() is None
    assert "Benchmark digits.onnx" in log.text()
    log.narrow("no line holds this")
    assert log.text() == ""
    assert not window.jobs.working()


def test_waiting_for_a_worker_is_told_apart_from_running(window: MainWindow, samples: Path) -> None:
    ticket = window.jobs.submit(Benchmark(subjects=[Subject(model=str(samples / "digits.onnx"))], runs=5))
    window.jobs.cancel(ticket)
    assert _times(Course(ticket, submitted=10.0, started=19.0, ended=19.28)) == "waited 9.0 s, ran 0.28 s"
    assert _times(Course(ticket, submitted=10.0, started=10.1, ended=12.1)) == "2.0 s"
    assert _times(Course(ticket, submitted=time.monotonic() - 4.0)).startswith("waiting 4.")


def test_jobs_that_nobody_asked_for_stay_out_of_sight(window: MainWindow, qtbot: QtBot, samples: Path) -> None:
    panel = window.show_pane("jobs")
    job = Benchmark(subjects=[Subject(model=str(samples / "digits.onnx"))], runs=3, warmup=1)
    ticket = window.jobs.submit(job, background=True)
    assert not window.jobs.working()
    qtbot.waitUntil(lambda: window.jobs.course(ticket).ended is not None, timeout=WAIT_MS)
    assert not panel.findChildren(JobRow)


def test_settings_survive_and_damage_does_no_harm(own_home: Path) -> None:
    settings = Settings(theme="dark")
    for number in range(RECENT + 5):
        settings.remember(Path(f"/models/{number}.onnx"))
    settings.remember(Path("/models/10.onnx"))
    save(settings)
    assert load() == settings
    assert load().recent[0] == "/models/10.onnx"
    assert len(load().recent) == RECENT
    assert len(set(load().recent)) == RECENT
    (own_home / "config" / "settings.json").write_text("{ not json")
    assert load() == Settings()


def test_samples_are_there_with_their_data() -> None:
    found = bundled.bundled()
    assert {sample.format for sample in found} == {"keras-h5", "keras-zip", "saved-model", "onnx", "tflite"}
    for sample in found:
        assert sample.model().exists()
        assert Path(sample.spec().path).exists()
    assert bundled.sample_of(found[0].model()) == found[0]


def test_an_uncaught_exception_becomes_a_report(window: MainWindow, qtbot: QtBot) -> None:
    hook = app.CrashHook(window)
    try:
        raise RuntimeError("a bug of ours")
    except RuntimeError as error:
        hook(type(error), error, error.__traceback__)
        hook(type(error), error, error.__traceback__)
    reports = window.findChildren(CrashDialog)
    assert len(reports) == 1
    assert "a bug of ours" in reports[0].report()
    assert version_text() in reports[0].report()
    reports[0].accept()


def test_what_a_thread_did_not_catch_becomes_a_report_too(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hook = app.CrashHook(window)
    monkeypatch.setattr(threading, "excepthook", hook.in_thread)

    def blunder() -> None:
        raise RuntimeError("a bug in a thread")

    thread = threading.Thread(target=blunder)
    thread.start()
    thread.join(10)
    assert "a bug in a thread" in caplog.text, "logged at once, whatever becomes of the window"
    qtbot.waitUntil(lambda: bool(window.findChildren(CrashDialog)))
    (report,) = window.findChildren(CrashDialog)
    assert "a bug in a thread" in report.report()
    report.accept()


def test_run_takes_over_the_exceptions_of_threads(own_home: Path) -> None:
    program = (
        "import sys, threading; from pathlib import Path; from PySide6.QtCore import QTimer\n"
        "from PySide6.QtWidgets import QApplication\n"
        "from workbench.gui import app\n"
        "application = app.application()\n"
        "QTimer.singleShot(0, lambda: threading.Thread(target=lambda: 1 / 0).start())\n"
        "QTimer.singleShot(500, lambda: application.closeAllWindows())\n"
        "QTimer.singleShot(500, lambda: application.exit(0))\n"
        "sys.exit(app.run(None, Path(sys.argv[1])))\n"
    )
    subprocess.run(
        [sys.executable, "-c", program, str(own_home / "project")],
        capture_output=True,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        timeout=60,
    )
    logs = "".join(path.read_text(encoding="utf-8") for path in own_home.rglob("window.log"))
    assert "ZeroDivisionError" in logs


def test_an_error_for_the_person_is_a_message_not_a_report(window: MainWindow) -> None:
    error = WorkbenchError("Not so.", "But so.")
    app.CrashHook(window)(WorkbenchError, error, None)
    assert window.messages.text() == "Not so."
    assert not window.findChildren(CrashDialog)


def test_the_gap_meter_sees_a_blocked_loop(qtbot: QtBot) -> None:
    meter = GapMeter()
    with qtbot.waitSignal(meter.ticked):
        meter.start()
    end = meter.elapsed() + 0.12
    while meter.elapsed() < end:
        pass
    with qtbot.waitSignal(meter.ticked):
        pass
    assert 100 < meter.stop()[0][0] < 1000


def test_a_picture_of_the_window_is_written_and_an_unwritable_place_is_said(window: MainWindow, tmp_path: Path) -> None:
    app.grab(window, tmp_path / "shots" / "window.png")
    assert (tmp_path / "shots" / "window.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(WorkbenchError):
        app.grab(window, tmp_path / "shots" / "window.png" / "no-folder.png")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_closes_the_window_cleanly(own_home: Path, number: signal.Signals) -> None:
    program = (
        "import sys; from pathlib import Path; from PySide6.QtCore import QTimer\n"
        "from workbench.gui import app\n"
        "application = app.application()\n"
        "QTimer.singleShot(0, lambda: print('up', flush=True))\n"
        "sys.exit(app.run(None, Path(sys.argv[1])))\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(own_home / "project")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    child.send_signal(number)
    _out, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    assert "Traceback" not in errors


def test_a_running_window_gives_its_workers_up(qtbot: QtBot, tmp_path: Path) -> None:
    import psutil

    runner = Runner(warm=False)
    window = app.build_window(runner, Settings(), tmp_path / "project")
    qtbot.addWidget(window)
    window.state.open_model(tmp_path / "nothing.onnx")
    qtbot.waitUntil(lambda: bool(window.messages.text()), timeout=WAIT_MS)
    assert psutil.Process().children()
    window.close_now()
    assert not [child for child in psutil.Process().children() if "workbench.jobs.worker" in " ".join(child.cmdline())]
