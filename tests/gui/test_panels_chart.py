"""The live chart: arrivals are cheap, everything is kept, and what is drawn is what was measured."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from workbench.core.events import Samples
from workbench.gui import theme
from workbench.gui.panels.latency_chart import LatencyChart
from workbench.gui.panels.latency_curve import Scale
from workbench.gui.panels.scaled_axis import ScaledAxis

A, B = "a.onnx|onnxruntime|cpu", "b.tflite|litert|cpu"


@pytest.fixture
def chart(qtbot: QtBot, qapp: QApplication) -> LatencyChart:
    theme.apply(qapp, "light")
    made = LatencyChart()
    qtbot.addWidget(made)
    made.resize(900, 400)
    made.show()
    made.begin({A: "a", B: "b"}, batch=4)
    return made


def feed(chart: LatencyChart, series: str, *, runs: int, median: float = 1.0, seed: int = 0) -> None:
    generator = np.random.default_rng(seed)
    chart.add(Samples(series, "warmup", (generator.uniform(2, 3, 10) * median).tolist(), 0.05, 80.0))
    for start in range(0, runs, 100):
        part = generator.uniform(0.9, 1.1, min(100, runs - start)) * median
        chart.add(Samples(series, "measured", part.tolist(), 0.05 + (start + 100) / 1000, 90.0 + start / 1000))


def test_arrivals_are_only_drawn_by_the_timer(chart: LatencyChart, qtbot: QtBot) -> None:
    feed(chart, A, runs=200)
    assert not chart.latency.listDataItems()
    drawn = len(chart.latency.items)
    qtbot.waitUntil(lambda: len(chart.latency.items) > drawn, timeout=5000)
    assert len(chart.tracks[A].measured.latencies) == 200


def test_view_shows_all_runs_and_the_warmup_left_of_zero(chart: LatencyChart) -> None:
    feed(chart, A, runs=500)
    chart.refresh()
    (left, right), (bottom, top) = chart.latency.getViewBox().viewRange()
    assert left <= -9
    assert right >= 500
    assert bottom == 0
    assert 1.1 < top < 5


def test_several_series_have_their_own_colours(chart: LatencyChart) -> None:
    feed(chart, A, runs=300)
    feed(chart, B, runs=300, median=1.5)
    chart.end()
    assert chart.series_colour(A) != chart.series_colour(B)
    picture = chart.picture()
    wanted = {theme.colour(chart.series_colour(series)).rgb() for series in (A, B)}
    seen = {picture.pixel(x, y) for x in range(0, picture.width(), 1) for y in range(0, picture.height(), 2)}
    assert wanted <= seen


def test_axis_turns_logarithmic_when_models_are_far_apart(chart: LatencyChart) -> None:
    feed(chart, A, runs=300)
    chart.refresh()
    axis = chart.latency.getAxis("left")
    assert isinstance(axis, ScaledAxis)
    assert not axis.logarithmic
    feed(chart, B, runs=300, median=100.0)
    chart.refresh()
    assert axis.logarithmic
    _x, (bottom, top) = chart.latency.getViewBox().viewRange()
    assert bottom < 0
    assert top > 2
    chart.set_logarithmic(False)
    assert not axis.logarithmic


def test_seconds_along_the_bottom(chart: LatencyChart) -> None:
    feed(chart, A, runs=500)
    chart.set_axis("seconds")
    (left, right), _y = chart.latency.getViewBox().viewRange()
    assert -0.06 < left < 0
    assert 0.5 <= right < 0.6


def test_zoom_stops_following_and_fit_follows_again(chart: LatencyChart) -> None:
    feed(chart, A, runs=500)
    chart.refresh()
    chart.latency.getViewBox().scaleBy((0.2, 0.2), center=QPointF(250, 1))
    chart.latency.getViewBox().sigRangeChangedManually.emit((True, True))
    assert not chart.following
    feed(chart, A, runs=500, seed=1)
    chart.refresh()
    (_left, right), _y = chart.latency.getViewBox().viewRange()
    assert right < 500
    chart.follow()
    (_left, right), _y = chart.latency.getViewBox().viewRange()
    assert right >= 1000


def test_outliers_become_triangles_inside_the_view() -> None:
    for scale in (Scale(0.5, 10.0), Scale(0.5, 10.0, logarithmic=True)):
        low, high = scale.limits()
        assert low < scale.edge() < high
        assert scale.place(np.array([10.0]))[0] == pytest.approx(high)


def test_theme_is_followed(chart: LatencyChart, qapp: QApplication) -> None:
    feed(chart, A, runs=100)
    chart.end()
    theme.apply(qapp, "dark")
    chart.restyle()
    assert chart.picture().pixelColor(4, chart.picture().height() - 4) == theme.colour("surface")
    theme.apply(qapp, "light")


def test_clear_forgets(chart: LatencyChart) -> None:
    feed(chart, A, runs=100)
    chart.refresh()
    items = len(chart.latency.items)
    chart.clear()
    assert not chart.tracks
    assert len(chart.latency.items) < items


def test_a_hundred_thousand_samples_arriving_fast_keep_frames_cheap(chart: LatencyChart) -> None:
    generator = np.random.default_rng(0)
    arrivals, frames = [], []
    for number in range(50):
        values = generator.gamma(20, 0.01, 2000).tolist()
        began = time.thread_time()
        chart.add(Samples(A, "measured", values, (number + 1) * 0.4, 100.0))
        arrivals.append(time.thread_time() - began)
        began = time.thread_time()
        chart.refresh()
        frames.append(time.thread_time() - began)
    assert len(chart.tracks[A].measured.latencies) == 100_000
    assert np.median(arrivals) < 0.01
    assert np.median(frames) < 0.03
    assert np.median(frames[-10:]) < 3 * np.median(frames[5:15]) + 0.005
