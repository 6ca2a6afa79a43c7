"""What tests of jobs share: a Report that remembers, and tiny models written on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import helper, numpy_helper

from workbench.core.events import Samples


class Recorder:
    """A Report that keeps all that a job says."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.said: list[tuple[float | None, str]] = []
        self.logged: list[tuple[str, str]] = []
        self.flushed: list[Samples] = []

    def progress(self, fraction: float | None, text: str) -> None:
        self.said.append((fraction, text))

    def log(self, text: str, level: str = "info") -> None:
        self.logged.append((level, text))

    def samples(self, samples: Samples) -> None:
        self.flushed.append(samples)


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return Recorder(folder)


@pytest.fixture
def classifier(tmp_path: Path) -> Callable[..., Path]:
    """Write an ONNX model whose output is ``softmax(x @ weights)``, or ``activation`` of it, "" for none."""

    def write(
        name: str, weights: np.ndarray, *, batch: int | str = "n", activation: str = "Softmax", labels: str = ""
    ) -> Path:
        inputs, classes = weights.shape
        nodes = [helper.make_node("MatMul", ["x", "w"], ["z" if activation else "y"])]
        if activation:
            nodes.append(helper.make_node(activation, ["z"], ["y"]))
        x = helper.make_tensor_value_info("x", 1, [batch, inputs])
        y = helper.make_tensor_value_info("y", 1, [batch, classes])
        graph = helper.make_graph(nodes, "g", [x], [y], [numpy_helper.from_array(weights.astype("f"), "w")])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
        if labels:
            helper.set_model_props(model, {"labels": labels})
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(model.SerializeToString())
        return path

    return write


@pytest.fixture
def labelled(tmp_path: Path) -> Callable[..., Path]:
    """Write an .npz with ``x``, labels ``y`` and perhaps class names."""

    def write(name: str, x: np.ndarray, y: list[int], class_names: list[str] | None = None) -> Path:
        path = tmp_path / f"{name}.npz"
        arrays = {"x": x.astype("f"), "y": np.asarray(y)}
        if class_names:
            arrays["class_names"] = np.asarray(class_names)
        np.savez(path, **arrays)
        return path

    return write
