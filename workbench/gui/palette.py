"""The command palette: type a few letters of any command or model and press Enter."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QIcon, QKeyEvent, QKeySequence, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
)

from workbench.core.i18n import _
from workbench.gui import theme

if TYPE_CHECKING:
    from workbench.gui.main_window import MainWindow

ENTRY = int(Qt.ItemDataRole.UserRole) + 1
ROW = 32
SHOWN = 12


class Entry(msgspec.Struct):
    """One thing that can be chosen."""

    text: str
    group: str
    shortcut: str
    icon: QIcon
    run: Callable[[], None]
    enabled: bool = True


def score(query: str, text: str) -> float | None:
    """Return how well ``query`` fits ``text`` (higher is better), or None when its letters are not there in order.

    Letters that follow each other, begin a word or begin the text count more; long texts count a little less.
    """
    wanted, there = query.lower().replace(" ", ""), text.lower()
    total, at, before = 0.0, 0, -2
    for letter in wanted:
        found = _best_position(there, letter, at, before)
        if found < 0:
            return None
        starts_word = found == 0 or not there[found - 1].isalnum()
        total += 1.0 + (2.0 if found == before + 1 else 0.0) + (1.5 if starts_word else 0.0)
        before, at = found, found + 1
    return total - len(there) * 0.01


def _best_position(text: str, letter: str, at: int, before: int) -> int:
    """Return where ``letter`` is best taken: right after the last one, else at a word's start, else the next."""
    if at < len(text) and text[at] == letter and before == at - 1:
        return at
    place = text.find(letter, at)
    first = place
    while place >= 0:
        if place == 0 or not text[place - 1].isalnum():
            return place
        place = text.find(letter, place + 1)
    return first


def ranked(query: str, entries: list[Entry]) -> list[Entry]:
    """Return the entries that fit, best first; all in their order for an empty query; disabled ones last."""
    if not query.strip():
        return sorted(entries, key=lambda entry: not entry.enabled)
    fits = [(score(query, f"{entry.text} {entry.group}"), entry) for entry in entries]
    kept = [(points, entry) for points, entry in fits if points is not None]
    return [entry for points, entry in sorted(kept, key=lambda fit: (not fit[1].enabled, -fit[0]))]


class Palette(QFrame):
    """A field and a list over the window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("Palette")
        self._window = window
        self._entries = _entries(window)
        self.field = QLineEdit()
        self.field.setPlaceholderText(_("Type a command or a model"))
        self.field.setAccessibleName(_("Find a command"))
        self.field.addAction(theme.icon("magnifying-glass", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self._model = QStandardItemModel(self)
        self.list = QListView()
        self.list.setModel(self._model)
        self.list.setItemDelegate(EntryDelegate(self.list))
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(_("Commands"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 6)
        layout.addWidget(self.field)
        layout.addWidget(self.list)
        self.field.textChanged.connect(self._show_matches)
        self.field.installEventFilter(self)
        self.list.clicked.connect(lambda _index: self.run())
        self._show_matches("")

    def popup(self) -> None:
        """Show at the top of the window, in its middle, ready to type."""
        width = min(640, self._window.width() - 40)
        corner = self._window.mapToGlobal(self._window.rect().topLeft())
        self.move(corner.x() + (self._window.width() - width) // 2, corner.y() + 60)
        self.setFixedWidth(width)
        self.show()
        self.field.setFocus()

    def texts(self) -> list[str]:
        """Return what the list shows, in order."""
        return [self._model.item(row).text() for row in range(self._model.rowCount())]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the arrow keys move in the list while the field keeps the keyboard."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            moves = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: SHOWN, Qt.Key.Key_PageUp: -SHOWN}
            pressed = Qt.Key(event.key())
            if pressed in moves:
                self._move(moves[pressed])
                return True
            if pressed in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.run()
                return True
        return super().eventFilter(watched, event)

    def _move(self, by: int) -> None:
        rows = self._model.rowCount()
        if rows:
            row = min(max(self.list.currentIndex().row() + by, 0), rows - 1)
            self.list.setCurrentIndex(self._model.index(row, 0))

    def _show_matches(self, query: str) -> None:
        self._model.clear()
        for entry in ranked(query, self._entries):
            item = QStandardItem(entry.icon, entry.text)
            item.setData(entry, ENTRY)
            item.setEnabled(entry.enabled)
            self._model.appendRow(item)
        self._move(0)
        self.list.setFixedHeight(ROW * min(SHOWN, max(1, self._model.rowCount())) + 4)
        self.adjustSize()

    def run(self) -> None:
        """Do what is chosen and close."""
        entry = self.list.currentIndex().data(ENTRY)
        if isinstance(entry, Entry) and entry.enabled:
            self.close()
            entry.run()


class EntryDelegate(QStyledItemDelegate):
    """Draws text at the left; group and shortcut at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return a row of fixed height."""
        return QSize(100, ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw one entry."""
        super().paint(painter, option, index)
        entry = index.data(ENTRY)
        rect: QRect = option.rect
        right = rect.adjusted(0, 0, -10, 0)
        painter.setPen(theme.colour("muted" if entry.enabled else "disabled"))
        text = f"{entry.group}    {entry.shortcut}" if entry.shortcut else entry.group
        painter.drawText(right, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)


def _entries(window: MainWindow) -> list[Entry]:
    entries = []
    for command in window.commands:
        if command.id == "palette":
            continue
        action = window.actions_by_id[command.id]
        shortcut = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        entries.append(
            Entry(command.full_title(), _(command.menu), shortcut, action.icon(), action.trigger, action.isEnabled())
        )
    for record in window.state.project.models():
        run = partial(window.state.select, record.id)
        entries.append(Entry(record.name, _("Go to model"), "", theme.icon("cube"), run))
    return entries
