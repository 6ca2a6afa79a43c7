"""Everything that takes the keyboard says what it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QDialog,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from workbench.gui.dialogs.about import AboutDialog
from workbench.gui.dialogs.crash import CrashDialog
from workbench.gui.dialogs.export import ExportDialog
from workbench.gui.dialogs.optimize import OptimizeDialog
from workbench.gui.dialogs.shortcuts import ShortcutsDialog
from workbench.gui.main_window import MainWindow
from workbench.gui.panes import PANES

SPOKEN = (QAbstractButton, QAbstractItemView, QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit)


def is_part_of_another(control: QWidget) -> bool:
    """Say whether this is the line of a spin box or the list of a combo box, which are spoken by those."""
    above = control.parentWidget()
    while above is not None and not isinstance(above, QAbstractSpinBox | QComboBox):
        above = above.parentWidget()
    return above is not None


def silent(root: QWidget) -> list[str]:
    """Return the controls that take the keyboard and have neither a name nor a text of their own."""
    found = []
    for control in root.findChildren(QWidget):
        inside = control.parentWidget()
        if not isinstance(control, SPOKEN) or is_part_of_another(control):
            continue
        if control.focusPolicy() == Qt.FocusPolicy.NoFocus or control.objectName().startswith("qt_"):
            continue
        text = control.text() if isinstance(control, QAbstractButton) else ""
        if not control.accessibleName() and not text:
            found.append(f"{type(control).__name__} in {type(inside).__name__}")
    return found


@pytest.mark.parametrize("row", PANES, ids=lambda row: row.id)
def test_panes(window: MainWindow, row) -> None:
    assert silent(window.show_pane(row.id)) == []


def test_welcome_page(window: MainWindow) -> None:
    assert silent(window.welcome) == []


@pytest.mark.parametrize(
    "make",
    [
        lambda window: OptimizeDialog(window.state, window.jobs, window),
        lambda window: ExportDialog(window.state, window.jobs, window),
        ShortcutsDialog,
        AboutDialog,
        lambda window: CrashDialog("trace", window),
    ],
    ids=["optimize", "export", "shortcuts", "about", "crash"],
)
def test_dialogs(
    window: MainWindow, open_model: Callable[[Path], None], samples: Path, make: Callable[[MainWindow], QDialog]
) -> None:
    open_model(samples / "digits.onnx")
    dialog = make(window)
    assert silent(dialog) == []
    assert dialog.windowTitle()
    dialog.close()
