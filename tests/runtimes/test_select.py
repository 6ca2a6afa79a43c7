"""Choosing a runtime and running many samples through a model, whatever its batch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

import workbench.runtimes
from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.plugins import discover
from workbench.datasets.select import open_dataset
from workbench.runtimes import Runtime, Session
from workbench.runtimes.onnxruntime import OnnxRuntime
from workbench.runtimes.select import run_dataset, runtime_for

Write = Callable[..., Path]


def test_each_format_finds_its_runtime() -> None:
    assert (runtime_for("onnx").id, runtime_for("tflite").id) == ("onnxruntime", "litert")
    assert runtime_for("onnx", "onnxruntime").id == "onnxruntime"


@pytest.mark.parametrize(
    ("format_id", "wanted", "said"),
    [
        ("onnx", "litert", "LiteRT does not open onnx models"),
        ("onnx", "nonsense", "no runtime called nonsense"),
        ("nonsense", "", "No runtime opens nonsense"),
    ],
)
def test_a_runtime_that_does_not_fit_is_refused(format_id: str, wanted: str, said: str) -> None:
    with pytest.raises(WorkbenchError, match=said):
        runtime_for(format_id, wanted)


@pytest.mark.parametrize("runtime", discover(workbench.runtimes, Runtime).values(), ids=lambda runtime: runtime.id)
def test_every_runtime_describes_itself(runtime: Runtime) -> None:
    assert runtime.label
    assert runtime.summary
    assert runtime.accepts
    assert runtime.needs
    assert runtime.install


def outputs_of(path: Path, count: int) -> tuple[Session, np.ndarray]:
    session = OnnxRuntime().open(path)
    dataset = open_dataset(DataSpec(limit=count), session.inputs)
    return session, run_dataset(session, dataset, range(count))["y"]


@pytest.mark.parametrize("batch", ["n", 1, 4])
def test_a_data_set_gives_the_same_outputs_whatever_the_batch(dense_onnx: Write, batch: int | str) -> None:
    _session, outputs = outputs_of(dense_onnx(batch=batch), 80)
    _session, expected = outputs_of(dense_onnx("one", batch=1), 80)
    assert outputs.shape == (80, 3)
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-6)


def test_samples_that_do_not_fill_the_last_batch_are_said(dense_onnx: Write) -> None:
    with pytest.raises(WorkbenchError, match="exactly 4 samples") as caught:
        outputs_of(dense_onnx(batch=4), 10)
    assert "limit 8" in caught.value.hint


def test_a_model_that_claims_an_open_batch_but_has_one_is_run_sample_by_sample(write_onnx: Write) -> None:
    """Declared (n, 4), but a constant Reshape inside takes a single sample: common in exported models."""
    nodes = [
        helper.make_node("Reshape", ["x", "shape"], ["r"]),
        helper.make_node("Identity", ["r"], ["y"]),
    ]
    weights = {"shape": np.array([1, 4], np.int64)}
    _session, outputs = outputs_of(
        write_onnx("liar", nodes, [("x", "f", ["n", 4])], [("y", "f", ["n", 4])], weights), 5
    )
    assert outputs.shape == (5, 4)
    assert len(np.unique(outputs, axis=0)) == 5


def test_a_model_that_mixes_its_samples_is_run_sample_by_sample(write_onnx: Write) -> None:
    node = helper.make_node("ReduceSum", ["x"], ["y"], keepdims=0)
    session, outputs = outputs_of(write_onnx("sum", [node], [("x", "f", ["n", 4])], [("y", "f", [])]), 3)
    feeds = open_dataset(DataSpec(limit=3), session.inputs).feeds(range(3))
    np.testing.assert_allclose(outputs, feeds["x"].sum(axis=1), rtol=1e-5)


def test_a_state_that_belongs_to_one_call_is_given_whole(write_onnx: Write) -> None:
    nodes = [helper.make_node("Identity", ["s"], ["t"]), helper.make_node("Neg", ["x"], ["y"])]
    path = write_onnx(
        "state", nodes, [("x", "f", ["n", 4]), ("s", "f", [2, 1, 3])], [("y", "f", ["n", 4]), ("t", "f", [2, 1, 3])]
    )
    session = OnnxRuntime().open(path)
    outputs = run_dataset(session, open_dataset(DataSpec(limit=5), session.inputs), range(5))
    assert (outputs["y"].shape, outputs["t"].shape) == ((5, 4), (5, 2, 1, 3))


def test_outputs_of_different_shapes_are_said(write_onnx: Write) -> None:
    nodes = [helper.make_node("NonZero", ["x"], ["y"])]
    path = write_onnx("ragged", nodes, [("x", "f", [1, 4])], [("y", "i8", [2, None])])
    session = OnnxRuntime().open(path)
    values = np.array([[1, 0, 0, 0], [1, 1, 0, 0]], "f")

    from workbench.runtimes.batches import run_feeds

    with pytest.raises(WorkbenchError, match="another shape for each sample"):
        run_feeds(session, {"x": values})


def test_values_that_would_be_changed_by_the_models_type_are_refused(write_onnx: Write) -> None:
    from workbench.runtimes.batches import run_feeds

    node = helper.make_node("Identity", ["x"], ["y"])
    session = OnnxRuntime().open(write_onnx("int", [node], [("x", "i4", ["n", 2])], [("y", "i4", ["n", 2])]))
    assert run_feeds(session, {"x": np.array([[1.0, 2.0]])})["y"].tolist() == [[1, 2]]
    with pytest.raises(WorkbenchError, match="do not fit"):
        run_feeds(session, {"x": np.array([[1.5, 2.0]])})
