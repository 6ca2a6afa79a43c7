"""Every way out of the Optimize dialog, with the dialog really shown and real workers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from workbench.gui.dialogs.optimize import OptimizeDialog
from workbench.gui.main_window import MainWindow

WAIT_MS = 120_000


@pytest.fixture
def dialog(window: MainWindow, open_model: Callable[[Path], None], samples: Path, qtbot: QtBot) -> OptimizeDialog:
    """The dialog on the ONNX digits, shown."""
    open_model(samples / "digits.onnx")
    shown = OptimizeDialog(window.state, window.jobs, window, choose="dynamic-int8")
    shown.show()
    qtbot.waitExposed(shown)
    return shown


def run(dialog: OptimizeDialog, qtbot: QtBot) -> None:
    dialog.start_button.click()
    qtbot.waitUntil(lambda: dialog.stack.currentIndex() > 1, timeout=WAIT_MS)


def press(dialog: OptimizeDialog, text: str, qtbot: QtBot) -> None:
    button = next(found for found in dialog.findChildren(QPushButton) if found.text() == text and found.isVisible())
    with qtbot.waitSignal(dialog.destroyed, timeout=5_000):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_one_button_is_the_default_wherever_the_keyboard_is(dialog: OptimizeDialog, qtbot: QtBot) -> None:
    for button in dialog.findChildren(QPushButton):
        button.setFocus()
        assert [found for found in dialog.findChildren(QPushButton) if found.isDefault()] == [dialog.start_button]
    size = dialog.size()
    dialog.messages.show_message("A long message. " * 30, "With a hint. " * 30)
    qtbot.waitUntil(dialog.messages.isVisible)
    needed = dialog.messages.layout().totalHeightForWidth(dialog.width())
    qtbot.waitUntil(lambda: dialog.messages.height() == needed, timeout=5_000)
    dialog.messages.dismiss()
    assert dialog.size() == size
    dialog.close()


def test_escape_closes_it(dialog: OptimizeDialog, qtbot: QtBot) -> None:
    with qtbot.waitSignal(dialog.destroyed, timeout=5_000):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)


def test_its_button_closes_it(dialog: OptimizeDialog, qtbot: QtBot) -> None:
    press(dialog, "Close", qtbot)


def test_the_frame_closes_it(dialog: OptimizeDialog, qtbot: QtBot) -> None:
    with qtbot.waitSignal(dialog.destroyed, timeout=5_000):
        assert dialog.close()


def test_open_leaves_and_shows_the_new_model(dialog: OptimizeDialog, window: MainWindow, qtbot: QtBot) -> None:
    run(dialog, qtbot)
    assert [found.text() for found in dialog.findChildren(QPushButton) if found.isDefault()] == ["Open"]
    window.show_pane("report")
    press(dialog, "Open", qtbot)
    assert window.state.current is not None
    assert window.state.current.name == "digits-dynamic-int8.onnx"
    assert window.tabs.currentWidget() is window.panes["graph"]
    qtbot.waitUntil(lambda: not window.jobs.running(), timeout=WAIT_MS)


def test_benchmark_both_leaves_for_the_benchmark(dialog: OptimizeDialog, window: MainWindow, qtbot: QtBot) -> None:
    run(dialog, qtbot)
    press(dialog, "Benchmark both", qtbot)
    assert window.docks["benchmark"].isVisible()
    qtbot.waitUntil(lambda: not window.jobs.running(), timeout=WAIT_MS)


def test_escape_while_running_leaves_the_job_to_the_window(
    dialog: OptimizeDialog, window: MainWindow, qtbot: QtBot
) -> None:
    dialog.start_button.click()
    with qtbot.waitSignal(dialog.destroyed, timeout=5_000):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: "is ready" in window.messages.text(), timeout=WAIT_MS)
    assert len(window.state.project.models()) == 2


def test_a_second_run_in_the_same_dialog_can_be_cancelled(
    dialog: OptimizeDialog, window: MainWindow, qtbot: QtBot
) -> None:
    run(dialog, qtbot)
    again = next(found for found in dialog.findChildren(QPushButton) if found.text() == "Back to the settings")
    qtbot.mouseClick(again, Qt.MouseButton.LeftButton)
    assert dialog.stack.currentIndex() == 0
    dialog.start_button.click()
    assert dialog.stack.currentIndex() == 1
    dialog.cancel()
    qtbot.waitUntil(lambda: dialog.stack.currentIndex() == 0, timeout=10_000)
    run(dialog, qtbot)
    assert len(window.state.project.models()) == 3
    press(dialog, "Close", qtbot)
