"""Small ONNX models made here, and a Report that keeps what it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from workbench.core.datasets import DataSpec
from workbench.core.events import Samples
from workbench.datasets import Dataset
from workbench.datasets.select import open_dataset
from workbench.formats.identify import read_model


class Told:
    """A Report for code that is called without a worker."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.fractions: list[float | None] = []
        self.lines: list[str] = []

    def progress(self, fraction: float | None, text: str) -> None:
        self.fractions.append(fraction)
        self.lines.append(text)

    def log(self, text: str, level: Literal["debug", "info", "warning"] = "info") -> None:
        self.lines.append(text)

    def samples(self, samples: Samples) -> None:
        raise AssertionError("passes measure nothing")


@pytest.fixture
def report(tmp_path: Path) -> Told:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return Told(folder)


@pytest.fixture
def calibration(samples: Path) -> DataSpec:
    """The bundled digits, as calibration data."""
    return DataSpec(path=str(samples / "digits-calibration.npz"), limit=40)


def dataset_for(model: Path, spec: DataSpec | None = None) -> Dataset:
    """Open data (random when not given) against a model's inputs."""
    return open_dataset(spec or DataSpec(limit=4), read_model(model).inputs)


def weights(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def convolutional(path: Path, *, as_constants: bool = False) -> Path:
    """Write conv (with bias) - depthwise conv - gemm, its weights as initializers or in Constant nodes."""
    stored = {
        "kernel": weights(8, 3, 3, 3),
        "bias": weights(8, seed=1),
        "depthwise": weights(8, 1, 3, 3, seed=2),
        "dense": weights(8 * 36, 5, seed=3),
        "dense_bias": weights(5, seed=4),
    }
    nodes = [
        helper.make_node("Conv", ["x", "kernel", "bias"], ["a"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"], name="relu"),
        helper.make_node("Conv", ["b", "depthwise"], ["c"], name="narrow", group=8, pads=[1, 1, 1, 1]),
        helper.make_node("Flatten", ["c"], ["d"], name="flat"),
        helper.make_node("Gemm", ["d", "dense", "dense_bias"], ["y"], name="head"),
    ]
    tensors = [numpy_helper.from_array(value, name) for name, value in stored.items()]
    if as_constants:
        nodes = [helper.make_node("Constant", [], [item.name], value=item) for item in tensors] + nodes
        tensors = []
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 6, 6])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 5])]
    return saved(helper.make_graph(nodes, "net", inputs, outputs, tensors), path)


def branching(path: Path) -> Path:
    """Write a model whose only layers are inside the branches of an If."""

    def branch(seed: int) -> onnx.GraphProto:
        tensor = numpy_helper.from_array(weights(6, 20, seed=seed), f"w{seed}")
        nodes = [
            helper.make_node("Constant", [], [f"w{seed}"], value=tensor),
            helper.make_node("MatMul", ["x", f"w{seed}"], [f"y{seed}"], name=f"dense{seed}"),
        ]
        output = helper.make_tensor_value_info(f"y{seed}", TensorProto.FLOAT, None)
        return helper.make_graph(nodes, f"branch{seed}", [], [output])

    nodes = [
        helper.make_node("ReduceSum", ["x"], ["sum"], name="sum", keepdims=0),
        helper.make_node("Greater", ["sum", "zero"], ["positive"], name="greater"),
        helper.make_node("If", ["positive"], ["y"], name="choose", then_branch=branch(1), else_branch=branch(2)),
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 6])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 20])]
    zero = numpy_helper.from_array(np.float32(0), "zero")
    return saved(helper.make_graph(nodes, "net", inputs, outputs, [zero]), path)


def saved(graph: onnx.GraphProto, path: Path, *, opset: int = 17) -> Path:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path


def outputs_of(path: Path, values: np.ndarray) -> np.ndarray:
    """Run an ONNX model with one input."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: values})[0]


def lite_outputs(path: Path, values: np.ndarray) -> np.ndarray:
    """Run a TFLite model with one input on each sample; integer inputs and outputs as real numbers."""
    from workbench.backends.litert_session import LiteRtSession
    from workbench.backends.tflite_ranges import Watched

    watched = Watched(path, inner=False)
    (name,) = (port.name for port in LiteRtSession(path, threads=None).inputs)
    return np.concatenate([watched.call({name: value[np.newaxis]})[0] for value in values])
