"""The report's charts as SVG text: no library, no script, colours from the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

import msgspec
import numpy as np

from workbench.core import units
from workbench.core.i18n import _
from workbench.core.latency_track import Floats, LatencyTrack, smooth, spreads_widely, thin
from workbench.core.ticks import linear_ticks, log_ticks, tidy

WIDTH, HEIGHT = 760, 270
LEFT, RIGHT, TOP, BOTTOM = 52, 22, 12, 26
POINTS, LINE_POINTS = 450, 240
CELLS = 60
"""Classes beyond which a confusion matrix is not drawn: it could not be read."""


class Frame(msgspec.Struct, frozen=True):
    """Turns run numbers and milliseconds into places in the picture."""

    first: float
    last: float
    low: float
    high: float
    logarithmic: bool

    def x(self, run: Floats) -> Floats:
        """Return pixels from the left."""
        scaled: Floats = LEFT + (run - self.first) / max(self.last - self.first, 1e-9) * (WIDTH - LEFT - RIGHT)
        return scaled

    def y(self, latency: Floats) -> Floats:
        """Return pixels from the top; what is above the chart is drawn at its edge."""
        value, low, high = np.minimum(latency, self.high), self.low, self.high
        if self.logarithmic:
            value, low, high = np.log10(np.maximum(value, low)), math.log10(low), math.log10(high)
        scaled: Floats = HEIGHT - BOTTOM - (value - low) / max(high - low, 1e-12) * (HEIGHT - TOP - BOTTOM)
        return scaled


def latency_chart(tracks: Mapping[str, LatencyTrack], title: str) -> str:
    """Return the latencies of all series by run, with the rolling p50 (line) and p99 (dots); "" without samples."""
    shown = [track for track in tracks.values() if len(track.measured.latencies)]
    if not shown:
        return ""
    ranges = [track.view_range() for track in shown]
    logarithmic = spreads_widely(shown)
    high = max(top for _low, top in ranges)
    low = max(1e-6, min(*(bottom for bottom, _top in ranges), high / 2)) if logarithmic else 0.0
    warmup = max(len(track.warmup.latencies) for track in shown)
    frame = Frame(
        float(1 - warmup), float(max(len(track.measured.latencies) for track in shown)), low, high, logarithmic
    )
    parts = [*_axes(frame), *_warmup_area(frame)]
    for index, track in enumerate(tracks.values()):
        if len(track.measured.latencies):
            parts += _series(track, frame, index)
    return _svg(parts, title)


def _axes(frame: Frame) -> list[str]:
    parts = []
    if frame.logarithmic:
        ticks = [10.0**tick for tick in log_ticks(math.log10(frame.low), math.log10(frame.high), 10)]
    else:
        ticks = linear_ticks(frame.high, 6)
    for tick in ticks:
        y = float(frame.y(np.array([tick]))[0])
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{tidy(float(f"{tick:.2g}"))}</text>')
    for run in linear_ticks(frame.last, 8):
        x = float(frame.x(np.array([run]))[0])
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{tidy(run)}</text>')
    base = HEIGHT - BOTTOM
    parts.append(f'<path class="axis" d="M{LEFT} {TOP}V{base}H{WIDTH - RIGHT}"/>')
    return parts


def _warmup_area(frame: Frame) -> list[str]:
    if frame.first > 0:
        return []
    right = float(frame.x(np.array([0.5]))[0])
    return [f'<rect class="warmup" x="{LEFT}" y="{TOP}" width="{right - LEFT:.1f}" height="{HEIGHT - TOP - BOTTOM}"/>']


def _series(track: LatencyTrack, frame: Frame, index: int) -> list[str]:
    everything = (-math.inf, math.inf)
    points = thin(track.positions("runs"), track.measured.latencies.values, *everything, POINTS)
    warmup = thin(track.warmup_positions("runs"), track.warmup.latencies.values, *everything, POINTS)
    parts = []
    for group, style in ((warmup, "dots faint"), (points, "dots")):
        if group.x.size:
            dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in zip(frame.x(group.x), frame.y(group.y), strict=True))
            parts.append(f'<path class="s{index % 8} {style}" d="{dots}"/>')
    for values, style in ((track.rolling.p99, "p99"), (track.rolling.p50, "p50")):
        line = smooth(track.rolling.runs.values, values.values, *everything, LINE_POINTS)
        if line.x.size > 1:
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(frame.x(line.x), frame.y(line.y), strict=True))
            parts.append(f'<path class="s{index % 8} {style}" d="M{path}"/>')
    return parts


class Bar(msgspec.Struct, frozen=True):
    """One row of a bar chart."""

    label: str
    value: float
    text: str
    series: int = 0


def bar_chart(bars: Sequence[Bar], title: str) -> str:
    """Return horizontal bars from 0, the label above each; "" without bars."""
    if not bars:
        return ""
    largest = max(*(bar.value for bar in bars), 1e-12)
    parts = []
    for index, bar in enumerate(bars):
        top = 4 + index * 36
        width = (WIDTH - 130) * bar.value / largest
        parts.append(f'<text class="strong" x="0" y="{top + 11}">{escape(bar.label)}</text>')
        parts.append(f'<rect class="track" x="0" y="{top + 16}" width="{WIDTH - 130}" height="11" rx="3"/>')
        parts.append(
            f'<rect class="f{bar.series % 8}" x="0" y="{top + 16}" width="{max(2.0, width):.1f}" height="11" rx="3"/>'
        )
        parts.append(f'<text x="{WIDTH - 122}" y="{top + 26}">{escape(bar.text)}</text>')
    return _svg(parts, title, height=8 + 36 * len(bars))


def confusion_chart(counts: Sequence[Sequence[int]], names: Sequence[str], title: str) -> str:
    """Return the matrix as a heat map, rows true, columns predicted; "" when it has too many classes to be read."""
    size = len(counts)
    if not 1 < size <= CELLS:
        return ""
    cell = min(34.0, 420.0 / size)
    labels = list(names) if len(names) == size else [str(index) for index in range(size)]
    left, top = 96.0, 34.0
    parts = [f'<text x="{left:.0f}" y="12">{escape(_("predicted class"))}</text>',
             f'<text transform="translate(10 {top + cell * size / 2:.0f}) rotate(-90)" text-anchor="middle">'
             f'{escape(_("true class"))}</text>']  # fmt: skip
    for row, line in enumerate(counts):
        total = max(1, sum(line))
        if cell >= 11:
            parts.append(_text(left - 6, top + (row + 0.5) * cell + 4, _short(labels[row], 11), "end"))
            parts.append(_text(left + (row + 0.5) * cell, top - 6, _short(labels[row], int(cell / 7)), "middle"))
        for column, count in enumerate(line):
            parts.append(_cell(left + column * cell, top + row * cell, cell, count=count, share=count / total))
    return _svg(parts, title, width=int(left + cell * size + 8), height=int(top + cell * size + 6))


def _cell(x: float, y: float, side: float, *, count: int, share: float) -> str:
    strength = math.sqrt(share)  # small confusions stay visible
    place = f'x="{x:.1f}" y="{y:.1f}" width="{side:.1f}" height="{side:.1f}"'
    box = f'<rect class="cell" {place}/>'
    if count == 0:
        return box
    box += f'<rect class="hot" fill-opacity="{strength:.2f}" {place}/>'
    if side < 20:
        return box
    style = "on" if strength > 0.6 else ""
    return box + _text(x + side / 2, y + side / 2 + 4, units.short_count(count), "middle", style)


def _text(x: float, y: float, text: str, anchor: str, style: str = "") -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _short(text: str, letters: int) -> str:
    return text if len(text) <= max(letters, 1) else text[: max(letters - 1, 1)] + "\u2026"


def _svg(parts: Sequence[str], title: str, *, width: int = WIDTH, height: int = HEIGHT) -> str:
    head = f'<svg viewBox="0 0 {width} {height}" style="max-width:{width}px" role="img">'
    return f"{head}<title>{escape(title)}</title>{''.join(parts)}</svg>"
