"""Paint a drawing: boxes with texts when near, coloured rectangles and lines when far; window and pictures alike."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen
from shiboken6 import wrapInstance

from workbench.core.boxes import HEADER, LABEL_SIZE, PADDING, ROW, ROW_SIZE, TITLE_SIZE
from workbench.core.ops import categories
from workbench.gui import theme
from workbench.gui.graph.drawing import Drawing, Floats, Ints

RADIUS = 6.0
NEAR, TITLES, ROWS, LABELS = 0.30, 0.40, 0.48, 0.55
"""Zooms from which: boxes are drawn round with curved edges; titles; the lines under them; shapes on edges."""


class Marks(msgspec.Struct):
    """What is marked in a drawing just now."""

    selected: int | None = None
    hovered: int | None = None
    found: list[int] = []
    """Search hits."""


class Look:
    """Pens, brushes and fonts of the theme in force."""

    def __init__(self) -> None:
        self.canvas = theme.colour("canvas")
        self.surface = theme.colour("surface")
        self.border = theme.colour("border-strong")
        self.text, self.muted = theme.colour("text"), theme.colour("muted")
        self.title = theme.colour("op-text")
        self.edge = theme.colour("edge")
        self.accent, self.found = theme.colour("accent"), theme.colour("warning")
        self.ops = [theme.op_colour(category) for category in categories()]
        self.title_font = _font(TITLE_SIZE, QFont.Weight.DemiBold)
        self.row_font = _font(ROW_SIZE, QFont.Weight.Normal)
        self.label_font = _font(LABEL_SIZE, QFont.Weight.Normal)
        self.metrics = {font.key(): QFontMetricsF(font) for font in (self.title_font, self.row_font, self.label_font)}
        self._elided: dict[tuple[str, int, str], str] = {}

    def elide(self, text: str, width: float, font: QFont) -> str:
        """Return ``text`` as it fits into ``width``, cut in the middle."""
        key = (text, int(width), font.key())
        known = self._elided.get(key)
        if known is None:
            known = self.metrics[font.key()].elidedText(text, Qt.TextElideMode.ElideMiddle, width)
            self._elided[key] = known
        return known

    def width(self, text: str, font: QFont) -> float:
        """Return the width of ``text`` in pixels at zoom 1."""
        return self.metrics[font.key()].horizontalAdvance(text)


def _font(pixels: int, weight: QFont.Weight) -> QFont:
    font = QFont()
    font.setPixelSize(pixels)
    font.setWeight(weight)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def paint(painter: QPainter, drawing: Drawing, area: QRectF, *, zoom: float, look: Look, marks: Marks) -> None:
    """Paint what of ``drawing`` touches ``area``; the painter is in scene coordinates already, at ``zoom``."""
    if zoom < NEAR:
        paint_lines(painter, drawing, area, zoom=zoom, look=look)
        paint_blocks(painter, drawing, area, zoom=zoom, look=look)
    else:
        _paint_near(painter, drawing, area, zoom, look)
    _paint_marks(painter, drawing, zoom, look, marks)


def paint_lines(painter: QPainter, drawing: Drawing, area: QRectF, *, zoom: float, look: Look) -> None:
    """Paint the edges as thin straight lines."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    pen = QPen(look.edge, 0)
    painter.setPen(pen)
    lines = _distinct(drawing.segments_in(area), zoom)
    if len(lines):
        painter.drawLines(_first(lines, QLineF), len(lines))


def paint_blocks(painter: QPainter, drawing: Drawing, area: QRectF, *, zoom: float, look: Look) -> None:
    """Paint the boxes as rectangles in the colours of their ops."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    nodes = drawing.nodes_in(area)
    colours = drawing.colours[nodes]
    rects = drawing.rects[nodes]
    least = 1.2 / zoom
    painter.setPen(Qt.PenStyle.NoPen)
    for colour in np.unique(colours).tolist():
        chosen = rects[colours == colour]
        kept = _distinct(chosen, zoom)
        kept[:, 2:] = np.maximum(kept[:, 2:], least)
        painter.setBrush(look.ops[colour])
        painter.drawRects(_first(kept, QRectF), len(kept))


def _distinct(items: Floats, zoom: float) -> NDArray[np.float64]:
    """Return ``items`` (n, 4) as doubles; when many, only one of those that fall onto the same pixels."""
    if len(items) > 3000:
        pixels = np.floor(items * (zoom * 1.0)).astype(np.int64)
        keys = ((pixels[:, 0] * 1_000_003 + pixels[:, 1]) * 1_000_003 + pixels[:, 2]) * 1_000_003 + pixels[:, 3]
        _keys, first = np.unique(keys, return_index=True)
        items = items[first]
    return np.ascontiguousarray(items, np.float64)


def _first(rows: NDArray[np.float64], kind: type) -> Any:
    """Return the first row as a Qt value: Qt reads the others after it where numpy has them (four doubles each)."""
    return wrapInstance(rows.ctypes.data, kind)


def _paint_near(painter: QPainter, drawing: Drawing, area: QRectF, zoom: float, look: Look) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    edges = drawing.edges_in(area)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(look.edge, 1.3))
    painter.drawPath(drawing.path(edges))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look.edge)
    painter.drawPath(drawing.heads(edges))
    nodes = drawing.nodes_in(area)
    for node in nodes.tolist():
        _paint_box(painter, drawing, node, look)
    if zoom >= LABELS:
        _paint_labels(painter, drawing, edges, area, look)
    if zoom >= TITLES:
        _paint_titles(painter, drawing, nodes, look)
    if zoom >= ROWS:
        _paint_rows(painter, drawing, nodes, look)


def _paint_box(painter: QPainter, drawing: Drawing, node: int, look: Look) -> None:
    rect = drawing.rect(node)
    shade = look.ops[int(drawing.colours[node])]
    if rect.height() <= HEADER:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade)
        painter.drawRoundedRect(rect, RADIUS, RADIUS)
        return
    painter.setPen(QPen(look.border, 1))
    painter.setBrush(look.surface)
    painter.drawRoundedRect(rect, RADIUS, RADIUS)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(shade)
    painter.drawPath(_header(rect.width()).translated(rect.topLeft()))


@lru_cache(maxsize=256)
def _header(width: float) -> QPainterPath:
    path = QPainterPath(QPointF(0, HEADER))
    path.lineTo(0, RADIUS)
    path.quadTo(0, 0, RADIUS, 0)
    path.lineTo(width - RADIUS, 0)
    path.quadTo(width, 0, width, RADIUS)
    path.lineTo(width, HEADER)
    path.closeSubpath()
    return path


def _paint_titles(painter: QPainter, drawing: Drawing, nodes: Ints, look: Look) -> None:
    painter.setFont(look.title_font)
    painter.setPen(look.title)
    for node in nodes.tolist():
        x, y, width, _height = drawing.rects[node].tolist()
        title = look.elide(drawing.scene.titles[node], width - PADDING, look.title_font)
        painter.drawText(QRectF(x, y, width, HEADER), Qt.AlignmentFlag.AlignCenter, title)


def _paint_rows(painter: QPainter, drawing: Drawing, nodes: Ints, look: Look) -> None:
    painter.setFont(look.row_font)
    for node in nodes.tolist():
        x, y, width, _height = drawing.rects[node].tolist()
        base, room = y + HEADER + 2 + ROW * 0.75, width - 2 * PADDING
        for text in drawing.rows[node]:
            _paint_row(painter, QPointF(x + PADDING, base), room, text, look)
            base += ROW
        painter.setPen(look.accent)
        for number in drawing.stubs.get(node, ()):
            stub = drawing.scene.stubs[number]
            mark = "↱" if stub.outgoing else "↳"
            painter.drawText(QPointF(x + PADDING, base), look.elide(f"{mark} {stub.text}", room, look.row_font))
            base += ROW


def _paint_row(painter: QPainter, place: QPointF, room: float, text: str, look: Look) -> None:
    """Paint a line of a box: a name, a weight with its shape in ⟨ ⟩, or a small constant and its numbers."""
    mark = " = " if " = " in text else " ⟨"
    name, mark, shape = text.partition(mark)
    if not mark:
        painter.setPen(look.text)
        painter.drawText(place, look.elide(text, room, look.row_font))
        return
    shape = f"{mark.strip()} {shape}" if "=" in mark else f"⟨{shape}"
    needed = look.width(shape, look.row_font)
    shown = look.elide(name, max(room - needed - 6, 24), look.row_font)
    painter.setPen(look.text)
    painter.drawText(place, shown)
    start = look.width(shown, look.row_font) + 6
    painter.setPen(look.muted)
    painter.drawText(place + QPointF(start, 0), look.elide(shape, room - start, look.row_font))


def _paint_labels(painter: QPainter, drawing: Drawing, edges: Ints, area: QRectF, look: Look) -> None:
    """Paint shapes on edges, each value once."""
    painter.setFont(look.label_font)
    back = QColor(look.canvas)
    back.setAlpha(215)
    near = area.adjusted(-200, -40, 200, 40)
    for edge in edges[drawing.labelled[edges]].tolist():
        spot, right = drawing.label_spot(edge)
        if not near.contains(spot):
            continue
        shown = look.elide(drawing.scene.edge_labels[edge], 180, look.label_font)
        width = look.width(shown, look.label_font)
        if right:
            spot.setX(spot.x() - width)
        painter.fillRect(QRectF(spot.x() - 2, spot.y() - 10, width + 4, 13), back)
        painter.setPen(look.muted)
        painter.drawText(spot, shown)


def _paint_marks(painter: QPainter, drawing: Drawing, zoom: float, look: Look, marks: Marks) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    if marks.selected is not None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(_pen(look.accent, 2.0, zoom))
        edges = drawing.edges_of(marks.selected)[:2000]
        painter.drawPath(drawing.path(edges))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.accent)
        painter.drawPath(drawing.heads(edges))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    margin = max(2.5, 2.0 / zoom)
    for nodes, shade, thickness in (
        (marks.found[:5000], look.found, 2.5),
        ([marks.hovered], look.accent, 1.5),
        ([marks.selected], look.accent, 3.0),
    ):
        painter.setPen(_pen(shade, thickness, zoom))
        for node in nodes:
            if node is not None:
                rect = drawing.rect(node).adjusted(-margin, -margin, margin, margin)
                painter.drawRoundedRect(rect, RADIUS + margin, RADIUS + margin)


def _pen(shade: QColor, thickness: float, zoom: float) -> QPen:
    """Return a pen that is ``thickness`` at zoom 1 and never thinner than that on the screen."""
    return QPen(shade, max(thickness, thickness / zoom))
