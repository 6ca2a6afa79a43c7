"""A benchmark that did not end as asked: what is kept of it, and what it is called."""

from __future__ import annotations

import pytest

from workbench.core.events import AnyEvent, Cancelled, Crashed, Failed, Samples
from workbench.core.latency_track import LatencyTrack
from workbench.gui.panels.benchmark_run import broken_off
from workbench.jobs.benchmark import Benchmark, Subject


@pytest.mark.parametrize(
    ("event", "ended", "notes"),
    [
        (Failed("the file is gone", "look for it"), "failed", ["the file is gone"]),
        (Crashed("killed", "", ""), "crashed", ["killed"]),
        (Cancelled(), "stopped", []),
    ],
)
def test_how_a_benchmark_was_broken_off_is_kept(event: AnyEvent, ended: str, notes: list[str]) -> None:
    subject = Subject("/m.onnx", "onnxruntime")
    track = LatencyTrack(subject.series())
    track.add(Samples(track.series, "measured", [1.0, 2.0], 0.1, 90.0, peak_rss_mb=150.0, busy_share=0.4))
    run = broken_off(Benchmark(subjects=[subject]), {track.series: track}, {}, event, machine={})
    assert (run.ended, run.notes, run.machine["busy_share"]) == (ended, notes, "0.40")
    assert run.results[0].peak_rss_mb == 150.0
    assert run.status()
