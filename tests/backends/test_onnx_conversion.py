"""Keras and SavedModel to ONNX: right numbers, readable names, standard operations, little memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import small_nets
import tensorflow as tf

from workbench.backends.onnx_conversion import to_onnx
from workbench.backends.tensorflow_session import TensorFlowSession
from workbench.core.errors import WorkbenchError
from workbench.runtimes.onnxruntime import OnnxRuntime

TOLERANCE = {"odd-activations": 1e-4}
"""Of erf, which ONNX Runtime approximates; everything else is within 5e-6."""


def converted(source: Path, target: Path, ear, **settings):
    to_onnx(source, target, report=ear, **settings)
    return OnnxRuntime().open(target, threads=1)


def worst_error(source: Path, session, **sizes: int) -> float:
    reference = TensorFlowSession(source, device="cpu", threads=None)
    feeds = small_nets.inputs(reference.inputs, **sizes)
    expected = reference.run(feeds)
    given = session.run({port.name: feeds[port.name] for port in session.inputs})
    assert sorted(given) == sorted(expected)
    assert {name: value.shape for name, value in given.items()} == {n: value.shape for n, value in expected.items()}
    return max(float(np.abs(given[name] - expected[name]).max()) for name in expected)


@pytest.mark.parametrize("kind", ["keras-zip", "saved-model"])
@pytest.mark.parametrize("name", list(small_nets.SMALL))
def test_small_net_gives_the_same_numbers(name: str, kind: str, model_file, tmp_path: Path, ear) -> None:
    source = model_file(name, kind)
    session = converted(source, tmp_path / "net.onnx", ear)
    limit = TOLERANCE.get(name, 5e-6)
    assert worst_error(source, session) <= limit
    assert worst_error(source, session, batch=3, free=11) <= limit


def test_names_are_those_of_layers_and_variables(model_file, tmp_path: Path, ear) -> None:
    session = converted(model_file("many-ports", "keras-zip"), tmp_path / "net.onnx", ear)
    assert [port.name for port in session.inputs] == ["row", "picture", "codes"]
    assert [port.name for port in session.outputs] == ["kind", "sure"]
    graph = onnx.load(tmp_path / "net.onnx").graph
    assert {"conv2d/kernel", "kind/kernel", "sure/kernel"} <= {tensor.name for tensor in graph.initializer}
    assert graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    assert "unk__" not in str(graph)


@pytest.mark.parametrize("opset", [11, 13, 18, 20, 22])
def test_opset_is_the_one_asked_for(opset: int, model_file, tmp_path: Path, ear) -> None:
    source = model_file("upscaler", "keras-zip")
    session = converted(source, tmp_path / "net.onnx", ear, opset=opset)
    model = onnx.load(tmp_path / "net.onnx")
    assert {entry.version for entry in model.opset_import if entry.domain == ""} == {opset}
    assert {node.domain for node in model.graph.node} == {""}
    assert worst_error(source, session) <= 5e-6


def test_batch_can_be_fixed(model_file, tmp_path: Path, ear) -> None:
    source = model_file("lstm", "saved-model")
    session = converted(source, tmp_path / "net.onnx", ear, batch=3)
    assert [port.shape for port in (*session.inputs, *session.outputs)] == [[3, 20, 8], [3, 4]]
    assert worst_error(source, session, batch=3) <= 5e-6


def test_lstm_becomes_the_onnx_operation(model_file, tmp_path: Path, ear) -> None:
    converted(model_file("bidirectional", "keras-zip"), tmp_path / "net.onnx", ear)
    ops = [node.op_type for node in onnx.load(tmp_path / "net.onnx").graph.node]
    assert "LSTM" in ops
    assert "Loop" not in ops


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning:keras")
def test_large_weights_are_folded_into_convolutions(tmp_path: Path, ear) -> None:
    """The weights that were kept outside the conversion end as if they had not been."""
    import keras

    keras.utils.set_random_seed(1)
    picture = keras.Input((12, 12, 64), name="picture")
    hidden = keras.layers.Conv2D(64, 3, use_bias=False, name="first")(picture)
    hidden = keras.layers.ReLU()(keras.layers.BatchNormalization(name="norm")(hidden))
    hidden = keras.layers.Conv2D(64, 3, groups=2, name="grouped")(hidden)
    hidden = keras.layers.Dense(300, activation="celu", name="wide")(keras.layers.Flatten()(hidden))
    model = keras.Model(picture, hidden)
    norm = model.get_layer("norm")
    norm.set_weights([value + np.linspace(0.1, 0.9, 64, dtype="float32") for value in norm.get_weights()])
    model.save(tmp_path / "net.keras")
    session = converted(tmp_path / "net.keras", tmp_path / "net.onnx", ear)
    assert worst_error(tmp_path / "net.keras", session) <= 2e-5
    graph = onnx.load(tmp_path / "net.onnx").graph
    ops = [node.op_type for node in graph.node]
    assert ops.count("Conv") == 2
    assert "BatchNormalization" not in ops
    assert not [node for node in graph.node if node.op_type == "Mul" and ops.index("Mul") < ops.index("Relu")]
    weights = {tensor.name for tensor in graph.initializer}
    assert not [node for node in graph.node if node.op_type == "Transpose" and node.input[0] in weights]


def test_unknown_operation_is_named(tmp_path: Path, ear) -> None:
    module = tf.Module()
    module.serve = tf.function(lambda x: {"y": tf.math.lgamma(x)}, input_signature=[tf.TensorSpec((None, 3), name="x")])
    tf.saved_model.save(module, str(tmp_path / "model"), signatures={"serving_default": module.serve})
    with pytest.raises(WorkbenchError, match="Lgamma") as caught:
        to_onnx(tmp_path / "model", tmp_path / "net.onnx", report=ear)
    assert caught.value.hint
    assert not (tmp_path / "net.onnx").exists()


def test_signature_is_chosen_by_name(tmp_path: Path, ear) -> None:
    module = tf.Module()
    spec = [tf.TensorSpec((None, 3), name="x")]
    module.double = tf.function(lambda x: {"y": 2 * x}, input_signature=spec)
    module.triple = tf.function(lambda x: {"z": 3 * x}, input_signature=spec)
    tf.saved_model.save(module, str(tmp_path / "model"), signatures={"double": module.double, "triple": module.triple})
    session = converted(tmp_path / "model", tmp_path / "net.onnx", ear, signature="triple")
    rows = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(session.run({"x": rows})["z"], 3 * rows)
    with pytest.raises(WorkbenchError, match="several signatures") as caught:
        to_onnx(tmp_path / "model", tmp_path / "other.onnx", report=ear)
    assert "double, triple" in caught.value.hint
    with pytest.raises(WorkbenchError, match="no signature called half"):
        to_onnx(tmp_path / "model", tmp_path / "other.onnx", signature="half", report=ear)
