"""The command palette: ranking, and choosing by keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from pytestqt.qtbot import QtBot

from workbench.gui.main_window import MainWindow
from workbench.gui.palette import Entry, Palette, ranked, score


def entry(text: str, *, enabled: bool = True) -> Entry:
    return Entry(text, "", "", QIcon(), lambda: None, enabled)


@pytest.mark.parametrize("query", ["om", "opmod", "OPEN", "model open"[:4], ""])
def test_letters_in_order_fit(query: str) -> None:
    assert score(query, "Open model...") is not None


@pytest.mark.parametrize("query", ["xyz", "ledom", "openx"])
def test_letters_out_of_order_do_not(query: str) -> None:
    assert score(query, "Open model...") is None


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    [
        ("rep", "Write report", "Reset the window's layout"),
        ("bench", "Benchmark", "Show in bed-edge-north-channel"),
        ("sf", "Save file", "Transform"),
        ("log", "Log", "Show log folder"),
    ],
)
def test_whole_words_and_word_beginnings_come_first(query: str, better: str, worse: str) -> None:
    first = ranked(query, [entry(worse), entry(better)])[0]
    assert first.text == better


def test_disabled_ones_come_last() -> None:
    found = ranked("export", [entry("Export", enabled=False), entry("Export this very long thing")])
    assert [item.enabled for item in found] == [True, False]


def test_enter_runs_the_first_hit(window: MainWindow, qtbot: QtBot) -> None:
    palette = Palette(window)
    palette.popup()
    qtbot.keyClicks(palette.field, "dark")
    assert palette.texts()[0] == "Dark"
    with qtbot.waitSignal(window.state.theme_changed):
        qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.state.settings.theme == "dark"
    window.state.set_theme("light")


def test_a_disabled_command_does_not_run(window: MainWindow, qtbot: QtBot) -> None:
    palette = Palette(window)
    palette.popup()
    qtbot.keyClicks(palette.field, "rename")
    assert palette.texts()[0] == "Rename..."
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()
    palette.close()


def test_arrows_move_in_the_list(window: MainWindow, qtbot: QtBot) -> None:
    palette = Palette(window)
    palette.popup()
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    assert palette.list.currentIndex().row() == 1
    qtbot.keyClick(palette.field, Qt.Key.Key_Up)
    qtbot.keyClick(palette.field, Qt.Key.Key_Up)
    assert palette.list.currentIndex().row() == 0
    palette.close()


def test_the_models_of_the_project_can_be_reached(window: MainWindow, open_model, samples) -> None:
    open_model(samples / "digits.onnx")
    open_model(samples / "digits.tflite")
    palette = Palette(window)
    palette.field.setText("digits.onnx")
    assert palette.texts()[0] == "digits.onnx"
    palette.run()
    assert window.state.current is not None
    assert window.state.current.name == "digits.onnx"


def test_export_targets_say_what_they_are(window: MainWindow) -> None:
    palette = Palette(window)
    assert "Export to SavedModel" in palette.texts()
    palette.close()
