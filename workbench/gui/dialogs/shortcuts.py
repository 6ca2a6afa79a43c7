"""The shortcut sheet: every command with its keys, found by typing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)

from workbench.core.i18n import _

if TYPE_CHECKING:
    from workbench.gui.main_window import MainWindow


class ShortcutsDialog(QDialog):
    """All commands by menu."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Keyboard shortcuts"))
        self.resize(560, 640)
        self._field = QLineEdit()
        self._field.setPlaceholderText(_("Filter"))
        self._field.setAccessibleName(_("Filter the shortcuts"))
        self._field.setClearButtonEnabled(True)
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels([_("Command"), _("Keys")])
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.tree.setRootIsDecorated(False)
        self.tree.setAccessibleName(_("Keyboard shortcuts"))
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().setStretchLastSection(False)
        layout = QVBoxLayout(self)
        layout.addWidget(self._field)
        layout.addWidget(self.tree)
        groups: dict[str, QTreeWidgetItem] = {}
        for command in window.commands:
            group = groups.get(command.menu)
            if group is None:
                group = groups[command.menu] = QTreeWidgetItem(self.tree, [_(command.menu)])
                font = group.font(0)
                font.setBold(True)
                group.setFont(0, font)
            action = window.actions_by_id[command.id]
            row = QTreeWidgetItem(
                group, [command.title(), action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)]
            )
            row.setIcon(0, action.icon())
        self.tree.expandAll()
        self._field.textChanged.connect(self.narrow)

    def narrow(self, text: str) -> None:
        """Show only the commands whose name or keys hold ``text``."""
        wanted = text.lower()
        for number in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(number)
            if group is None:
                continue
            rows = [row for at in range(group.childCount()) if (row := group.child(at)) is not None]
            for row in rows:
                row.setHidden(wanted not in f"{row.text(0)} {row.text(1)}".lower())
            group.setHidden(all(row.isHidden() for row in rows))
