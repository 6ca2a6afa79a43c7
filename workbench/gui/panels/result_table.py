"""A read-only table of figures: right-aligned, sortable by eye, copied as text, the same look in every panel."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QGuiApplication,
    QIcon,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from workbench.gui import theme
from workbench.gui.labels import tip

NARROWEST_NAME = 120
"""The first column gives way to the others down to this; then the table scrolls."""


class Cell(msgspec.Struct, frozen=True):
    """One cell as it is shown."""

    text: str
    tip: str = ""
    role: str = ""
    """Colour role of the text, "" for the usual."""
    swatch: str = ""
    """Colour role of a dot before the text."""
    strong: bool = False


class ResultTable(QTableWidget):
    """Rows of Cells; the first columns are names, the rest are figures."""

    def __init__(self, headers: list[str], *, names: int = 1, parent: QWidget | None = None) -> None:
        super().__init__(0, len(headers), parent)
        self._names = names
        self._shown: list[list[Cell]] = []
        self._sized = False
        self.setHorizontalHeaderLabels(headers)
        self.setAccessibleName(", ".join(headers))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(28)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setWordWrap(False)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setMinimumSectionSize(44)
        for column in range(len(headers)):
            item = self.horizontalHeaderItem(column)
            if item is not None:
                item.setTextAlignment(self._alignment(column))

    def sizeHint(self) -> QSize:
        """Prefer to show the header and a few rows."""
        return QSize(480, 34 + 28 * 4)

    def set_tips(self, tips: list[str]) -> None:
        """Explain the columns."""
        for column, text in enumerate(tips):
            item = self.horizontalHeaderItem(column)
            if item is not None:
                item.setToolTip(text)

    def show_rows(self, rows: list[list[Cell]]) -> None:
        """Show these rows; only cells that changed are touched."""
        self.setRowCount(len(rows))
        touched = False
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                before = self._shown[row][column] if row < len(self._shown) else None
                if before != cell or self.item(row, column) is None:
                    self.setItem(row, column, self._item(cell, column))
                    touched = touched or before is None or len(before.text) < len(cell.text)
        changed = len(rows) != len(self._shown) or not self._sized
        self._shown = rows
        self.setMinimumHeight(46 + 28 * min(len(rows), 4))
        if changed or touched:
            self.fit_columns()

    def fit_columns(self) -> None:
        """Give each column what it needs, and the first what is left."""
        self.resizeColumnsToContents()
        columns = [column for column in range(self.columnCount()) if not self.isColumnHidden(column)]
        left = self.viewport().width() - sum(self.columnWidth(column) for column in columns[1:])
        self.setColumnWidth(0, max(left, min(self.columnWidth(0), NARROWEST_NAME)))
        self._sized = True

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share out the width."""
        super().resizeEvent(event)
        self.fit_columns()

    def fit_height(self) -> None:
        """Be as high as all rows: for tables on a page that scrolls."""
        self.setFixedHeight(44 + 28 * max(1, len(self._shown)))

    def restyle(self) -> None:
        """Take the colours of the theme in force."""
        rows, self._shown = self._shown, []
        self.show_rows(rows)

    def _item(self, cell: Cell, column: int) -> QTableWidgetItem:
        item = QTableWidgetItem(cell.text)
        item.setTextAlignment(self._alignment(column))
        item.setToolTip(tip(cell.tip or cell.text))
        if cell.role:
            item.setForeground(theme.colour(cell.role))
        if cell.swatch:
            item.setIcon(swatch(theme.colour(cell.swatch)))
        if cell.strong:
            font = QFont(self.font())
            font.setBold(True)
            item.setFont(font)
        return item

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignLeft if column < self._names else Qt.AlignmentFlag.AlignRight
        return side | Qt.AlignmentFlag.AlignVCenter

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy the selected rows as tab-separated text."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.text())
            return
        super().keyPressEvent(event)

    def text(self) -> str:
        """Return the selected rows (all when none is), with the header, tab-separated."""
        chosen = sorted({index.row() for index in self.selectedIndexes()}) or list(range(len(self._shown)))
        headers = [item.text() if (item := self.horizontalHeaderItem(i)) else "" for i in range(self.columnCount())]
        lines = [headers, *([cell.text for cell in self._shown[row]] for row in chosen)]
        return "\n".join("\t".join(line) for line in lines)


def swatch(colour: QColor) -> QIcon:
    """Return a dot of this colour."""
    pixmap = QPixmap(24, 24)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(4, 4, 16, 16)
    painter.end()
    return QIcon(pixmap)
