"""Samples come back as they were stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workbench.core.errors import WorkbenchError
from workbench.core.events import Samples
from workbench.core.latency_file import load_tracks, samples_csv, save_tracks
from workbench.core.latency_track import LatencyTrack


@pytest.fixture
def tracks() -> dict[str, LatencyTrack]:
    found = {}
    for series in ("a|onnxruntime|cpu", "b\u00e9|litert|cpu"):
        track = found[series] = LatencyTrack(series)
        track.add(Samples(series, "warmup", [9.0, 8.0], 0.02, 50.0))
        track.add(Samples(series, "measured", [1.5, 2.5, 3.5], 0.03, 51.5))
    return found


def test_round_trip(tmp_path: Path, tracks: dict[str, LatencyTrack]) -> None:
    again = load_tracks(save_tracks(tmp_path / "samples.npz", tracks))
    assert list(again) == list(tracks)
    for series, track in tracks.items():
        assert np.array_equal(again[series].measured.latencies.values, track.measured.latencies.values)
        assert np.array_equal(again[series].positions("seconds"), track.positions("seconds"))
        assert np.array_equal(again[series].rolling.p99.values, track.rolling.p99.values)
        assert again[series].peak_rss_mb == 51.5


def test_nothing_is_overwritten(tmp_path: Path, tracks: dict[str, LatencyTrack]) -> None:
    target = save_tracks(tmp_path / "samples.npz", tracks)
    before = target.read_bytes()
    with pytest.raises(WorkbenchError, match="exists"):
        save_tracks(target, {})
    assert target.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 truncated"])
def test_damaged_samples_are_said(tmp_path: Path, content: bytes) -> None:
    damaged = tmp_path / "samples.npz"
    damaged.write_bytes(content)
    with pytest.raises(WorkbenchError, match="samples of this run"):
        load_tracks(damaged)


def test_csv_has_a_line_for_each_call(tracks: dict[str, LatencyTrack]) -> None:
    lines = samples_csv(tracks, {"a|onnxruntime|cpu": "A, first"}).splitlines()
    assert lines[0] == "series,phase,run,elapsed_s,latency_ms"
    assert len(lines) == 1 + 2 * 5
    assert lines[1].startswith('"A, first",warmup,1,')
    assert lines[3].endswith(",1.500000")
