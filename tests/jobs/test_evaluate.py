"""Accuracy on labelled data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.jobs.evaluate import Evaluate
from workbench.jobs.probe import CheckData, ListDevices

Write = Callable[..., Path]


def test_hits_and_the_confusion_are_counted(classifier: Write, labelled: Write, recorder: Any) -> None:
    truth = [0, 1, 2, 3, 4, 5, 6, 0]
    answers = [0, 1, 2, 3, 4, 5, 0, 6]
    data = labelled("data", np.eye(7)[answers] - 0.01 * np.arange(7), truth)
    result = Evaluate(model=str(classifier("m", np.eye(7))), data=DataSpec(path=str(data))).run(recorder)
    assert (result.samples, result.top1) == (8, 6 / 8)
    assert (
        result.top5 == 7 / 8
    )  # class 0 is second best for the seventh sample; class 0's own score is best of the rest
    confusion = np.zeros((7, 7), int)
    np.add.at(confusion, (truth, answers), 1)
    assert result.confusion == confusion.tolist()
    assert len(result.data_sha256) == 64


@pytest.mark.parametrize(("activation", "shift"), [("Sigmoid", 0.0), ("", 0.0)])
def test_one_score_for_two_classes(
    classifier: Write, labelled: Write, recorder: Any, activation: str, shift: float
) -> None:
    """A sigmoid parts at 0.5; a logit (there are scores outside 0 to 1) at 0, also where some lie between 0 and 0.5."""
    x = np.array([[-3.0], [-0.2], [0.2], [0.4], [3.0]]) + shift
    data = labelled("data", x, [0, 0, 1, 1, 1])
    path = classifier("binary", np.array([[1.0]]), activation=activation)
    result = Evaluate(model=str(path), data=DataSpec(path=str(data))).run(recorder)
    assert (result.top1, result.top5, result.confusion) == (1.0, None, [[2, 0], [0, 3]])


def test_classes_in_another_order_are_matched_by_name(classifier: Write, labelled: Write, recorder: Any) -> None:
    """Folders come in alphabetical order, the model may count otherwise: an accuracy of 1/3 would be a lie."""
    path = classifier("m", np.eye(3), labels="dog\ncat\nant")
    data = labelled("data", np.eye(3), [2, 1, 0], ["Ant", "Cat", "Dog"])
    result = Evaluate(model=str(path), data=DataSpec(path=str(data))).run(recorder)
    assert result.top1 == 1.0
    assert result.class_names == ["dog", "cat", "ant"]
    assert any("by name" in note for note in result.notes)


def test_labels_that_are_no_class_are_said(classifier: Write, labelled: Write, recorder: Any) -> None:
    data = labelled("data", np.eye(3), [1, 2, 3])
    with pytest.raises(WorkbenchError, match="from 1 to 3, but the model has 3 classes") as caught:
        Evaluate(model=str(classifier("m", np.eye(3))), data=DataSpec(path=str(data))).run(recorder)
    assert "subtract 1" in caught.value.hint


def test_data_without_labels_is_said(classifier: Write, recorder: Any) -> None:
    with pytest.raises(WorkbenchError, match="has no labels"):
        Evaluate(model=str(classifier("m", np.eye(3)))).run(recorder)


def test_scores_that_are_not_numbers_are_no_hit(classifier: Write, labelled: Write, recorder: Any) -> None:
    data = labelled("data", np.array([[np.nan, 1.0], [0.0, 1.0]]), [1, 1])
    result = Evaluate(model=str(classifier("m", np.eye(2), activation="")), data=DataSpec(path=str(data))).run(recorder)
    assert result.top1 == 0.5
    assert any("NaN" in note for note in result.notes)


def test_a_model_that_only_gives_nan_is_never_right(classifier: Write, labelled: Write, recorder: Any) -> None:
    data = labelled("data", np.full((10, 10), np.nan), list(range(10)))
    path = classifier("m", np.eye(10), activation="")
    result = Evaluate(model=str(path), data=DataSpec(path=str(data))).run(recorder)
    assert (result.samples, result.top1, result.top5) == (10, 0.0, 0.0)
    assert np.sum(result.confusion) == 0
    assert any("10 samples" in note for note in result.notes)


def test_the_bundled_samples_agree_in_every_format_that_needs_no_tensorflow(samples: Path, recorder: Any) -> None:
    data = DataSpec(path=str(samples / "digits-test.npz"))
    results = [
        Evaluate(model=str(samples / name), data=data).run(recorder).top1 for name in ("digits.onnx", "digits.tflite")
    ]
    assert results[0] == results[1] > 0.95


def test_check_data_says_what_would_be_fed(classifier: Write, labelled: Write, recorder: Any) -> None:
    path = str(classifier("m", np.eye(3)))
    data = labelled("data", np.eye(3), [0, 1, 2], ["a", "b", "c"])
    preview = CheckData(model=path, data=DataSpec(path=str(data))).run(recorder)
    assert preview.feeds == {"x": "float32 [1, 3], from 0 to 1"}
    assert (preview.kind, preview.samples, preview.labelled, preview.class_names) == ("npz", 3, True, ["a", "b", "c"])
    assert preview.sha256 == "", "the job that uses the data hashes it, not the one that only looks"
    wrong = labelled("wrong", np.ones((2, 5)), [0, 1])
    with pytest.raises(WorkbenchError, match=r"5"):
        CheckData(model=path, data=DataSpec(path=str(wrong))).run(recorder)


@pytest.mark.slow
def test_every_device_is_there_or_has_a_reason(recorder: Any) -> None:
    found = ListDevices().run(recorder).devices
    assert set(found) >= {"onnxruntime", "litert", "tensorflow"}
    for devices in found.values():
        assert [device.id for device in devices] == ["cpu", "gpu"]
        assert devices[0].available
        assert all(device.available != bool(device.reason) for device in devices)


@pytest.mark.real
def test_dianna_has_the_accuracy_that_its_authors_report(real_models: Path, recorder: Any) -> None:
    root = real_models / "dianna" / "dianna"
    data = DataSpec(path=str(root / "data" / "binary-mnist.npz"), inputs="X_test", labels="y_test")
    result = Evaluate(model=str(root / "models" / "mnist_model_tf.onnx"), data=data).run(recorder)
    assert result.samples == 2115
    assert result.top1 == pytest.approx(0.9967, abs=5e-5)
