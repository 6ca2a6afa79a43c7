"""Measuring latency and memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.latency_track import LatencyTrack
from workbench.jobs.benchmark import Benchmark, Subject
from workbench.jobs.timing import Stopwatch

Write = Callable[..., Path]


def test_every_run_is_measured_told_live_and_kept(classifier: Write, recorder: Any) -> None:
    subject = Subject(str(classifier("m", np.eye(3))))
    result = Benchmark(subjects=[subject], runs=200, warmup=7, batch=4, threads=1).run(recorder)
    (row,) = result.results
    kept = np.load(row.samples_path)
    told = {
        phase: [ms for flush in recorder.flushed if flush.phase == phase for ms in flush.latencies_ms]
        for phase in ("warmup", "measured")
    }
    assert len(told["warmup"]) == 7
    np.testing.assert_array_equal(kept, told["measured"])
    assert (row.runs, row.warmup, row.batch, row.threads, row.series) == (200, 7, 4, 1, subject.series())
    assert row.p50_ms == pytest.approx(np.percentile(kept, 50))
    assert row.p99_ms == pytest.approx(np.percentile(kept, 99))
    assert row.throughput == pytest.approx(4000 / kept.mean())
    assert row.min_ms <= row.p50_ms <= row.p90_ms <= row.p99_ms <= row.max_ms
    assert (row.runtime, row.device, row.device_label) == ("onnxruntime", "cpu", "CPUExecutionProvider")
    assert row.peak_rss_mb > 20
    track = LatencyTrack(subject.series())  # what is kept of a benchmark that is stopped
    for flush in recorder.flushed:
        track.add(flush)
    assert track.peak_rss_mb == pytest.approx(row.peak_rss_mb, rel=0.01)
    assert {"cpu", "cores", "busy_share", "onnxruntime"} <= set(result.machine)
    assert {flush.busy_share for flush in recorder.flushed} == {float(result.machine["busy_share"])}


def test_seconds_bound_the_measurement(classifier: Write, recorder: Any) -> None:
    subject = Subject(str(classifier("m", np.eye(3))))
    began = time.perf_counter()
    (row,) = Benchmark(subjects=[subject], runs=1, seconds=0.3).run(recorder).results
    assert 0.3 <= time.perf_counter() - began < 5
    assert row.runs > 10


def test_samples_are_flushed_by_time_and_never_inside_a_timed_call(recorder: Any) -> None:
    def call() -> None:
        until = time.perf_counter_ns() + 2_000_000
        while time.perf_counter_ns() < until:
            pass

    taken = Stopwatch("s", recorder).repeat(call, phase="measured", runs=150, seconds=None)
    assert sum(len(flush.latencies_ms) for flush in recorder.flushed) == 150
    elapsed = recorder.flushed[-1].elapsed_s
    assert len(recorder.flushed) <= 20 * elapsed + 1
    assert min(taken) >= 2_000_000
    assert sum(taken) / 1e9 <= elapsed


def test_progress_goes_on_over_phases_and_subjects(classifier: Write, recorder: Any) -> None:
    """A wide layer, so that warm-up and measuring of each take a while; the bar never falls back."""
    wide = np.eye(1500)
    subjects = [Subject(str(classifier(name, wide)), "onnxruntime") for name in ("one", "two")]
    Benchmark(subjects=subjects, runs=300, warmup=200, threads=1, batch=8).run(recorder)
    told = [(fraction, text) for fraction, text in recorder.said if fraction is not None]
    fractions = [fraction for fraction, _text in told]
    assert fractions == sorted(fractions)
    assert max(fraction for fraction, text in told if "one.onnx" in text) <= 0.5
    assert min(fraction for fraction, text in told if "two.onnx" in text) >= 0.5
    assert fractions[-1] > 0.9
    assert {"Warming up one.onnx", "Measuring one.onnx", "Measuring two.onnx"} <= {text for _fraction, text in told}


def test_several_subjects_are_measured_one_after_the_other_in_processes_of_their_own(
    classifier: Write, samples: Path, recorder: Any
) -> None:
    subjects = [Subject(str(classifier("m", np.eye(3)))), Subject(str(samples / "digits.tflite"), "litert")]
    result = Benchmark(subjects=subjects, runs=20, warmup=2).run(recorder)
    assert [row.runtime for row in result.results] == ["onnxruntime", "litert"]
    assert [row.series for row in result.results] == [subject.series() for subject in subjects]
    assert all(len(np.load(row.samples_path)) == 20 for row in result.results)
    assert {flush.series for flush in recorder.flushed} == {subject.series() for subject in subjects}
    assert any("Threads" in note for note in result.notes)


def test_a_subject_that_fails_does_not_spoil_the_others(classifier: Write, recorder: Any) -> None:
    fixed = Subject(str(classifier("fixed", np.eye(3), batch=1)))
    result = Benchmark(subjects=[fixed, Subject(str(classifier("m", np.eye(3))))], runs=5, batch=2).run(recorder)
    assert [row.batch for row in result.results] == [2]
    assert any("fixed.onnx takes exactly 1 samples a call, not 2" in note for note in result.notes)


def test_a_fixed_batch_refuses_others(classifier: Write, recorder: Any) -> None:
    subject = Subject(str(classifier("fixed", np.eye(3), batch=4)))
    with pytest.raises(WorkbenchError, match="exactly 4 samples a call, not 1") as caught:
        Benchmark(subjects=[subject]).run(recorder)
    assert "Set the batch to 4" in caught.value.hint
    assert Benchmark(subjects=[subject], batch=4, runs=3).run(recorder).results[0].batch == 4


def test_few_samples_are_repeated_to_fill_a_batch_and_it_is_said(
    classifier: Write, labelled: Write, recorder: Any
) -> None:
    data = DataSpec(path=str(labelled("data", np.eye(3), [0, 1, 2])))
    result = Benchmark(subjects=[Subject(str(classifier("m", np.eye(3))))], runs=3, batch=8, data=data).run(recorder)
    assert any("repeated" in note for note in result.notes)


@pytest.mark.parametrize("wrong", [{"runs": 0}, {"batch": 0}, {"warmup": -1}, {"seconds": 0.0}])
def test_settings_without_sense_are_refused(classifier: Write, recorder: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(WorkbenchError, match="more than 0"):
        Benchmark(subjects=[Subject(str(classifier("m", np.eye(3))))], **wrong).run(recorder)
    with pytest.raises(WorkbenchError, match="nothing to measure"):
        Benchmark(subjects=[]).run(recorder)


def test_random_input_gets_a_size_that_the_model_runs_on(recorder: Any, tmp_path: Path) -> None:
    """The file leaves the length open, but a constant inside takes only 512; a state and a scalar come beside it."""
    ports = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "time"]),
        helper.make_tensor_value_info("state", TensorProto.FLOAT, [2, None, 3]),
        helper.make_tensor_value_info("rate", TensorProto.INT64, []),
    ]
    nodes = [
        helper.make_node("Add", ["x", "one"], ["y"]),
        helper.make_node("Identity", ["state"], ["next"]),
        helper.make_node("Identity", ["rate"], ["same"]),
    ]
    outputs = [
        helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "time"]),
        helper.make_tensor_value_info("next", TensorProto.FLOAT, [2, None, 3]),
        helper.make_tensor_value_info("same", TensorProto.INT64, []),
    ]
    weight = numpy_helper.from_array(np.ones((1, 512), "f"), "one")
    graph = helper.make_graph(nodes, "g", ports, outputs, [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    (tmp_path / "audio.onnx").write_bytes(model.SerializeToString())
    result = Benchmark(subjects=[Subject(str(tmp_path / "audio.onnx"))], runs=3).run(recorder)
    assert "audio.onnx was measured on x [1, 512], state [2, 1, 3], rate []." in result.notes
