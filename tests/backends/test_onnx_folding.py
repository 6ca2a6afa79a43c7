"""Folding constants changes numbers by rounding only, and touches only what it may."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from workbench.backends.onnx_folding import fold

RANDOM = np.random.default_rng(3)
WEIGHT = RANDOM.standard_normal((4, 3, 3, 3)).astype(np.float32)


def model(nodes, weights, outputs=("y",)):
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 8, 8])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4, 6, 6]) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def run(proto):
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    return session.run(None, {"x": np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype(np.float32)})


def channels(*shape: int) -> np.ndarray:
    return RANDOM.uniform(0.5, 1.5, shape).astype(np.float32)


CHAINS = {
    "scale and shift": (
        [
            helper.make_node("Conv", ["x", "w"], ["c"]),
            helper.make_node("Mul", ["c", "m"], ["d"]),
            helper.make_node("Add", ["a", "d"], ["y"]),
        ],
        {"w": WEIGHT, "m": channels(4, 1, 1), "a": channels(1, 4, 1, 1)},
        ["Conv"],
    ),
    "bias before scale": (
        [
            helper.make_node("Conv", ["x", "w", "b"], ["c"]),
            helper.make_node("Mul", ["c", "m"], ["d"]),
            helper.make_node("Sub", ["d", "a"], ["y"]),
        ],
        {"w": WEIGHT, "b": channels(4), "m": channels(1), "a": channels(4, 1, 1)},
        ["Conv"],
    ),
    "layout of a weight": (
        [
            helper.make_node("Transpose", ["w"], ["t"], perm=[3, 2, 0, 1]),
            helper.make_node("Identity", ["t"], ["i"]),
            helper.make_node("Conv", ["x", "i"], ["y"]),
        ],
        {"w": np.ascontiguousarray(WEIGHT.transpose(2, 3, 1, 0))},
        ["Conv"],
    ),
    "reshape of a weight": (
        [
            helper.make_node("Reshape", ["w", "s"], ["r"]),
            helper.make_node("Unsqueeze", ["r", "u"], ["v"]),
            helper.make_node("Squeeze", ["v", "u"], ["q"]),
            helper.make_node("Conv", ["x", "q"], ["y"]),
        ],
        {"w": WEIGHT.reshape(4, 27), "s": np.array([0, 3, 3, -1]), "u": np.array([1])},
        ["Conv"],
    ),
    "constant minus result is not a shift": (
        [helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node("Sub", ["a", "c"], ["y"])],
        {"w": WEIGHT, "a": channels(4, 1, 1)},
        ["Conv", "Sub"],
    ),
    "scale along the width stays": (
        [helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node("Mul", ["c", "m"], ["y"])],
        {"w": WEIGHT, "m": channels(6)},
        ["Conv", "Mul"],
    ),
    "result that another node reads": (
        [
            helper.make_node("Conv", ["x", "w"], ["c"]),
            helper.make_node("Mul", ["c", "m"], ["d"]),
            helper.make_node("Add", ["c", "d"], ["y"]),
        ],
        {"w": WEIGHT, "m": channels(4, 1, 1)},
        ["Conv", "Mul", "Add"],
    ),
    "weight that two nodes read": (
        [
            helper.make_node("Conv", ["x", "w"], ["c"]),
            helper.make_node("Mul", ["c", "m"], ["d"]),
            helper.make_node("Conv", ["x", "w"], ["e"]),
            helper.make_node("Add", ["d", "e"], ["y"]),
        ],
        {"w": WEIGHT, "m": channels(4, 1, 1)},
        ["Conv", "Mul", "Conv", "Add"],
    ),
}


@pytest.mark.parametrize("name", list(CHAINS))
def test_same_numbers_from_fewer_nodes(name: str) -> None:
    nodes, weights, left = CHAINS[name]
    proto = model(nodes, weights)
    expected = run(proto)
    removed = fold(proto)
    onnx.checker.check_model(proto)
    assert [node.op_type for node in proto.graph.node] == left
    assert removed == len(nodes) - len(left)
    np.testing.assert_allclose(run(proto)[0], expected[0], rtol=1e-4, atol=1e-5)


def test_an_output_of_the_model_keeps_its_node() -> None:
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node("Mul", ["c", "m"], ["y"])]
    proto = model(nodes, {"w": WEIGHT, "m": channels(4, 1, 1)}, outputs=("y", "c"))
    expected = run(proto)
    assert fold(proto) == 0
    for given, wanted in zip(run(proto), expected, strict=True):
        np.testing.assert_array_equal(given, wanted)


def test_unread_weights_are_dropped() -> None:
    proto = model([helper.make_node("Conv", ["x", "w"], ["y"])], {"w": WEIGHT, "old": channels(9)})
    fold(proto)
    assert [tensor.name for tensor in proto.graph.initializer] == ["w"]
