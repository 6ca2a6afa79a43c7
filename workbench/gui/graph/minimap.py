"""A small picture of the whole graph that shows and moves the part in sight."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from workbench.core.i18n import _
from workbench.gui import theme
from workbench.gui.graph.drawing import Drawing
from workbench.gui.graph.painting import Look, paint_blocks, paint_lines

LINES_FROM = 0.004
"""Zoom of the map from which edges are drawn."""
LONG_SIDE, SHORT_SIDE, EDGE = 190.0, 110.0, 6.0


class Minimap(QWidget):
    """Lies in a corner of the view; very long graphs are squeezed along their length so that they stay visible."""

    moved = Signal(QPointF)
    """The scene point that the view should be centred on."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(_("Overview of the graph"))
        self.setToolTip(_("Click or drag to move through the graph"))
        self._drawing: Drawing | None = None
        self._look: Look | None = None
        self._picture: QPixmap | None = None
        self._area = QRectF()
        self.hide()

    def show_drawing(self, drawing: Drawing | None, look: Look) -> None:
        """Show another drawing."""
        self._drawing, self._look, self._picture = drawing, look, None
        self.settle()

    def settle(self) -> None:
        """Take size and place from the drawing and the view."""
        view = self.parentWidget()
        if self._drawing is None or view is None:
            self.hide()
            return
        bounds = self._drawing.bounds
        tall = bounds.height() >= bounds.width()
        long_side = min(LONG_SIDE, 0.5 * (view.height() if tall else view.width()))
        ratio = min(bounds.width(), bounds.height()) / max(bounds.width(), bounds.height(), 1.0)
        short_side = max(44.0, min(SHORT_SIDE if ratio < 0.6 else LONG_SIDE, long_side * ratio))
        width, height = (short_side, long_side) if tall else (long_side, short_side)
        self.resize(int(width + 2 * EDGE), int(height + 2 * EDGE))
        self.move(view.width() - self.width() - 12, view.height() - self.height() - 12)
        self._picture = None

    def set_area(self, area: QRectF) -> None:
        """Mark the part in sight; the map hides when that is everything."""
        self._area = area
        if self._drawing is None:
            return
        bounds = self._drawing.bounds.adjusted(20, 20, -20, -20)
        self.setVisible(not area.contains(bounds))
        self.update()

    def _inner(self) -> QRectF:
        return QRectF(self.rect()).adjusted(EDGE, EDGE, -EDGE, -EDGE)

    def _scales(self) -> tuple[float, float]:
        bounds, inner = self._drawing.bounds if self._drawing else QRectF(0, 0, 1, 1), self._inner()
        return inner.width() / max(bounds.width(), 1.0), inner.height() / max(bounds.height(), 1.0)

    def _render(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        if self._drawing is not None and self._look is not None:
            painter = QPainter(picture)
            painter.translate(EDGE, EDGE)
            across, along = self._scales()
            painter.scale(across, along)
            bounds = self._drawing.bounds
            zoom = max(across, along)
            if min(across, along) > LINES_FROM:  # below, lines would only fill the map
                paint_lines(painter, self._drawing, bounds, zoom=zoom, look=self._look)
            paint_blocks(painter, self._drawing, bounds, zoom=zoom, look=self._look)
            painter.end()
        return picture

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the picture and the frame of what is in sight."""
        if self._picture is None:
            self._picture = self._render()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        back = theme.colour("surface")
        back.setAlpha(235)
        painter.setPen(QPen(theme.colour("border"), 1))
        painter.setBrush(back)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.drawPixmap(0, 0, self._picture)
        across, along = self._scales()
        frame = QRectF(
            EDGE + self._area.x() * across,
            EDGE + self._area.y() * along,
            max(self._area.width() * across, 4),
            max(self._area.height() * along, 4),
        ).intersected(QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5))
        accent = theme.colour("accent")
        painter.setPen(QPen(accent, 1.5))
        painter.setBrush(QColor(accent.red(), accent.green(), accent.blue(), 30))
        painter.drawRect(frame)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Move there."""
        self._jump(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move along."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._jump(event.position())

    def _jump(self, spot: QPointF) -> None:
        across, along = self._scales()
        self.moved.emit(QPointF((spot.x() - EDGE) / across, (spot.y() - EDGE) / along))
