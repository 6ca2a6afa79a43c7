"""The live latency chart: points as they arrive, rolling percentiles, throughput and memory, drawn on a timer."""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QByteArray, QEvent, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from workbench.core.events import Samples
from workbench.core.i18n import _
from workbench.core.latency_track import WINDOW, Axis, LatencyTrack, spreads_widely
from workbench.gui import theme
from workbench.gui.panels.latency_curve import LatencyCurve, Scale
from workbench.gui.panels.scaled_axis import ScaledAxis

FRAME_MS = 40
"""Between two redraws while samples arrive (25 frames a second), however many arrive."""
CHART_COLOURS = 8


def series_role(index: int) -> str:
    """Return the colour role of the n-th series."""
    return f"chart-{index % CHART_COLOURS + 1}"


class LatencyChart(QWidget):
    """Draws LatencyTracks. ``add`` only stores; a timer draws, so that arrivals never slow the window down."""

    scaled = Signal(bool)
    """Whether the latency axis is logarithmic now."""
    restyled = Signal()
    """The theme changed and the colours with it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tracks: dict[str, LatencyTrack] = {}
        self.following = True
        self._labels: dict[str, str] = {}
        self._curves: dict[str, LatencyCurve] = {}
        self._batch = 1
        self._axis: Axis = "runs"
        self._dirty: set[str] = set()
        self._scale = Scale(0.0, 0.0)
        self._logarithmic: bool | None = None
        self._compact = False
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.timeout.connect(self.refresh)
        self._build()
        self.restyle()

    def _build(self) -> None:
        self._legend = QLabel(textFormat=Qt.TextFormat.RichText, wordWrap=True)
        self._legend.setMinimumWidth(80)
        self._canvas = pg.GraphicsLayoutWidget()
        self._canvas.setMinimumSize(240, 120)
        self._canvas.setFrameShape(pg.GraphicsLayoutWidget.Shape.NoFrame)
        self._canvas.ci.setContentsMargins(2, 2, 6, 2)
        self._canvas.ci.setSpacing(6)
        self.latency = self._canvas.addPlot(row=0, col=0, rowspan=2, axisItems={"left": ScaledAxis()})
        self.rate = self._canvas.addPlot(row=0, col=1, axisItems={"left": ScaledAxis()})
        self.memory = self._canvas.addPlot(row=1, col=1, axisItems={"left": ScaledAxis()})
        self._canvas.ci.layout.setColumnStretchFactor(0, 7)
        self._canvas.ci.layout.setColumnStretchFactor(1, 3)
        for plot in (self.latency, self.rate, self.memory):
            plot.setMenuEnabled(False)
            plot.hideButtons()
            plot.getViewBox().setDefaultPadding(0.0)
            plot.disableAutoRange()
        for plot in (self.rate, self.memory):
            plot.setXLink(self.latency)
            plot.setMouseEnabled(x=True, y=False)
        self._warmup_area = pg.LinearRegionItem((0, 0), movable=False, pen=pg.mkPen(None))
        self._warmup_area.setZValue(-20)
        self.latency.addItem(self._warmup_area, ignoreBounds=True)
        self.latency.getViewBox().sigRangeChangedManually.connect(self._on_zoomed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._legend)
        layout.addWidget(self._canvas, 1)

    # what is shown

    def begin(self, labels: dict[str, str], *, batch: int) -> None:
        """Start anew with these series (key to label); ``batch`` turns calls into samples per second."""
        self.clear()
        self._labels, self._batch = dict(labels), batch
        self._write_legend()
        self._timer.start()

    def end(self) -> None:
        """Draw what is still missing and stop the timer."""
        self._timer.stop()
        self.refresh()

    def show_tracks(self, tracks: dict[str, LatencyTrack], labels: dict[str, str], *, batch: int) -> None:
        """Show a run that is over."""
        self.clear()
        self._labels, self._batch, self.tracks = dict(labels), batch, dict(tracks)
        self._dirty = set(tracks)
        self._write_legend()
        self.refresh()

    def clear(self) -> None:
        """Forget everything."""
        self._timer.stop()
        for curve in self._curves.values():
            curve.remove()
        self.tracks, self._curves, self._labels = {}, {}, {}
        self._dirty.clear()
        self._scale = Scale(0.0, 0.0)
        self.following = True
        self._write_legend()

    def add(self, samples: Samples) -> None:
        """Take in one arrival; it is drawn with the next frame."""
        track = self.tracks.get(samples.series)
        if track is None:
            track = self.tracks[samples.series] = LatencyTrack(samples.series)
            if samples.series not in self._labels:
                self._labels[samples.series] = samples.series
                self._write_legend()
        track.add(samples)
        self._dirty.add(samples.series)

    def set_axis(self, axis: Axis) -> None:
        """Show run numbers or seconds along the bottom."""
        self._axis = axis
        self.follow()
        self._style_axes()

    def set_compact(self, *, on: bool) -> None:
        """Leave out the explanation of lines and marks where there is little room."""
        self._compact = on
        self._write_legend()

    def follow(self) -> None:
        """Show everything again after a zoom, and keep up with what arrives."""
        self.following = True
        self._scale = Scale(0.0, 0.0)
        self._dirty = set(self.tracks)
        self.refresh()

    # drawing

    def refresh(self) -> None:
        """Draw what arrived since the last frame."""
        if not self._dirty:
            return
        for series in self._dirty:
            if series not in self._curves:
                self._curves[series] = LatencyCurve(self.latency, self.rate, self.memory)
                self._colour(series)
        if self.following:
            self._fit()
        span = self.latency.getViewBox().viewRange()[0]
        for series in self._dirty:
            self._curves[series].draw(
                self.tracks[series], self._axis, (span[0], span[1]), scale=self._scale, batch=self._batch
            )
        self._dirty.clear()

    def _fit(self) -> None:
        lefts, rights = [0.0], [1e-3 if self._axis == "seconds" else 10.0]
        rate = memory = 0.0
        for track in self.tracks.values():
            first, last = track.span(self._axis)
            lefts.append(first)
            rights.append(last)
            rate = max(rate, float(np.max(track.flushes.rates.values, initial=0.0)) * self._batch)
            memory = max(memory, track.peak_rss_mb)
        self._rescale()
        left, right = min(lefts), max(rights)
        margin = (right - left) * 0.01
        self.latency.setXRange(left - margin, right + margin, padding=0)
        self.latency.setYRange(*self._scale.limits(), padding=0)
        self.rate.setYRange(0, rate * 1.15 or 1.0, padding=0)
        self.memory.setYRange(0, memory * 1.15 or 1.0, padding=0)
        self._warmup_area.setRegion((left - margin, 0.0))
        self._warmup_area.setVisible(left < 0)

    def _rescale(self) -> None:
        """Let the vertical axis follow, but not tremble with every arrival."""
        ranges = [track.view_range() for track in self.tracks.values()]
        bottom, top = min(low for low, _high in ranges), max(high for _low, high in ranges)
        logarithmic = spreads_widely(self.tracks.values()) if self._logarithmic is None else self._logarithmic
        before = self._scale
        moved = top > before.top or top < 0.6 * before.top or not 0.5 < before.bottom / max(bottom, 1e-9) <= 1
        if moved or logarithmic != before.logarithmic:
            self._scale = Scale(bottom, top, logarithmic)
            self._dirty = set(self.tracks)
            self.latency.getAxis("left").set_logarithmic(on=logarithmic)
            self.scaled.emit(logarithmic)

    def set_logarithmic(self, on: bool | None) -> None:  # noqa: FBT001 - a tri-state value, None lets the chart decide
        """Show latencies on a logarithmic axis or not; None: when they spread widely."""
        self._logarithmic = on
        self.follow()

    def _on_zoomed(self) -> None:
        self.following = False
        self._dirty = set(self.tracks)
        if not self._timer.isActive():
            QTimer.singleShot(0, self.refresh)

    # looks

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_canvas"):
            self.restyle()

    def restyle(self) -> None:
        """Take the colours of the theme in force."""
        self._canvas.setBackground(theme.colour("surface"))
        self._legend.setStyleSheet(f"background: {theme.colour('surface').name()}; padding: 4px 8px 0 8px;")
        shade = theme.colour("muted")
        shade.setAlpha(26)
        self._warmup_area.setBrush(shade)
        self._style_axes()
        for series in self._curves:
            self._colour(series)
        self._write_legend()
        self.restyled.emit()

    def _style_axes(self) -> None:
        by_run = self._axis == "runs"
        titles = {
            self.latency: _("Latency in ms, by run") if by_run else _("Latency in ms, by second"),
            self.rate: _("Samples per second"),
            self.memory: _("Memory, MB"),
        }
        font = self.font()
        font.setPointSizeF(max(7.0, font.pointSizeF() * 0.88))
        for plot, title in titles.items():
            plot.setTitle(title, color=theme.colour("muted").name(), size=f"{font.pointSizeF():.0f}pt", justify="left")
            plot.showGrid(x=False, y=True, alpha=0.4)
            for name in ("left", "bottom"):
                axis = plot.getAxis(name)
                axis.setPen(theme.colour("border"))
                axis.setTextPen(theme.colour("muted"))
                axis.setStyle(tickFont=font, tickLength=-4, maxTickLevel=0)
            plot.getAxis("bottom").enableAutoSIPrefix(False)
        self.rate.getAxis("bottom").setStyle(showValues=False)
        for plot in (self.rate, self.memory):
            plot.getAxis("left").setWidth(56)

    def series_colour(self, series: str) -> str:
        """Return the colour role of a series, the same in chart, legend and table."""
        known = list(self._labels)
        return series_role(known.index(series) if series in known else 0)

    def _colour(self, series: str) -> None:
        self._curves[series].restyle(theme.colour(self.series_colour(series)))

    def _write_legend(self) -> None:
        entries = [
            _coloured(theme.colour(self.series_colour(series)), "\u25cf&nbsp;") + _unbroken(label)
            for series, label in self._labels.items()
        ]
        if not self._compact:
            marks = [
                ("\u2501", _("p50")),
                ("\u254d", _("p90")),
                ("\u2508", _("p99 of the last {n} runs").format(n=WINDOW)),
                ("\u25cb", _("warm-up")),
                ("\u25b2", _("above the chart")),
            ]
            key = "&nbsp;&nbsp; ".join(_unbroken(f"{mark} {text}") for mark, text in marks)
            entries.append(_coloured(theme.colour("muted"), key))
        self._legend.setText("&nbsp;&nbsp;&nbsp; ".join(entries) if self._labels else "")
        self._legend.setVisible(bool(self._labels))

    def picture(self, size: QSize | None = None) -> QImage:
        """Return the chart with its legend, at twice the resolution of the screen."""
        wanted = size or self.size()
        image = QImage(wanted * 2, QImage.Format.Format_ARGB32)
        image.setDevicePixelRatio(2)
        image.fill(theme.colour("surface"))
        painter = QPainter(image)
        self.render(painter, QPoint())
        painter.end()
        return image


def _coloured(colour: QColor, html: str) -> str:
    return f'<span style="color:{colour.name()}">{html}</span>'


def _unbroken(text: str) -> str:
    return escape(text).replace(" ", "&nbsp;")


def write_png(image: QImage, target: Path) -> None:
    """Write a picture as PNG; raises OSError."""
    writer = QImageWriter(str(target), QByteArray(b"png"))
    if not writer.write(image):
        raise OSError(writer.errorString())
