"""Many equal points in one colour: a tenth of the cost of a scatter plot that could give each point its own look."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import ArrayLike
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from workbench.core.latency_track import Floats

ROUND_UP_TO = 600
"""More points than this are drawn square: as dense as they are it cannot be seen, and it takes a third of the time."""


def polygon(x: ArrayLike, y: ArrayLike) -> QPolygonF:
    """Return points as Qt wants them; pyqtgraph alone fails for none: an empty polygon has no memory to write to."""
    across, along = np.array(x, np.float64).ravel(), np.array(y, np.float64).ravel()
    if across.size == 0:
        return QPolygonF()
    points: QPolygonF = pg.functions.arrayToQPolygonF(across, along)
    return points


class Dots(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """Points in the coordinates of a plot, of the same size on the screen at every zoom."""

    def __init__(self, size: float) -> None:
        super().__init__()
        self._pen = QPen(QColor(), size)
        self._pen.setCosmetic(True)
        self._points = QPolygonF()
        self._bounds = QRectF()

    def set_colour(self, colour: QColor) -> None:
        """Draw in this colour."""
        self._pen.setColor(colour)
        self.update()

    def set_points(self, x: Floats, y: Floats) -> None:
        """Show these points."""
        self.prepareGeometryChange()
        self._points = polygon(x, y)
        self._bounds = self._points.boundingRect()
        self._pen.setCapStyle(Qt.PenCapStyle.RoundCap if x.size <= ROUND_UP_TO else Qt.PenCapStyle.SquareCap)
        self.update()

    def boundingRect(self) -> QRectF:
        """Return what the points cover."""
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw them all at once."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._pen)
        painter.drawPoints(self._points)
