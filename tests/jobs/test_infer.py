"""Running a model on data and saying what comes out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.npz import load_npz
from workbench.jobs.infer import Infer

EYE = np.eye(3) * 5


def test_outputs_are_those_of_the_model_and_are_written(
    classifier: Callable[..., Path], labelled: Callable[..., Path], recorder: Any, tmp_path: Path
) -> None:
    data = labelled("data", np.eye(3)[[2, 0, 1]], [2, 0, 0], ["ant", "bee", "cat"])
    out = tmp_path / "out" / "result.npz"
    job = Infer(model=str(classifier("m", EYE)), data=DataSpec(path=str(data)), out=str(out))
    result = job.run(recorder)
    scores = np.exp(5) / (np.exp(5) + 2)
    assert [[round(best.score, 5) for best in row[:1]] for row in result.top] == [[round(scores, 5)]] * 3
    assert [row[0].label for row in result.top] == ["cat", "ant", "bee"]
    assert (result.labels, result.samples) == ([2, 0, 0], 3)
    assert (result.runtime, result.device, result.device_label) == ("onnxruntime", "cpu", "CPUExecutionProvider")
    written = load_npz(out)["y"]
    np.testing.assert_allclose(written.max(axis=1), scores, rtol=1e-5)
    assert (result.outputs[0].shape, result.outputs[0].dtype) == ([3, 3], "float32")
    assert result.outputs[0].maximum == pytest.approx(float(written.max()))
    assert recorder.said[-1][0] == 1.0


def test_nothing_is_overwritten(classifier: Callable[..., Path], recorder: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.npz"
    out.write_text("mine")
    with pytest.raises(WorkbenchError, match="exists already"):
        Infer(model=str(classifier("m", EYE)), out=str(out)).run(recorder)
    assert out.read_text() == "mine"
    assert not list(tmp_path.glob(".*"))


def test_given_names_win_and_outputs_that_are_no_scores_have_no_top(
    classifier: Callable[..., Path], recorder: Any, tmp_path: Path
) -> None:
    path = str(classifier("m", EYE, labels="a\nb\nc"))
    assert Infer(model=path).run(recorder).top[0][0].label in "abc"
    given = Infer(model=path, class_names=["x", "y", "z"], out=str(tmp_path / "1.npz"))
    assert given.run(recorder).top[0][0].label in "xyz"
    linear = Infer(model=str(classifier("linear", EYE, activation="")), out=str(tmp_path / "2.npz"))
    assert linear.run(recorder).top == []


def test_two_classes_in_one_number_are_told_apart(classifier: Callable[..., Path], recorder: Any) -> None:
    path = classifier("binary", np.array([[8.0], [-8.0]]), activation="Sigmoid")
    result = Infer(model=str(path), class_names=["no", "yes"], data=DataSpec(limit=6)).run(recorder)
    outputs = load_npz(Path(result.outputs_path))["y"][:, 0]
    assert [row[0].label for row in result.top] == ["yes" if value > 0.5 else "no" for value in outputs]


def test_numbers_that_are_not_finite_are_counted(classifier: Callable[..., Path], recorder: Any) -> None:
    path = classifier("log", np.array([[1.0]]), activation="Log")
    result = Infer(model=str(path), data=DataSpec(limit=50)).run(recorder)
    outputs = load_npz(Path(result.outputs_path))["y"]
    assert 0 < result.outputs[0].not_finite == int(np.sum(~np.isfinite(outputs))) < 50
    assert result.outputs[0].maximum == pytest.approx(float(np.nanmax(outputs)))


@pytest.mark.parametrize("wrong", [{"device": "tpu"}, {"threads": 0}, {"runtime": "litert"}])
def test_what_is_not_there_is_refused(classifier: Callable[..., Path], recorder: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(WorkbenchError):
        Infer(model=str(classifier("m", EYE)), **wrong).run(recorder)


def test_a_sample_whose_scores_are_not_numbers_has_no_class(
    classifier: Callable[..., Path], labelled: Callable[..., Path], recorder: Any
) -> None:
    data = labelled("data", np.array([[np.nan, 0.0, 0.0], [0.0, 9.0, 0.0]]), [0, 1])
    result = Infer(model=str(classifier("m", EYE)), data=DataSpec(path=str(data))).run(recorder)
    assert [[best.index for best in row[:1]] for row in result.top] == [[], [1]]
