"""Write a laid-out graph as an SVG or PNG file, with or without a window."""

from __future__ import annotations

import math
from pathlib import Path

from PySide6.QtCore import QMargins, QRectF, QSize
from PySide6.QtGui import QGuiApplication, QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QApplication

from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _
from workbench.core.writing import atomic_target
from workbench.gui.graph.drawing import Drawing
from workbench.gui.graph.painting import Look, Marks, paint
from workbench.jobs.layout import Scene

SUFFIXES = (".svg", ".png")
MARGIN = 24
SHARPNESS = 2.0
"""Pixels of a PNG per scene pixel, as far as the limits allow."""
LONGEST_SIDE, MOST_PIXELS = 30_000, 120_000_000
"""What image viewers still open; 120 million pixels are 480 MB while the picture is painted."""


def write_picture(scene: Scene | Drawing, out: Path) -> None:
    """Write ``scene`` to ``out``, whose suffix (.svg or .png) says how; in the colours of the theme in force.

    Makes a QApplication when there is none (QT_QPA_PLATFORM=offscreen needs no display). Raises WorkbenchError when
    the suffix is another one, or ``out`` exists or cannot be written.
    """
    suffix = out.suffix.lower()
    if suffix not in SUFFIXES:
        raise WorkbenchError(
            _("A graph cannot be written as {suffix}.").format(suffix=suffix or _("a file without a suffix")),
            _("Give a name that ends in .svg or .png."),
        )
    application = QGuiApplication.instance() or QApplication([])
    drawing = scene if isinstance(scene, Drawing) else Drawing(scene)
    area = drawing.bounds.marginsAdded(QMargins(MARGIN, MARGIN, MARGIN, MARGIN).toMarginsF())
    with atomic_target(out) as partial:
        (_write_svg if suffix == ".svg" else _write_png)(drawing, area, partial)
    del application


def picture_scale(width: float, height: float) -> float:
    """Return the pixels per scene pixel of a PNG of a scene of that size."""
    return min(SHARPNESS, LONGEST_SIDE / max(width, height, 1), math.sqrt(MOST_PIXELS / max(width * height, 1)))


def _write_svg(drawing: Drawing, area: QRectF, target: Path) -> None:
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setFileName(str(target))
    generator.setSize(area.size().toSize())
    generator.setViewBox(QRectF(0, 0, area.width(), area.height()))
    generator.setTitle(_("Graph"))
    painter = QPainter()
    if not painter.begin(generator):
        raise OSError(_("The SVG file cannot be opened for writing."))
    _paint(painter, drawing, area, 1.0)
    painter.end()


def _write_png(drawing: Drawing, area: QRectF, target: Path) -> None:
    scale = picture_scale(area.width(), area.height())
    size = QSize(max(1, round(area.width() * scale)), max(1, round(area.height() * scale)))
    image = QImage(size, QImage.Format.Format_RGB32)
    if image.isNull():
        raise WorkbenchError(
            _("There is not enough memory for a picture of {width} x {height} pixels.").format(
                width=size.width(), height=size.height()
            ),
            _("Write an .svg instead."),
        )
    painter = QPainter(image)
    _paint(painter, drawing, area, scale)
    painter.end()
    writer = QImageWriter(str(target), b"png")
    if not writer.write(image):
        raise OSError(writer.errorString())


def _paint(painter: QPainter, drawing: Drawing, area: QRectF, scale: float) -> None:
    look = Look()
    painter.scale(scale, scale)
    painter.translate(-area.x(), -area.y())
    painter.fillRect(area, look.canvas)
    paint(painter, drawing, area, zoom=scale, look=look, marks=Marks())
