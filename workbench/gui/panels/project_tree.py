"""The project tree: models under the models they were made from, and data sets; choosing one puts it in view."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from workbench.core import units
from workbench.core.i18n import _
from workbench.core.project import ModelRecord
from workbench.core.size_change import SizeChange, size_change
from workbench.gui import theme
from workbench.gui.jobs import Jobs
from workbench.gui.labels import Label, tip
from workbench.gui.state import State

ID = int(Qt.ItemDataRole.UserRole) + 1
SIZE = ID + 1
CHANGE = ID + 2
"""Change of size against the parent: "-74 %"."""
VERDICT = ID + 3
"""Whether the step was verified: "good", "bad" or ""."""
NARROWEST_NAME = 70
"""A name is cut down to so many pixels before the size gives way."""
Index = QModelIndex | QPersistentModelIndex

STEP_GLYPHS = {
    "dynamic-int8": "arrows-in",
    "static-int8": "arrows-in-simple",
    "float16": "circle-half",
    "magnitude-pruning": "scissors",
}
MENU = ("rename", "reveal", "copy-path", "", "copy-command", "save-recipe", "", "optimize", "benchmark", "export", "",
        "remove")  # fmt: skip
"""Commands of the context menu; "" is a line."""


class ProjectTree(QWidget):
    """What the project holds."""

    def __init__(self, state: State, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._model = QStandardItemModel(self)
        self._view = QTreeView()
        self._view.setModel(self._model)
        self._view.setHeaderHidden(True)
        self._view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._view.setItemDelegate(ModelRowDelegate(self._view))
        self._view.setIndentation(16)
        self._view.setUniformRowHeights(True)
        self._view.setAccessibleName(_("Project"))
        self._view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._view.customContextMenuRequested.connect(self._show_menu)
        self._empty = Label(_("The models that you open, and what you make of them, are listed here."))
        self._empty.setProperty("role", "muted")
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setContentsMargins(18, 18, 18, 18)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self._empty)
        layout.addWidget(self._view)
        self.setFocusProxy(self._view)
        self._view.selectionModel().currentChanged.connect(self._on_chosen)
        state.models_changed.connect(self.refresh)
        state.current_changed.connect(self._on_current)
        self.refresh()

    def refresh(self) -> None:
        """Build the tree from the project."""
        self._view.selectionModel().blockSignals(True)
        self._model.clear()
        items: dict[int, QStandardItem] = {}
        records = self._state.project.models()
        known = {record.id: record for record in records}
        for record in records:
            parent = known.get(record.parent) if record.parent is not None else None
            items[record.id] = _model_item(record, parent)
        for record in records:
            above = items.get(record.parent) if record.parent is not None else None
            (above or self._model.invisibleRootItem()).appendRow(items[record.id])
        self._add_datasets()
        self._view.expandAll()
        self._view.selectionModel().blockSignals(False)
        self._empty.setVisible(not records)
        self._view.setVisible(bool(records))
        self._on_current(self._state.current)

    def model(self) -> QStandardItemModel:
        """Return the Qt model behind the tree."""
        return self._model

    def choose(self, index: QModelIndex) -> None:
        """Choose a row."""
        self._view.setCurrentIndex(index)

    def _add_datasets(self) -> None:
        datasets = self._state.project.datasets()
        if not datasets:
            return
        group = QStandardItem(theme.icon("database", "muted"), _("Data sets"))
        group.setSelectable(False)
        for dataset in datasets:
            item = QStandardItem(theme.icon("table", "muted"), dataset.label or Path(dataset.spec.path).name)
            item.setToolTip(tip(dataset.spec.path))
            item.setSelectable(False)
            group.appendRow(item)
        self._model.invisibleRootItem().appendRow(group)

    def _on_chosen(self, index: QModelIndex) -> None:
        model_id = index.data(ID)
        if model_id is not None:
            self._state.select(int(model_id))

    def _on_current(self, record: ModelRecord | None) -> None:
        index = self._index_of(record.id) if record is not None else QModelIndex()
        if index != self._view.currentIndex():
            self._view.setCurrentIndex(index)

    def _index_of(self, model_id: int) -> QModelIndex:
        found = self._model.match(
            self._model.index(0, 0), ID, model_id, 1, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive
        )
        return found[0] if found else QModelIndex()

    def _show_menu(self, position: QPoint) -> None:
        index = self._view.indexAt(position)
        if index.data(ID) is None:
            return
        self._view.setCurrentIndex(index)
        self.menu().popup(self._view.viewport().mapToGlobal(position))

    def menu(self) -> QMenu:
        """Return the context menu of the model in view: rows of the window's commands."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        actions: dict[str, Any] = getattr(self.window(), "actions_by_id", {})
        for command_id in MENU:
            if not command_id:
                menu.addSeparator()
            elif command_id in actions:
                menu.addAction(actions[command_id])
        return menu


class ModelRowDelegate(QStyledItemDelegate):
    """Draws name at the left, size and change at the right."""

    def __init__(self, view: QTreeView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Leave room to breathe."""
        return QSize(super().sizeHint(option, index).width(), 30)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the row; the text is cut in the middle so that endings stay readable."""
        self.initStyleOption(option, index)
        text, option.text = option.text, ""
        rect: QRect = option.rect
        style = QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, self._view)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left, right = rect.left() + 30, rect.right() - 6
        right = self._draw_badge(painter, rect, right, index)
        painter.setFont(option.font)
        metrics = QFontMetrics(option.font)
        size_width = metrics.horizontalAdvance(index.data(SIZE) or "") + 14
        if right - left - size_width >= min(metrics.horizontalAdvance(text), NARROWEST_NAME):  # what is cut has a tip
            right = self._draw_size(painter, rect, right, index)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, max(0, right - left - 6))
        painter.setPen(theme.colour("text"))
        painter.drawText(QRect(left, rect.top(), right - left, rect.height()), Qt.AlignmentFlag.AlignVCenter, shown)
        painter.restore()

    @staticmethod
    def _draw_badge(painter: QPainter, rect: QRect, right: int, index: Index) -> int:
        text = index.data(CHANGE)
        if not text:
            return right
        role = index.data(VERDICT) or "good"
        font = QFont(painter.font())
        font.setPointSizeF(font.pointSizeF() * 0.88)
        painter.setFont(font)
        width = QFontMetrics(font).horizontalAdvance(text) + 12
        chip = QRect(right - width, rect.center().y() - 8, width, 18)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(f"{role}-soft"))
        painter.drawRoundedRect(chip, 9, 9)
        painter.setPen(theme.colour(role))
        painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, text)
        return right - width - 6

    @staticmethod
    def _draw_size(painter: QPainter, rect: QRect, right: int, index: Index) -> int:
        text = index.data(SIZE)
        if not text:
            return right
        width = QFontMetrics(painter.font()).horizontalAdvance(text)
        painter.setPen(theme.colour("muted"))
        where = QRect(right - width, rect.top(), width, rect.height())
        painter.drawText(where, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)
        return right - width - 6


def _model_item(record: ModelRecord, parent: ModelRecord | None) -> QStandardItem:
    step = record.step or {}
    exists = Path(record.path).exists()
    glyph = STEP_GLYPHS.get(step.get("plugin", ""), "package") if step else "cube"
    item = QStandardItem(theme.icon(glyph, "text" if exists else "disabled"), short_name(record, parent))
    item.setData(record.id, ID)
    item.setData(units.size(record.bytes), SIZE)
    change = size_change(step) if step else None
    if parent is not None and (change is None or not change.bytes_before):
        change = SizeChange(parent.bytes, record.bytes)
    if change is not None:
        item.setData(change.text(), CHANGE)
    verified = step.get("verified")
    item.setData("bad" if step and (verified is None or not verified["passed"]) else "good", VERDICT)
    kind = record.format or (_("an artifact that is made to be deployed") if step else "")
    lines = [record.name, ", ".join(part for part in (units.size(record.bytes), kind) if part), record.path]
    if change is not None and change.text():
        lines.append(f"{change.text()}: {change.explanation()}")
    if not exists:
        lines.append(_("The file is not there any more."))
    if item.data(VERDICT) == "bad":
        lines.append(_("Not verified: see the step's result."))
    item.setToolTip(tip("\n".join(lines)))
    item.setAccessibleText(f"{record.name}, {units.size(record.bytes)}")
    return item


def short_name(record: ModelRecord, parent: ModelRecord | None) -> str:
    """Return the name without what it repeats of its parent's: below "net.h5", "net-int8.tflite" is "int8.tflite"."""
    stem = Path(parent.name).stem if parent is not None else ""
    rest = record.name.removeprefix(stem).lstrip("-_ ")
    return rest if stem and rest and not rest.startswith(".") else record.name
