"""The main window from start to end: welcome page, opening, dropping, failing, cancelling, closing."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from workbench.core.events import AnyEvent, Started
from workbench.core.settings import Settings, load
from workbench.gui import app, theme
from workbench.gui.graph.graph_tab import GraphTab
from workbench.gui.main_window import MainWindow
from workbench.gui.panels.model_choice import ModelChoice
from workbench.gui.panels.project_tree import CHANGE, ID, ProjectTree
from workbench.gui.welcome import RecentRow, SampleCard
from workbench.jobs.benchmark import Benchmark, Subject
from workbench.jobs.runner import Runner, Ticket

WAIT_MS = 60_000


def drop(window: MainWindow, *paths: Path) -> None:
    """Drag files over the window and let them fall."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dragEnterEvent(QDragEnterEvent(QPoint(400, 400), copy, mime, left, none))
    window.dropEvent(QDropEvent(QPointF(400, 400), copy, mime, left, none))


def long_job(path: Path) -> Benchmark:
    return Benchmark(subjects=[Subject(model=str(path))], seconds=120)


def press_when_asked(label: str) -> list[str]:
    """Press a button of the next message box; the list receives what it asked."""
    asked: list[str] = []

    def press() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(20, press)
            return
        asked.append(box.text())
        next(button for button in box.buttons() if button.text() == label).click()

    QTimer.singleShot(20, press)
    return asked


def start_long_job(window: MainWindow, qtbot: QtBot, samples: Path) -> tuple[Ticket, int]:
    """Start a job that would take minutes; return it and its worker's process id once it runs."""
    pids: list[int] = []

    def note(_ticket: Ticket, event: AnyEvent) -> None:
        if isinstance(event, Started):
            pids.append(event.pid)

    window.jobs.happened.connect(note)
    ticket = window.jobs.submit(long_job(samples / "digits.onnx"))
    qtbot.waitUntil(lambda: bool(pids), timeout=WAIT_MS)
    window.jobs.happened.disconnect(note)
    return ticket, pids[0]


def test_an_empty_window_is_the_welcome_page(window: MainWindow) -> None:
    assert window.centre.currentWidget() is window.welcome
    assert not any(dock.isVisible() for dock in window.docks.values())
    assert len(window.findChildren(SampleCard)) >= 5


def test_a_sample_opens_with_a_click_and_brings_its_data(window: MainWindow, qtbot: QtBot) -> None:
    card = next(card for card in window.findChildren(SampleCard) if "ONNX" in card.accessibleName())
    with qtbot.waitSignal(window.state.graph_ready, timeout=WAIT_MS):
        qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(window.docks["project"].isVisible)
    assert window.centre.currentWidget() is window.tabs
    assert window.state.current is not None
    assert window.state.current.name == "digits.onnx"
    assert window.windowTitle().startswith("digits.onnx")
    assert window.state.data.path.endswith("digits-test.npz")
    assert window.actions_by_id["optimize"].isEnabled()


def test_dropped_models_open_and_stand_in_the_tree(window: MainWindow, qtbot: QtBot, samples: Path) -> None:
    drop(window, samples / "digits.onnx", samples / "digits_savedmodel")
    qtbot.waitUntil(lambda: len(window.state.project.models()) == 2, timeout=WAIT_MS)
    assert {record.format for record in window.state.project.models()} == {"onnx", "saved-model"}
    qtbot.waitUntil(lambda: not window.jobs.running(), timeout=WAIT_MS)


def test_a_wrong_file_is_named_and_the_window_goes_on(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, samples: Path
) -> None:
    wrong = tmp_path / "letter.onnx"
    wrong.write_text("Dear colleague, the model is in the attachment.")
    drop(window, wrong)
    qtbot.waitUntil(lambda: "letter.onnx" in window.messages.text(), timeout=WAIT_MS)
    assert window.messages.hint()
    assert window.messages.property("level") == "error"
    assert "Traceback" not in window.messages.text() + window.messages.hint()
    assert not window.state.project.models()
    drop(window, samples / "digits.tflite")
    qtbot.waitUntil(lambda: len(window.state.project.models()) == 1, timeout=WAIT_MS)


def test_docks_have_room_when_they_first_appear(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, open_model, samples: Path
) -> None:
    window.resize(1360, 860)
    window.state.open_model(tmp_path / "gone.onnx")
    qtbot.waitUntil(lambda: bool(window.messages.text()), timeout=WAIT_MS)
    open_model(samples / "digits.onnx")
    qtbot.waitUntil(window.docks["project"].isVisible)
    qtbot.waitUntil(lambda: window.docks["project"].width() >= 270)
    assert window.docks["inspector"].width() >= 310


def test_a_missing_file_is_said(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    window.state.open_model(tmp_path / "gone.keras")
    qtbot.waitUntil(lambda: "gone.keras" in window.messages.text(), timeout=WAIT_MS)


def test_a_killed_worker_ends_one_job_and_the_next_one_runs(window: MainWindow, qtbot: QtBot, samples: Path) -> None:
    ticket, pid = start_long_job(window, qtbot, samples)
    os.kill(pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: window.jobs.course(ticket).ended is not None, timeout=WAIT_MS)
    assert ticket.state == "crashed"
    assert window.messages.text()
    assert window.messages.property("level") == "error"
    results: list[object] = []
    window.jobs.submit(
        Benchmark(subjects=[Subject(model=str(samples / "digits.onnx"))], runs=3, warmup=1), then=results.append
    )
    qtbot.waitUntil(lambda: bool(results), timeout=WAIT_MS)


def test_cancel_ends_the_job_in_silence(window: MainWindow, qtbot: QtBot, samples: Path) -> None:
    ticket, _pid = start_long_job(window, qtbot, samples)
    assert window.actions_by_id["cancel"].isEnabled()
    window.show_pane("jobs")
    button = next(found for found in window.findChildren(QPushButton) if found.accessibleName().startswith("Cancel "))
    button.click()
    qtbot.waitUntil(lambda: window.jobs.course(ticket).ended is not None, timeout=5000)
    assert ticket.state == "cancelled"
    assert window.messages.text() == ""
    assert not window.actions_by_id["cancel"].isEnabled()


def test_closing_asks_while_a_job_runs(window: MainWindow, qtbot: QtBot, samples: Path) -> None:
    ticket, _pid = start_long_job(window, qtbot, samples)
    asked = press_when_asked("Keep working")
    assert not window.close()
    assert "still running" in asked[0]
    assert window.jobs.course(ticket).ended is None
    press_when_asked("Stop and close")
    assert window.close()
    assert ticket.state == "cancelled"


def test_closing_does_not_ask_when_nothing_runs(window: MainWindow) -> None:
    assert window.close()


def test_the_next_window_is_where_the_last_one_was(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, open_model, samples: Path
) -> None:
    open_model(samples / "digits.onnx")
    qtbot.waitUntil(window.docks["inspector"].isVisible)
    window.resize(790, 733)  # the offscreen screen is 800 x 800
    window.docks["inspector"].hide()
    window.close()
    again = app.build_window(Runner(warm=False), load(), tmp_path / "project")
    qtbot.addWidget(again)
    again.show()
    assert again.height() == 733
    with qtbot.waitSignal(again.state.graph_ready, timeout=WAIT_MS):
        again.state.resume()
    qtbot.waitUntil(again.docks["project"].isVisible)
    assert not again.docks["inspector"].isVisible()
    again.close_now()


def test_recent_files_are_offered_and_missing_ones_are_grey(
    window: MainWindow, open_model, samples: Path, tmp_path: Path
) -> None:
    window.state.settings.recent = [str(tmp_path / "gone.h5")]
    open_model(samples / "digits.tflite")
    window.show_welcome()
    rows = {row.toolTip(): row.isEnabled() for row in window.findChildren(RecentRow) if row.parent() is not None}
    assert rows[str(samples / "digits.tflite")]
    assert not rows[str(tmp_path / "gone.h5")]


def test_dark_and_light_differ_everywhere(window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.state.theme_changed):
        window.state.set_theme("dark")
    dark = window.grab().toImage().pixelColor(5, 300).lightness()
    assert load().theme == "dark"
    window.state.set_theme("light")
    light = window.grab().toImage().pixelColor(5, 300).lightness()
    assert dark < 60
    assert light > 200
    assert theme.LIGHT.keys() == theme.DARK.keys()


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        *((role, ground) for role in ("text", "muted") for ground in ("window", "surface", "raised", "sunken")),
        *((level, f"{level}-soft") for level in ("good", "warning", "bad", "info")),
        ("accent-text", "accent"),
    ],
)
@pytest.mark.parametrize("roles", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_texts_can_be_read(roles: dict[str, str], text: str, ground: str) -> None:
    """WCAG 2.1 contrast of 4.5 to 1."""

    def luminance(spelled: str) -> float:
        parts = [int(spelled[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dim = sorted((luminance(roles[text]), luminance(roles[ground])), reverse=True)
    assert (bright + 0.05) / (dim + 0.05) >= 4.5


def test_an_artifact_to_deploy_is_in_the_tree_and_nowhere_to_be_run(
    window: MainWindow, open_model: Callable[[Path], None], samples: Path, tmp_path: Path
) -> None:
    open_model(samples / "digits.onnx")
    source = window.state.project.models()[0]
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "README.md").write_text("for a server")
    step = {"plugin": "tf-serving", "bytes_before": source.bytes, "bytes_after": 12, "format": "", "verified": None}
    made = window.state.project.add_model(tmp_path / "served", name="served", format="", parent=source.id, step=step)
    window.state.models_changed.emit()
    tree = window.show_pane("project")
    assert isinstance(tree, ProjectTree)
    child = tree.model().index(0, 0, tree.model().index(0, 0))
    assert child.data() == "served"
    tree.choose(child)
    assert window.state.current is not None
    assert window.state.current.id == made.id
    assert not window.jobs.running(), "nothing tries to read it"
    graph = window.show_pane("graph")
    assert isinstance(graph, GraphTab)
    assert "made to be deployed" in graph.error_text()
    assert not window.actions_by_id["optimize"].isEnabled()
    assert window.actions_by_id["rename"].isEnabled()
    assert ModelChoice(window.state, "model").count() == 1


def test_the_tree_shows_lineage_and_change(window: MainWindow, open_model, samples: Path) -> None:
    open_model(samples / "digits.keras")
    root = window.state.project.models()[0]
    step = {"plugin": "dynamic-int8", "verified": {"passed": True}, "artifact_sha256": "", "bytes_before": 400,
            "bytes_after": 100}  # fmt: skip
    window.state.project.add_model(
        samples / "digits.tflite", name="digits-int8.tflite", format="tflite", parent=root.id, step=step
    )
    window.state.models_changed.emit()
    tree = window.show_pane("project")
    assert isinstance(tree, ProjectTree)
    parent = tree.model().index(0, 0)
    child = tree.model().index(0, 0, parent)
    assert (parent.data(), child.data()) == ("digits.keras", "int8.tflite")
    assert child.data(CHANGE).endswith("%")
    tree.choose(child)
    assert window.state.current is not None
    assert window.state.current.id == child.data(ID)
    assert {action.text() for action in tree.menu().actions()} >= {"Rename...", "Copy path", "Remove from project..."}


def test_renaming_and_removing_reach_the_tree(window: MainWindow, open_model, samples: Path) -> None:
    open_model(samples / "digits.onnx")
    assert window.state.current is not None
    window.state.rename(window.state.current.id, "my digits")
    tree = window.show_pane("project")
    assert isinstance(tree, ProjectTree)
    assert tree.model().index(0, 0).data() == "my digits"
    window.state.remove(window.state.current.id)
    assert tree.model().rowCount() == 0
    assert window.centre.currentWidget() is window.welcome


def test_another_project_brings_its_own_models(
    qtbot: QtBot, window: MainWindow, open_model, samples: Path, tmp_path: Path
) -> None:
    open_model(samples / "digits.onnx")
    with qtbot.waitSignal(window.state.project_changed, timeout=WAIT_MS):
        window.state.open_project(tmp_path / "second")
    assert window.state.current is None
    assert window.centre.currentWidget() is window.welcome
    with qtbot.waitSignal(window.state.project_changed, timeout=WAIT_MS):
        window.state.open_project(tmp_path / "project")
    assert [record.name for record in window.state.project.models()] == ["digits.onnx"]


def test_a_project_that_cannot_be_opened_is_replaced_and_said(qtbot: QtBot, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    window = app.build_window(Runner(warm=False), Settings(), blocked)
    qtbot.addWidget(window)
    assert "file" in window.messages.text()
    assert window.state.project.models() == []
    window.close_now()
