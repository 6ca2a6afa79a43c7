"""The command table, and the menu bar, toolbar and shortcut sheet that are views of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QLineEdit, QMenu
from pytestqt.qtbot import QtBot

import workbench.exporters
import workbench.passes
from workbench.core.plugins import discover
from workbench.exporters import Exporter
from workbench.gui.commands import MENUS, Command, commands
from workbench.gui.dialogs.export import ExportDialog
from workbench.gui.dialogs.shortcuts import ShortcutsDialog
from workbench.gui.main_window import MainWindow
from workbench.gui.panes import PANES
from workbench.passes import Pass

ROWS = commands()


def test_ids_are_unique() -> None:
    assert not [name for name, count in Counter(row.id for row in ROWS).items() if count > 1]


def test_every_command_has_a_shortcut_of_its_own() -> None:
    spelled = Counter(QKeySequence(row.shortcut).toString() for row in ROWS)
    assert "" not in spelled
    assert not [keys for keys, count in spelled.items() if count > 1]


def test_no_shortcut_begins_another() -> None:
    sequences = [QKeySequence(row.shortcut) for row in ROWS]
    partial = QKeySequence.SequenceMatch.PartialMatch
    assert not [
        (short.toString(), long.toString())
        for short in sequences
        for long in sequences
        if short != long and short.matches(long) == partial
    ]


def test_a_shortcut_is_one_stroke() -> None:
    assert not [row.shortcut for row in ROWS if QKeySequence(row.shortcut).count() != 1]


def test_the_dialogs_that_the_readme_names_have_its_shortcuts() -> None:
    spelled = {row.id: row.shortcut for row in ROWS}
    assert (spelled["optimize"], spelled["export"], spelled["palette"]) == ("Ctrl+T", "Ctrl+E", "Ctrl+K")


def test_ctrl_e_opens_the_export_dialog_from_a_search_field_that_keeps_its_text(
    window: MainWindow, open_model: Callable[[Path], None], samples: Path, qtbot: QtBot
) -> None:
    open_model(samples / "digits.onnx")
    window.activateWindow()
    window.actions_by_id["find-node"].trigger()
    field = window.focusWidget()
    assert isinstance(field, QLineEdit)
    qtbot.keyClicks(field, "em1")
    assert field.text() == "em1"
    qtbot.keyClick(field, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    dialog = window.findChild(ExportDialog)
    assert dialog is not None
    assert dialog.isVisible()
    dialog.close()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_its_menu_exists_and_its_icon_can_be_drawn(row: Command, window: MainWindow) -> None:
    assert row.menu in MENUS
    picture = window.actions_by_id[row.id].icon().pixmap(24, 24).toImage()
    drawn = [picture.pixelColor(x, y).alpha() for x in range(picture.width()) for y in range(picture.height())]
    assert any(drawn)


def test_every_plugin_and_pane_has_a_command() -> None:
    ids = {row.id for row in ROWS}
    assert {f"optimize-{name}" for name in discover(workbench.passes, Pass)} <= ids
    assert {f"export-{name}" for name in discover(workbench.exporters, Exporter)} <= ids
    assert {f"view-{row.id}" for row in PANES} <= ids


def test_the_menu_bar_shows_every_command(window: MainWindow) -> None:
    shown: list[QAction] = []
    for menu in window.menuBar().findChildren(QMenu):
        shown += menu.actions()
    assert set(window.actions_by_id.values()) <= set(shown)


def test_what_needs_a_model_is_disabled_without_one(window: MainWindow) -> None:
    enabled = {name for name, action in window.actions_by_id.items() if action.isEnabled()}
    assert {"open", "open-folder", "palette", "about", "theme-dark"} <= enabled
    assert not enabled & {"optimize", "export", "benchmark", "rename", "cancel", "save-recipe"}


def test_the_shortcut_sheet_narrows_as_one_types(window: MainWindow) -> None:
    sheet = ShortcutsDialog(window)
    rows = [sheet.tree.topLevelItem(at) for at in range(sheet.tree.topLevelItemCount())]
    assert sum(group.childCount() for group in rows) == len(ROWS)
    sheet.narrow("full screen")
    left = [
        group.child(at).text(0) for group in rows for at in range(group.childCount()) if not group.child(at).isHidden()
    ]
    assert left == ["Full screen"]
    sheet.close()
