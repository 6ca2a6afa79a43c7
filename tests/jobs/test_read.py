"""The jobs that read a model and look at one tensor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from workbench.core.errors import WorkbenchError
from workbench.core.graph import Graph, Tensor
from workbench.jobs import read
from workbench.jobs.read import ReadModel, ReadTensor, look_at, plain

Write = Callable[..., Path]


def test_model_is_read_and_named(classifier: Write, recorder: Any) -> None:
    path = classifier("m", np.ones((4, 3)), labels="a,b,c")
    graph = ReadModel(path=str(path)).run(recorder)
    assert isinstance(graph, Graph)
    assert (graph.format, graph.bytes, graph.weights_bytes) == ("onnx", path.stat().st_size, 48)
    assert graph.metadata["labels"] == "a\nb\nc"


def test_statistics_and_preview_of_a_tensor(classifier: Write, recorder: Any, tmp_path: Path) -> None:
    weights = np.arange(12, dtype="f").reshape(4, 3)
    path = classifier("m", weights)
    whole = tmp_path / "w.npy"
    view = ReadTensor(path=str(path), tensor="w", save_to=str(whole)).run(recorder)
    assert (view.minimum, view.maximum, view.mean) == (0, 11, 5.5)
    assert view.std == pytest.approx(weights.std())
    assert view.zeros == pytest.approx(1 / 12)
    assert (view.dtype, view.shape, view.nbytes) == ("float32", [4, 3], 48)
    assert sum(view.histogram) == 12 and len(view.histogram) == 64
    np.testing.assert_array_equal(np.load(view.preview), weights)
    np.testing.assert_array_equal(np.load(whole), weights)


def test_unknown_tensor_and_existing_target_are_refused(classifier: Write, recorder: Any, tmp_path: Path) -> None:
    path = classifier("m", np.ones((4, 3)))
    with pytest.raises(WorkbenchError, match="holds no tensor nothing"):
        ReadTensor(path=str(path), tensor="nothing").run(recorder)
    with pytest.raises(WorkbenchError, match="holds no tensor w"):
        ReadTensor(path=str(path), tensor="w", function="no/such").run(recorder)
    (tmp_path / "there.npy").write_bytes(b"")
    with pytest.raises(WorkbenchError, match="exists already"):
        ReadTensor(path=str(path), tensor="w", save_to=str(tmp_path / "there.npy")).run(recorder)


CASES: dict[str, tuple[Any, tuple[float, float, int], tuple[int, int]]] = {
    "close together": (np.array([1e16, 1e16 + 2]), (1e16, 1e16 + 2, 0), (1, 2)),
    "scalar": (np.float32(3), (3, 3, 0), (1, 1)),
    "constant": (np.full((2, 2), 5, "i8"), (5, 5, 0), (2, 2)),
    "empty": (np.zeros((0, 3), "f"), (0, 0, 0), (0, 3)),
    "not finite": (np.array([1, np.nan, np.inf, -2], "f"), (-2, 1, 2), (1, 4)),
    "truth": (np.array([True, False]), (0, 1, 0), (1, 2)),
    "complex": (np.array([3 + 4j]), (5, 5, 0), (1, 1)),
    "deep": (np.ones((2, 3, 300, 400), "f2"), (1, 1, 0), (256, 256)),
    "deep and empty": (np.ones((0, 3, 4, 5), "f"), (0, 0, 0), (4, 0)),
}


@pytest.mark.parametrize("case", CASES)
def test_strange_arrays_are_summarized(tmp_path: Path, case: str) -> None:
    values, (low, high, lost), shown = CASES[case]
    array = np.asarray(values)
    view = look_at(Tensor("t", str(array.dtype), list(array.shape), array.nbytes), array, tmp_path)
    assert (view.minimum, view.maximum, view.not_finite) == (low, high, lost)
    assert sum(view.histogram) == array.size - lost
    assert np.load(view.preview).shape == shown


def test_large_tensors_are_looked_at_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    array = np.random.default_rng(3).normal(size=1000)
    array[::7] = 0
    whole = look_at(Tensor("t", "float64", [1000], 8000), array, tmp_path)
    monkeypatch.setattr(read, "PIECE", 64)
    pieces = look_at(Tensor("t", "float64", [1000], 8000), array, tmp_path)
    assert pieces.histogram == whole.histogram == np.histogram(array, 64)[0].tolist()
    assert (pieces.minimum, pieces.maximum, pieces.zeros) == (array.min(), array.max(), 0.143)
    assert pieces.mean == pytest.approx(array.mean())
    assert pieces.std == pytest.approx(array.std())


def test_tensor_of_a_dtype_that_npy_does_not_know_is_saved_as_float32(tmp_path: Path) -> None:
    array = np.array([1, -2.5], ml_dtypes.bfloat16)
    assert plain(array).dtype == np.float32
    view = look_at(Tensor("t", "bfloat16", [2], 4), array, tmp_path)
    assert np.load(view.preview).tolist() == [[1, -2.5]]
    assert (view.minimum, view.maximum) == (-2.5, 1)


def test_texts_have_a_preview_but_no_statistics(tmp_path: Path) -> None:
    array = np.asarray(["a", "bc"])
    view = look_at(Tensor("t", "string", [2], 3), array, tmp_path)
    assert np.load(view.preview).tolist() == [["a", "bc"]]
    assert (view.minimum, view.maximum, sum(view.histogram)) == (0, 0, 0)
