"""On a small screen everything is still there."""

from __future__ import annotations

from PySide6.QtWidgets import QDialogButtonBox, QToolButton
from pytestqt.qtbot import QtBot

from workbench.gui import theme
from workbench.gui.main_window import MainWindow
from workbench.gui.panels.data_choice import DataChoice, DataDialog


def test_the_window_with_all_its_parts_fits_1024_by_700(window: MainWindow, qtbot: QtBot, qapp) -> None:
    theme.apply(qapp, "light")
    for pane in window.panes:
        window.show_pane(pane)
    window.resize(1024, 700)
    qtbot.waitUntil(lambda: (window.width(), window.height()) == (1024, 700), timeout=5_000)
    for pane in window.panes:
        window.show_pane(pane)
        content = window.panes[pane].content()
        qtbot.waitUntil(content.isVisible, timeout=5_000)
        right = content.mapTo(window, content.rect().topRight()).x()
        assert right <= 1024, pane
    assert window.width() == 1024


def test_the_data_dialog_stays_on_the_screen(window: MainWindow, qtbot: QtBot) -> None:
    choice = DataChoice(window.state, window.jobs, "Data", window)
    dialog = DataDialog(window.state, window.jobs, choice, title="Data", model="")
    dialog.show()
    qtbot.waitExposed(dialog)
    before = dialog.height()
    toggle = next(found for found in dialog.findChildren(QToolButton) if found.isCheckable())
    toggle.click()
    qtbot.waitUntil(lambda: dialog.height() > before, timeout=5_000)
    room = dialog.screen().availableGeometry()
    assert dialog.frameGeometry().height() <= room.height()
    assert dialog.frameGeometry().bottom() <= room.bottom()
    buttons = dialog.findChild(QDialogButtonBox)
    assert buttons is not None
    assert dialog.rect().contains(buttons.geometry())
    dialog.close()
