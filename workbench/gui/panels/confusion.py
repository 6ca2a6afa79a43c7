"""A confusion matrix as a heat map: rows are true classes, columns predicted ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.core import units
from workbench.core.i18n import _
from workbench.gui import theme

TEXT_CELL = 24
"""Cells smaller than this show colour only; hovering says the figures."""
LARGEST_CELL = 46


class ConfusionView(QWidget):
    """Each row is coloured by the share of its true class, so that rare classes are seen too."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: NDArray[np.int64] = np.zeros((0, 0), dtype=np.int64)
        self._names: list[str] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(180, 120)
        self.setAccessibleName(_("Confusion matrix"))

    def sizeHint(self) -> QSize:
        """Prefer a square."""
        return QSize(340, 340)

    def show_matrix(self, counts: list[list[int]], names: list[str]) -> None:
        """Show ``counts[true][predicted]``; ``names`` may be empty."""
        self._counts = np.array(counts, dtype=np.int64).reshape(len(counts), len(counts))
        self._names = names if len(names) == len(counts) else [str(index) for index in range(len(counts))]
        self.update()

    def shares(self) -> NDArray[np.float64]:
        """Return each row divided by its sum (a class without samples stays 0)."""
        totals = self._counts.sum(axis=1, keepdims=True)
        shares: NDArray[np.float64] = self._counts / np.maximum(totals, 1)
        return shares

    def grid(self) -> QRectF:
        """Return where the cells are."""
        size = len(self._counts)
        metrics = self.fontMetrics()
        widest = max((metrics.horizontalAdvance(name) for name in self._names), default=0)
        left = float(min(widest, 110) + 30)
        top = float(metrics.height() * 2 + 12)
        side = min(self.width() - left - 10, self.height() - top - 10)
        side = max(1.0, min(float(side), LARGEST_CELL * max(size, 1)))
        return QRectF(left, top, side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the cells, their figures where they fit, and the names."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("surface"))
        painter.setPen(theme.colour("muted"))
        if len(self._counts) == 0:
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, _("No confusion matrix yet"))
            return
        grid = self.grid()
        painter.drawImage(grid, self._image())
        cell = grid.width() / len(self._counts)
        if cell >= TEXT_CELL:
            self._paint_counts(painter, grid, cell)
        self._paint_names(painter, grid, cell)

    def _image(self) -> QImage:
        base, full = theme.colour("sunken"), theme.colour("accent")
        ends = np.array([[base.red(), base.green(), base.blue()], [full.red(), full.green(), full.blue()]], dtype=float)
        strength = np.sqrt(self.shares())[..., None]  # small confusions stay visible
        pixels = (ends[0] + (ends[1] - ends[0]) * strength).astype(np.uint8)
        size = len(pixels)
        return QImage(pixels.tobytes(), size, size, 3 * size, QImage.Format.Format_RGB888).copy()

    def _paint_counts(self, painter: QPainter, grid: QRectF, cell: float) -> None:
        shares = self.shares()
        dark, light = theme.colour("text"), theme.colour("accent-text")
        for row, column in np.argwhere(self._counts > 0).tolist():
            box = QRectF(grid.left() + column * cell, grid.top() + row * cell, cell, cell)
            painter.setPen(light if shares[row, column] > 0.35 else dark)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, units.short_count(int(self._counts[row, column])))

    def _paint_names(self, painter: QPainter, grid: QRectF, cell: float) -> None:
        metrics = self.fontMetrics()
        painter.setPen(theme.colour("muted"))
        painter.drawText(QPointF(grid.left(), metrics.ascent() + 2), _("predicted class"))
        painter.save()
        painter.translate(metrics.ascent() + 2, grid.top() + grid.height() / 2)
        painter.rotate(-90)
        centre = QRectF(-grid.height() / 2, -metrics.height() / 2, grid.height(), metrics.height())
        painter.drawText(centre, Qt.AlignmentFlag.AlignCenter, _("true class"))
        painter.restore()
        if cell < metrics.height():
            return
        painter.setPen(theme.colour("text"))
        for index, name in enumerate(self._names):
            row = QRectF(24, grid.top() + index * cell, grid.left() - 30, cell)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(row, right, metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(row.width())))
            top = QRectF(grid.left() + index * cell, grid.top() - metrics.height() - 4, cell, metrics.height())
            short = metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(cell) - 2)
            painter.drawText(top, Qt.AlignmentFlag.AlignCenter, short)

    def describe(self, position: QPointF) -> str:
        """Return what the cell at ``position`` says, "" outside."""
        grid = self.grid()
        size = len(self._counts)
        if size == 0 or not grid.contains(position):
            return ""
        row = min(size - 1, int((position.y() - grid.top()) / grid.height() * size))
        column = min(size - 1, int((position.x() - grid.left()) / grid.width() * size))
        return _("{n} of {total} samples of {true} were taken for {predicted} ({share})").format(
            n=self._counts[row, column],
            total=int(self._counts[row].sum()),
            true=self._names[row],
            predicted=self._names[column],
            share=units.percent(float(self.shares()[row, column]), 1),
        )

    def event(self, event: QEvent) -> bool:
        """Say the figures of the cell under the mouse."""
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.describe(QPointF(event.pos())), self)
            return True
        return super().event(event)
