"""The list of passes or export targets beside a dialog: what cannot be used is grey, with the reason."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from workbench.core.i18n import _
from workbench.core.plugins import Plugin
from workbench.gui import theme

ID = int(Qt.ItemDataRole.UserRole) + 1
REASON = ID + 1
Index = QModelIndex | QPersistentModelIndex
WIDTH = 264
WRAPPED = int(Qt.TextFlag.TextWordWrap) | int(Qt.AlignmentFlag.AlignTop)


class PluginList(QListView):
    """Plugins by title; one is chosen."""

    chosen = Signal(str)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("PluginList")
        self.setAccessibleName(title)
        self.setFixedWidth(WIDTH)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setItemDelegate(PluginDelegate(self))
        self._model = QStandardItemModel(self)
        self.setModel(self._model)
        self.selectionModel().currentChanged.connect(self._on_chosen)

    def fill(self, plugins: Mapping[str, Plugin], obstacles: Mapping[str, str], choose: str) -> None:
        """Show ``plugins``, usable ones first; choose ``choose``, or the first usable one for ""."""
        self._model.clear()
        for plugin_id, plugin in sorted(plugins.items(), key=lambda entry: bool(obstacles[entry[0]])):
            reason = obstacles[plugin_id]
            item = QStandardItem(_(plugin.label))
            item.setData(plugin_id, ID)
            item.setData(reason, REASON)
            item.setToolTip(reason or _(plugin.summary))
            item.setAccessibleText(f"{_(plugin.label)}. {reason}")
            self._model.appendRow(item)
        self.choose(choose or next(iter(self.ids()), ""))

    def ids(self) -> list[str]:
        """Return the plugin ids in the order shown."""
        return [str(self._model.item(row).data(ID)) for row in range(self._model.rowCount())]

    def choose(self, plugin_id: str) -> None:
        """Choose a plugin."""
        ids = self.ids()
        if plugin_id in ids:
            self.setCurrentIndex(self._model.index(ids.index(plugin_id), 0))

    def _on_chosen(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(str(index.data(ID)))


class PluginDelegate(QStyledItemDelegate):
    """Draws the title, and below it, small, why it cannot be used."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Leave room for title and reason, both wrapped."""
        height = _text_height(option.font, str(index.data()), 2)
        reason = index.data(REASON)
        if reason:
            height += 2 + _text_height(_small(option.font), reason, 4)
        return QSize(100, height + 18)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one row."""
        title, reason = str(index.data()), str(index.data(REASON) or "")
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & (QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_MouseOver):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("selection" if option.state & QStyle.StateFlag.State_Selected else "hover"))
            painter.drawRoundedRect(option.rect.adjusted(0, 1, 0, -1), 6, 6)
        inner = option.rect.adjusted(10, 9, -10, -6)
        painter.setFont(option.font)
        painter.setPen(theme.colour("disabled" if reason else "text"))
        painter.drawText(inner, WRAPPED, title)
        if reason:
            painter.setFont(_small(option.font))
            painter.setPen(theme.colour("muted"))
            below = inner.adjusted(0, _text_height(option.font, title, 2) + 2, 0, 0)
            painter.drawText(below, WRAPPED, reason)
        painter.restore()


def _text_height(font: QFont, text: str, lines: int) -> int:
    metrics = QFontMetrics(font)
    box = metrics.boundingRect(QRect(0, 0, WIDTH - 44, 1000), WRAPPED, text)
    return min(box.height(), lines * metrics.lineSpacing())


def _small(font: QFont) -> QFont:
    small = QFont(font)
    small.setPointSizeF(font.pointSizeF() * 0.86)
    return small
