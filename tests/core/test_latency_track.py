"""A track keeps every sample, and thinning never hides a peak."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.core.events import Samples
from workbench.core.latency_track import WINDOW, LatencyTrack, smooth, thin


def fed(latencies: list[float], *, chunk: int, warmup: int = 0) -> LatencyTrack:
    track = LatencyTrack("m|onnxruntime|cpu")
    clock = 0.0
    for phase, part in (("warmup", latencies[:warmup]), ("measured", latencies[warmup:])):
        for start in range(0, len(part), chunk):
            values = part[start : start + chunk]
            clock += sum(values) / 1000
            track.add(Samples(track.series, phase, values, clock, 100.0 + start))  # type: ignore[arg-type]
    return track


def test_every_sample_is_kept_in_order() -> None:
    values = np.random.default_rng(0).uniform(1, 2, 5000).tolist()
    track = fed(values, chunk=37, warmup=10)
    assert track.measured.latencies.values.tolist() == values[10:]
    assert track.warmup.latencies.values.tolist() == values[:10]
    assert track.peak_rss_mb == 100.0 + 37 * (4990 // 37)


def test_time_axis_starts_where_the_warmup_ends() -> None:
    track = fed([10.0] * 30, chunk=5, warmup=10)
    assert track.start_s == pytest.approx(0.1)
    assert track.positions("seconds") == pytest.approx(np.arange(1, 21) * 0.01)
    assert track.warmup_positions("seconds") == pytest.approx(np.arange(-9, 1) * 0.01)
    assert track.positions("runs")[0] == 1
    assert track.warmup_positions("runs").tolist() == list(range(-9, 1))


def test_rolling_percentiles_are_those_of_the_last_window() -> None:
    values = np.random.default_rng(1).gamma(4, 1, 1000)
    track = fed(values.tolist(), chunk=250)
    runs = track.rolling.runs.values.astype(int)
    assert runs[-1] == 1000
    for index in (3, len(runs) // 2, len(runs) - 1):
        window = values[max(0, runs[index] - WINDOW) : runs[index]]
        assert track.rolling.p90.values[index] == pytest.approx(np.percentile(window, 90))
    assert np.all(np.diff(runs) > 0)


def test_throughput_is_that_of_the_last_second() -> None:
    track = fed([10.0] * 100 + [5.0] * 400, chunk=50)
    assert track.flushes.rates.values[0] == pytest.approx(100)
    assert track.flushes.rates.values[-1] == pytest.approx(200)


def test_an_empty_arrival_changes_nothing() -> None:
    track = LatencyTrack("x")
    track.add(Samples("x", "measured", [], 1.0, 5.0))
    assert len(track.flushes.runs) == 0
    assert track.peak_rss_mb == 0.0


@pytest.mark.parametrize("size", [10, 999, 1000, 1001, 123_457])
def test_thinning_keeps_extremes_ends_and_order(size: int) -> None:
    generator = np.random.default_rng(size)
    x, y = np.arange(1.0, size + 1), generator.normal(5, 1, size)
    y[size // 3] = 99.0
    y[size // 2] = -99.0
    thinned = thin(x, y, -np.inf, np.inf, 1000)
    assert thinned.x.size <= 1005
    assert 99.0 in thinned.y
    assert -99.0 in thinned.y
    assert np.all(np.diff(thinned.x) > 0)
    assert thinned.x[-1] == size


def test_thinning_only_looks_at_the_view() -> None:
    x = np.arange(1.0, 100_001)
    thinned = thin(x, x, 500.0, 600.0, 1000)
    assert thinned.x[0] == 499
    assert thinned.x[-1] == 601


def test_smoothing_shows_the_trend_and_reaches_the_end() -> None:
    x = np.arange(1.0, 100_001)
    y = np.where(x % 50 == 0, 1000.0, x / 1000)
    line = smooth(x, y, -np.inf, np.inf, 300)
    assert line.x.size <= 302
    assert line.x[-1] == 100_000
    assert line.y[:-1].max() < 101
    assert np.all(np.diff(line.y[:-1]) > 0)


def test_thinning_shows_what_is_typical_too() -> None:
    x = np.arange(1.0, 100_001)
    y = np.full(x.size, 5.0)
    y[np.random.default_rng(0).choice(x.size, 1000, replace=False)] = 500.0
    thinned = thin(x, y, -np.inf, np.inf, 1000)
    assert np.mean(thinned.y == 5.0) > 0.5
