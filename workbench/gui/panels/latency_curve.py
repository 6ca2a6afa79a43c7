"""One series of the latency chart: its points, percentile lines, throughput and memory."""

from __future__ import annotations

import msgspec
import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from workbench.core.latency_track import Axis, Floats, LatencyTrack, Thinned, smooth, thin
from workbench.gui.panels.dots import Dots

MOST_POINTS = 1500
"""Drawn points of one series; more are thinned to the extremes of each bin, which looks the same."""
MOST_LINE_POINTS = 300
MOST_WARMUP = 200


class Scale(msgspec.Struct, frozen=True):
    """How latencies (ms) are placed on the vertical axis."""

    bottom: float
    """Lowest latency of the view; used by a logarithmic scale only."""
    top: float
    logarithmic: bool = False

    def place(self, latencies: Floats) -> Floats:
        """Return where latencies are on the axis."""
        return np.log10(np.maximum(latencies, 1e-6)) if self.logarithmic else latencies

    def limits(self) -> tuple[float, float]:
        """Return the ends of the axis, in its own numbers."""
        if not self.logarithmic:
            return 0.0, self.top or 1.0
        top = max(self.top, 1e-6)
        return float(np.log10(min(max(self.bottom, 1e-6), top / 2))), float(np.log10(top))

    def edge(self) -> float:
        """Return where triangles go that stand for what is above."""
        low, high = self.limits()
        return high - 0.015 * (high - low)

    def inside(self, points: Thinned) -> tuple[Floats, Floats]:
        """Return the points that are not above the top, placed."""
        keep = points.y <= self.top
        return points.x[keep], self.place(points.y[keep])


class LatencyCurve:
    """The graphics items of one LatencyTrack in the three plots."""

    def __init__(self, latency: pg.PlotItem, rate: pg.PlotItem, memory: pg.PlotItem) -> None:
        self._points = Dots(4)
        self._warmup = pg.ScatterPlotItem(size=5, brush=None, antialias=True)
        self._beyond = pg.ScatterPlotItem(size=7, pen=None, symbol="t1", antialias=True)
        self._p50 = pg.PlotCurveItem(antialias=True)
        self._p50.setSegmentedLineMode("on")  # Qt is slow at stroking long wide paths
        self._p90 = pg.PlotCurveItem(antialias=True)
        self._p99 = pg.PlotCurveItem(antialias=True)
        self._rate = pg.PlotCurveItem(antialias=True)
        self._memory = pg.PlotCurveItem(antialias=True)
        self._plots = (latency, rate, memory)
        for item in self._latency_items():
            latency.addItem(item, ignoreBounds=True)
        rate.addItem(self._rate, ignoreBounds=True)
        memory.addItem(self._memory, ignoreBounds=True)

    def _latency_items(self) -> tuple[pg.GraphicsObject, ...]:
        return (self._points, self._warmup, self._p99, self._p90, self._p50, self._beyond)

    def remove(self) -> None:
        """Take everything out of the plots."""
        latency, rate, memory = self._plots
        for item in self._latency_items():
            latency.removeItem(item)
        rate.removeItem(self._rate)
        memory.removeItem(self._memory)

    def restyle(self, colour: QColor) -> None:
        """Draw in this colour: points faint, lines strong."""
        faint, ring = QColor(colour), QColor(colour)
        faint.setAlpha(85)
        ring.setAlpha(130)
        self._points.set_colour(faint)
        self._warmup.setPen(pg.mkPen(ring, width=1))
        self._beyond.setBrush(colour)
        self._p50.setPen(pg.mkPen(colour, width=2))
        self._p90.setPen(pg.mkPen(colour, width=1, style=Qt.PenStyle.DashLine))
        self._p99.setPen(pg.mkPen(colour, width=1, style=Qt.PenStyle.DotLine))
        self._rate.setPen(pg.mkPen(colour, width=1.5))
        self._memory.setPen(pg.mkPen(colour, width=1.5))

    def draw(self, track: LatencyTrack, axis: Axis, span: tuple[float, float], *, scale: Scale, batch: int) -> None:
        """Draw the part of the track that the view shows; what is above the scale's top becomes triangles there."""
        low, high = span
        top = scale.top
        measured = thin(track.positions(axis), track.measured.latencies.values, low, high, MOST_POINTS)
        warmup = thin(track.warmup_positions(axis), track.warmup.latencies.values, low, high, MOST_WARMUP)
        self._points.set_points(*scale.inside(measured))
        _show(self._warmup, *scale.inside(warmup))
        above = np.concatenate((warmup.x[warmup.y > top], measured.x[measured.y > top]))
        _show(self._beyond, above, np.full(above.size, scale.edge()))
        where = track.at(track.rolling.runs.values, axis)
        for curve, column in (
            (self._p50, track.rolling.p50),
            (self._p90, track.rolling.p90),
            (self._p99, track.rolling.p99),
        ):
            line = smooth(where, column.values, low, high, MOST_LINE_POINTS)
            curve.setData(line.x, scale.place(line.y))
        flushes = track.at(track.flushes.runs.values, axis)
        rates = thin(flushes, track.flushes.rates.values * batch, low, high, MOST_LINE_POINTS)
        self._rate.setData(rates.x, rates.y)
        memory = thin(flushes, track.flushes.rss.values, low, high, MOST_LINE_POINTS)
        self._memory.setData(memory.x, memory.y)


def _show(item: pg.ScatterPlotItem, x: Floats, y: Floats) -> None:
    shown, _there = item.getData()
    if x.size or (shown is not None and shown.size):  # from nothing to nothing costs milliseconds too
        item.setData(x, y)
