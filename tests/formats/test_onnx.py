"""ONNX: constants as weights, branches, functions, quantization, external data, labels."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tiny_files import onnx_model

from workbench.core.errors import WorkbenchError
from workbench.formats.identify import identify, read_model

Write = Callable[..., Path]
WEIGHTS = np.arange(12, dtype="f").reshape(4, 3)


def value(name: str, shape: list[int | str] | None = None, kind: int = 1) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def test_graph_ports_shapes_and_metadata(save: Write) -> None:
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["z"], name="layer/MatMul"),
        helper.make_node("Relu", ["z"], ["y"], name="layer/MatMul"),
        helper.make_node("Identity", ["y"], ["unused"]),
    ]
    model = onnx_model(nodes, {"w": WEIGHTS}, producer_name="maker", producer_version="1.2")
    helper.set_model_props(model, {"names": "{0: 'cat', 1: 'dog', 2: 'eel'}", "author": "me"})
    graph = read_model(save(model, "m.onnx"))
    assert (graph.format, graph.producer, graph.name) == ("onnx", "maker 1.2", "small")
    assert [(port.name, port.dtype, port.shape) for port in graph.inputs] == [("x", "float32", ["n", 4])]
    assert [(port.name, port.shape) for port in graph.outputs] == [("y", ["n", 3])]
    assert [node.name for node in graph.nodes] == ["layer/MatMul", "layer/MatMul_1", "Identity_2"]
    assert graph.values["z"].shape == ["n", 3], "the shape that the file leaves out is inferred"
    assert graph.nodes[0].parameters == graph.parameter_count() == 12
    assert graph.metadata["opset ai.onnx"] == "18"
    assert graph.metadata["author"] == "me"
    assert graph.metadata["labels"] == "cat\ndog\neel"
    assert graph.weights_bytes == 48


def test_constants_are_weights_wherever_they_are_kept(save: Write) -> None:
    branch = helper.make_graph(
        [
            helper.make_node("Constant", [], ["inner"], value=numpy_helper.from_array(WEIGHTS * 2)),
            helper.make_node("MatMul", ["x", "inner"], ["out"]),
        ],
        "then",
        [],
        [value("out", ["n", 3])],
    )
    other = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["out2"])], "else", [], [value("out2", ["n", 3])])
    nodes = [
        helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(WEIGHTS)),
        helper.make_node("Constant", [], ["flag"], value=numpy_helper.from_array(np.array(True))),
        helper.make_node("Constant", [], ["axes"], value_ints=[1, 2]),
        helper.make_node("Constant", [], ["half"], value_float=0.5),
        helper.make_node("If", ["flag"], ["y"], name="choose", then_branch=branch, else_branch=other),
    ]
    path = save(onnx_model(nodes, {}), "m.onnx")
    graph, reader = read_model(path), identify(path)
    assert graph.parameter_count() == 24
    assert list(graph.functions) == ["choose/else_branch", "choose/then_branch"]  # in the order of the file
    choose = graph.nodes[-1]
    assert choose.subgraphs == ["choose/else_branch", "choose/then_branch"]
    assert choose.inputs == ["flag"]
    assert sorted(choose.captures) == ["w", "x"]
    inner = graph.functions["choose/then_branch"]
    np.testing.assert_array_equal(reader.read_tensor(path, inner.tensors["inner"]), WEIGHTS * 2)
    assert inner.values["x"].shape == ["n", 4], "what is captured keeps its shape"
    assert reader.read_tensor(path, graph.tensors["axes"]).tolist() == [1, 2]
    assert float(reader.read_tensor(path, graph.tensors["half"])) == 0.5
    assert bool(reader.read_tensor(path, graph.tensors["flag"])) is True


def test_captures_reach_through_nested_branches(save: Write) -> None:
    def branch(name: str, nodes: list[onnx.NodeProto], output: str) -> onnx.GraphProto:
        return helper.make_graph(nodes, name, [], [value(output, ["n", 3])])

    deepest = branch("deepest", [helper.make_node("MatMul", ["x", "w"], ["d"])], "d")
    passing = branch("passing", [], "z")
    inner = helper.make_node("If", ["flag"], ["i"], name="inner", then_branch=deepest, else_branch=passing)
    middle = branch("middle", [inner], "i")
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["z"]),
        helper.make_node("If", ["flag"], ["y"], name="outer", then_branch=middle, else_branch=passing),
    ]
    graph = read_model(save(onnx_model(nodes, {"w": WEIGHTS, "flag": np.array(True)}), "m.onnx"))
    assert sorted(graph.nodes[1].captures) == ["flag", "w", "x", "z"]
    assert set(graph.functions) == {"outer/then_branch", "outer/else_branch", "inner/then_branch", "inner/else_branch"}


def test_functions_of_the_model_and_custom_domains(save: Write) -> None:
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("mine", 1), helper.make_opsetid("com.other", 2)]
    function = helper.make_function("mine", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], opsets)
    nodes = [
        helper.make_node("Twice", ["x"], ["t"], domain="mine"),
        helper.make_node("Strange", ["t"], ["y"], domain="com.other"),
    ]
    model = onnx_model(nodes, {}, functions=[function], opsets=opsets)
    graph = read_model(save(model, "m.onnx"))
    assert graph.nodes[0].subgraphs == ["mine::Twice"]
    assert [node.domain for node in graph.nodes] == ["mine", "com.other"]
    assert graph.functions["mine::Twice"].nodes[0].inputs == ["a", "a"]
    assert graph.metadata["opset mine"] == "1"
    assert "custom operations (com.other.Strange)" in graph.notes[0]


def test_omitted_outputs_are_no_values(save: Write) -> None:
    node = helper.make_node("Dropout", ["x"], ["y", ""])
    graph = read_model(save(onnx_model([node], {}), "m.onnx"))
    assert graph.nodes[0].outputs == ["y", ""]
    assert "" not in graph.values


@pytest.mark.parametrize("kind", ["bfloat16", "int4", "float8_e4m3fn"])
def test_dtypes_that_numpy_does_not_know(save: Write, kind: str) -> None:
    weights = np.array([1, -2, 3], getattr(ml_dtypes, kind))
    path = save(onnx_model([helper.make_node("Identity", ["w"], ["y"])], {"w": weights}), "m.onnx")
    tensor = read_model(path).tensors["w"]
    assert tensor.dtype == kind
    assert identify(path).read_tensor(path, tensor).astype("f").tolist() == [1, -2, 3]


def test_classifier_labels_of_ai_onnx_ml(save: Write) -> None:
    node = helper.make_node(
        "LinearClassifier", ["x"], ["label", "y"], domain="ai.onnx.ml", coefficients=[1.0],
        classlabels_strings=["no", "yes", "maybe"],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    graph = read_model(save(onnx_model([node], {}, opsets=opsets), "m.onnx"))
    assert graph.nodes[0].domain == "ai.onnx.ml"
    assert graph.metadata["labels"] == "no\nyes\nmaybe"


def test_quantization_parameters_belong_to_what_they_quantize(save: Write) -> None:
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "sx", "zx"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "sx", "zx"], ["xd"]),
        helper.make_node("DequantizeLinear", ["wq", "sw", "zw"], ["wd"], axis=1),
        helper.make_node("DequantizeLinear", ["bq", "sb"], ["bd"], axis=0),
        helper.make_node("Gemm", ["xd", "wd", "bd"], ["y"]),
    ]
    constants = {
        "sx": np.array(0.5, "f"),
        "zx": np.array(3, "u1"),
        "wq": np.ones((4, 3), "i1"),
        "sw": np.array([1, 2, 4], "f"),
        "zw": np.zeros(3, "i1"),
        "bq": np.ones(3, "i4"),
        "sb": np.array([1, 2, 4], "f"),
    }
    graph = read_model(save(onnx_model(nodes, constants), "m.onnx"))
    weights = graph.tensors["wq"].quantization
    assert weights is not None
    assert (weights.scales, weights.zero_points, weights.axis) == ([1, 2, 4], [0, 0, 0], 1)
    activation = graph.values["xq"].quantization
    assert activation is not None
    assert (activation.scales, activation.zero_points, activation.axis) == ([0.5], [3], None)
    assert graph.parameter_count() == 15, "weights and bias; no scales, no zero points"


def test_sparse_initializer_is_made_dense(save: Write) -> None:
    model = onnx_model([helper.make_node("MatMul", ["x", "w"], ["y"])], {})
    values = numpy_helper.from_array(np.array([5, 7], "f"), "w")
    indices = numpy_helper.from_array(np.array([1, 11]), "i")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [4, 3]))
    path = save(model, "m.onnx")
    tensor = read_model(path).tensors["w"]
    assert (tensor.sparse, tensor.shape, tensor.nbytes) == (True, [4, 3], 24)
    dense = identify(path).read_tensor(path, tensor)
    assert dense[0, 1] == 5 and dense[3, 2] == 7 and dense.sum() == 12


def external(location: str, **entries: str) -> onnx.ModelProto:
    model = onnx_model([helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": WEIGHTS})
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=text)
    return model


def test_external_data_is_read_beside_the_model_only(save: Write) -> None:
    save(b"\0" * 16 + WEIGHTS.tobytes(), "deep/w.bin")
    path = save(external("deep/w.bin", offset="16", length="48"), "m.onnx")
    graph = read_model(path)
    assert graph.notes == []
    assert graph.bytes == path.stat().st_size + 64
    np.testing.assert_array_equal(identify(path).read_tensor(path, graph.tensors["w"]), WEIGHTS)


@pytest.mark.parametrize("location", ["../w.bin", "/etc/passwd", "a/../../w.bin", "", "C:\\w.bin"])
def test_external_data_elsewhere_is_refused(save: Write, location: str) -> None:
    save(WEIGHTS.tobytes(), "w.bin")
    path = save(external(location), "models/m.onnx")
    graph = read_model(path)
    assert "outside of its folder" in graph.notes[0]
    with pytest.raises(WorkbenchError, match="outside of its folder"):
        identify(path).read_tensor(path, graph.tensors["w"])


@pytest.mark.parametrize("location", ["link.bin", "linked/w.bin"])
def test_external_data_behind_a_link_is_refused(save: Write, tmp_path: Path, location: str) -> None:
    save(WEIGHTS.tobytes(), "w.bin")
    path = save(external(location), "models/m.onnx")
    (tmp_path / "models" / "link.bin").symlink_to(tmp_path / "w.bin")
    (tmp_path / "models" / "linked").symlink_to(tmp_path)
    assert "is a link" in read_model(path).notes[0]
    with pytest.raises(WorkbenchError, match="is a link"):
        identify(path).read_tensor(path, read_model(path).tensors["w"])


def test_missing_and_short_external_data(save: Write) -> None:
    path = save(external("gone.bin"), "m.onnx")
    graph = read_model(path)
    assert "gone.bin with weights of m.onnx is missing" in graph.notes[0]
    with pytest.raises(WorkbenchError, match="is missing"):
        identify(path).read_tensor(path, graph.tensors["w"])
    short = save(external("short.bin"), "s.onnx")
    save(b"\0" * 8, "short.bin")
    with pytest.raises(WorkbenchError, match="cannot be read"):
        identify(short).read_tensor(short, read_model(short).tensors["w"])


def test_declared_shape_is_not_believed_before_the_bytes(save: Write) -> None:
    model = onnx_model([helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": WEIGHTS})
    model.graph.initializer[0].dims[0] = 2**40
    path = save(model, "m.onnx")
    graph = read_model(path)
    assert graph.weights_bytes == 48
    with pytest.raises(WorkbenchError, match="cannot be read"):
        identify(path).read_tensor(path, graph.tensors["w"])
    model.graph.initializer[0].dims[0] = -5
    with pytest.raises(WorkbenchError, match="impossible shape"):
        read_model(save(model, "negative.onnx"))


def test_unknown_and_marked_dimensions_are_none(save: Write) -> None:
    model = onnx_model([helper.make_node("Relu", ["x"], ["y"])], {})
    dims = model.graph.input[0].type.tensor_type.shape.dim
    dims[0].dim_param, dims[1].dim_value = "?", -1
    assert read_model(save(model, "m.onnx")).inputs[0].shape == [None, None]


def test_sequences_and_maps_have_a_descriptive_dtype(save: Write) -> None:
    model = onnx_model([helper.make_node("SequenceConstruct", ["x"], ["s"])], {})
    sequence = helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, None)
    model.graph.output.append(sequence)
    port = read_model(save(model, "m.onnx")).outputs[1]
    assert (port.dtype, port.shape) == ("sequence(float32)", None)


def test_damaged_inside_is_named(save: Write) -> None:
    content = bytearray(onnx_model([helper.make_node("Relu", ["x"], ["y"])], {}).SerializeToString())
    at = content.index(b"Relu") - 1
    content[at] = 0x7F  # a length that reaches beyond its message
    with pytest.raises(WorkbenchError, match="truncated or damaged ONNX"):
        read_model(save(bytes(content), "m.onnx"))


def test_fifty_thousand_nodes_take_less_than_a_second_of_processor_time(save: Write) -> None:
    nodes = [helper.make_node("Add", [f"t{at}", "x"], [f"t{at + 1}"], name=f"/layer.{at}/Add") for at in range(50_000)]
    nodes[0].input[0] = "x"
    path = save(onnx_model(nodes, {}), "m.onnx")
    start = time.process_time()
    graph = read_model(path)
    assert time.process_time() - start < 1
    assert graph.node_count() == 50_000
