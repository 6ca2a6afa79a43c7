"""SavedModel: what the signature runs, variables, functions, TensorFlow 1 graphs, damaged folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_files import add_node, add_ops, set_info, set_shape, table, write_bundle

from workbench.backends import saved_model_proto as proto
from workbench.core.errors import WorkbenchError
from workbench.formats.identify import identify, read_model

Write = Callable[..., Path]


def test_the_body_of_the_signature_is_shown_and_not_its_wrapper(saved_model: Write) -> None:
    graph = read_model(saved_model())
    assert (graph.format, graph.name, graph.producer) == ("saved-model", "saved", "TensorFlow 2.21.0")
    assert [(port.name, port.shape, port.alias) for port in graph.inputs] == [("x", [None, 4], "serving_default_x:0")]
    assert [(port.name, port.shape) for port in graph.outputs] == [("y", [None, 3])]
    assert [node.op for node in graph.nodes] == ["ReadVariableOp", "MatMul", "If", "Const", "Identity"]
    assert graph.metadata["function"] == "body"
    assert "signature serving_default" in graph.notes[0]
    read, product, choice, _shape, last = graph.nodes
    assert read.inputs == ["kernel"]
    assert product.inputs == ["x", "layer/Read:value:0"]
    assert choice.inputs == ["layer/MatMul:product:0"]
    assert {item.name: item.value for item in choice.attributes}["control_inputs"] == ["layer/Read"]
    assert last.outputs == ["y"]
    assert graph.values["layer/MatMul:product:0"].shape == [None, 3]


def test_only_functions_that_run_are_kept(saved_model: Write) -> None:
    graph = read_model(saved_model())
    assert list(graph.functions) == ["branch"]
    assert graph.nodes[2].subgraphs == ["branch"]
    assert graph.functions["branch"].nodes[0].inputs == ["given"]
    assert [signature.name for signature in graph.signatures] == ["serving_default"]


def test_variables_come_from_the_checkpoint(saved_model: Write) -> None:
    kernel = np.random.default_rng(0).normal(size=(4, 3)).astype("f")
    path = saved_model(kernel=kernel)
    graph, reader = read_model(path), identify(path)
    tensor = graph.tensors["kernel"]
    assert (tensor.dtype, tensor.shape, tensor.nbytes) == ("float32", [4, 3], 48)
    np.testing.assert_array_equal(reader.read_tensor(path, tensor), kernel)
    np.testing.assert_array_equal(reader.read_tensor(path, tensor, (slice(1, 3),)), kernel[1:3])
    assert reader.read_tensor(path, graph.tensors["shape:output:0"]).tolist() == [1, 2]
    assert graph.parameter_count() == 12, "neither the optimizer's slot nor the shape constant"
    assert "0.2 MB of the variables are not used" in graph.notes[1]


def test_labels_among_the_assets(saved_model: Write) -> None:
    path = saved_model()
    file = path / "saved_model.pb"
    message = proto.SavedModel.FromString(file.read_bytes())
    for name in ("labels.txt", "../labels2.txt", "vocabulary.txt"):
        message.meta_graphs[0].asset_file_def.add(filename=name)
    file.write_bytes(message.SerializeToString())
    (path / "assets").mkdir()
    (path / "assets" / "labels.txt").write_text("cat\ndog\n")
    graph = read_model(path)
    assert graph.metadata["labels"] == "cat\ndog"
    assert "vocabulary.txt" in graph.metadata["assets"]


def test_python_ops_are_noted(saved_model: Write) -> None:
    assert any("Calls Python code" in note and "PyFunc" in note for note in read_model(saved_model(python=True)).notes)


def test_missing_variables_are_said(saved_model: Write) -> None:
    path = saved_model()
    (path / "variables" / "variables.index").unlink()
    graph = read_model(path)
    assert any("variables are missing" in note for note in graph.notes)
    assert [node.op for node in graph.nodes][:2] == ["ReadVariableOp", "MatMul"]


def test_missing_and_truncated_shards_are_named(saved_model: Write) -> None:
    path = saved_model()
    tensor = read_model(path).tensors["kernel"]
    shard = path / "variables" / "variables.data-00000-of-00001"
    shard.write_bytes(shard.read_bytes()[:20])
    with pytest.raises(WorkbenchError, match="truncated"):
        identify(path).read_tensor(path, tensor)
    shard.unlink()
    with pytest.raises(WorkbenchError, match=r"variables\.data-00000-of-00001"):
        identify(path).read_tensor(path, tensor)


def test_damaged_index_and_compressed_index_are_named(saved_model: Write) -> None:
    path = saved_model()
    index = path / "variables" / "variables.index"
    content = index.read_bytes()
    index.write_bytes(content[:-3])
    with pytest.raises(WorkbenchError, match="damaged: it has no end mark"):
        read_model(path)
    index.write_bytes(table({b"a": b"b"}, compression=1))
    with pytest.raises(WorkbenchError, match="compressed with Snappy"):
        read_model(path)


def test_truncated_graph_is_named(saved_model: Write) -> None:
    path = saved_model()
    file = path / "saved_model.pb"
    file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(WorkbenchError, match="truncated or damaged SavedModel"):
        read_model(path)


def test_empty_graph_is_named(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(proto.SavedModel(saved_model_schema_version=1).SerializeToString())
    with pytest.raises(WorkbenchError, match="holds no graph"):
        read_model(tmp_path)


@pytest.fixture
def first_generation(tmp_path: Path) -> Path:
    """A TensorFlow 1 SavedModel: one graph, variables by name, a saver that the signature does not need."""
    message = proto.SavedModel(saved_model_schema_version=1)
    meta = message.meta_graphs.add()
    meta.meta_info_def.tags.append("serve")
    meta.meta_info_def.tensorflow_version = "1.15.0"
    add_ops(meta)
    op = meta.meta_info_def.stripped_op_list.op.add(name="VariableV2")
    op.output_arg.add(name="ref", type_attr="dtype")
    nodes = meta.graph_def.node
    add_node(nodes, "Placeholder", "image", dtype=1)
    add_node(nodes, "VariableV2", "dense/kernel", dtype=1)
    add_node(nodes, "Identity", "dense/kernel/read", ["dense/kernel"], T=1)
    add_node(nodes, "MatMul", "dense/MatMul", ["image", "dense/kernel/read"], T=1, _output_shapes=[[-1, 3]])
    add_node(nodes, "Relu", "probabilities", ["dense/MatMul"], T=1, _output_shapes=[[-1, 3]])
    add_node(nodes, "Identity", "save/restore_all", ["dense/kernel"], T=1)
    signature = meta.signature_def["predict_images"]
    set_info(signature.inputs["images"], "image:0", [-1, 4])
    set_info(signature.outputs["scores"], "probabilities:0", [-1, 3])
    (tmp_path / "saved_model.pb").write_bytes(message.SerializeToString())
    write_bundle(
        tmp_path / "variables" / "variables", {"dense/kernel": np.ones((4, 3), np.float32), "step": np.array(7)}
    )
    return tmp_path


def test_tensorflow_1_graph_is_cut_to_its_signature(first_generation: Path) -> None:
    graph = read_model(first_generation)
    assert [node.name for node in graph.nodes] == ["dense/kernel/read", "dense/MatMul", "probabilities"]
    assert graph.nodes[0].inputs == ["dense/kernel"]
    assert graph.nodes[1].inputs == ["images", "dense/kernel/read:0"]
    assert graph.nodes[2].outputs == ["scores"]
    assert [(port.name, port.alias) for port in graph.inputs] == [("images", "image:0")]
    assert graph.parameter_count() == 12
    assert graph.metadata["signature"] == "predict_images"
    tensor = graph.tensors["dense/kernel"]
    assert identify(first_generation).read_tensor(first_generation, tensor).sum() == 12


def test_variables_in_parts_are_said(first_generation: Path) -> None:
    write_bundle(first_generation / "variables" / "variables", {"other": np.ones(3, np.float32)})
    graph = read_model(first_generation)
    assert "1 variable is stored in parts (dense/kernel)" in graph.notes[0]
    assert graph.parameter_count() == 0


def test_variables_of_one_name_and_ports_are_kept_apart(tmp_path: Path) -> None:
    """Modules may call every variable "Variable", and an input may be called like a variable."""
    message = proto.SavedModel()
    meta = message.meta_graphs.add()
    meta.meta_info_def.tags.append("serve")
    add_ops(meta)
    function = meta.graph_def.library.function.add()
    function.signature.name = "run"
    for name, kind in (("given", 1), ("one", 20), ("two", 20), ("three", 20)):
        function.signature.input_arg.add(name=name, type=kind)
    function.signature.output_arg.add(name="result", type=1)
    for name in ("one", "two", "three"):
        add_node(function.node_def, "ReadVariableOp", f"read_{name}", [name], dtype=1)
    add_node(function.node_def, "Identity", "Identity", ["read_two:value:0"], T=1)
    function.ret["result"] = "Identity:output:0"
    nodes = meta.graph_def.node
    add_node(nodes, "Placeholder", "feed", dtype=1)
    captured = ["v1", "v2", "v3"]
    for name in captured:
        add_node(nodes, "VarHandleOp", name, shared_name=name)
    call = add_node(nodes, "StatefulPartitionedCall", "call", ["feed", *captured], f="@run")
    call.attr["Tout"].list.type.append(1)
    signature = meta.signature_def["serving_default"]
    set_info(signature.inputs["x"], "feed:0", [2])
    set_info(signature.outputs["y"], "call:0", [2])
    objects, tracked = meta.object_graph_def, proto.TrackableObjectGraph()
    saved_root, tracked_root = objects.nodes.add(), tracked.nodes.add()
    arrays = {}
    for number, name in enumerate(("Variable", "Variable", "x"), 1):
        saved_root.children.add(node_id=number, local_name=f"child{number}")
        tracked_root.children.add(node_id=number, local_name=f"child{number}")
        variable = objects.nodes.add().variable
        variable.name, variable.dtype = name, 1
        tracked.nodes.add().attributes.add(name="VARIABLE_VALUE", full_name=name, checkpoint_key=f"child{number}")
        objects.concrete_functions["run"].bound_inputs.append(number)
        arrays[f"child{number}"] = np.full(2, number, np.float32)
    (tmp_path / "saved_model.pb").write_bytes(message.SerializeToString())
    texts = {"_CHECKPOINTABLE_OBJECT_GRAPH": tracked.SerializeToString()}
    write_bundle(tmp_path / "variables" / "variables", arrays, texts)
    graph, reader = read_model(tmp_path), identify(tmp_path)
    read = [reader.read_tensor(tmp_path, graph.tensors[node.inputs[0]]).tolist() for node in graph.nodes[:3]]
    assert read == [[1, 1], [2, 2], [3, 3]]
    assert graph.parameter_count() == 6


def test_constants_are_decoded_in_all_their_forms(tmp_path: Path) -> None:
    message = proto.SavedModel()
    meta = message.meta_graphs.add()
    add_ops(meta)
    forms = {
        "filled": (1, [2, 3], "float_val", [0.5]),
        "listed": (3, [3], "int_val", [1, 2, 3]),
        "tail": (3, [4], "int_val", [1, 9]),
        "text": (7, [2], "string_val", [b"a", b"b"]),
        "half": (19, [1], "half_val", [0x3C00]),
        "truth": (10, [], "bool_val", [True]),
    }
    for name, (kind, shape, field, values) in forms.items():
        node = add_node(meta.graph_def.node, "Const", name, dtype=kind)
        tensor = node.attr["value"].tensor
        tensor.dtype = kind
        set_shape(tensor.tensor_shape, shape)
        getattr(tensor, field).extend(values)
    (tmp_path / "saved_model.pb").write_bytes(message.SerializeToString())
    graph, reader = read_model(tmp_path), identify(tmp_path)
    found = {name: reader.read_tensor(tmp_path, graph.tensors[f"{name}:0"]).tolist() for name in forms}
    assert found == {
        "filled": [[0.5] * 3] * 2,
        "listed": [1, 2, 3],
        "tail": [1, 9, 9, 9],
        "text": ["a", "b"],
        "half": [1.0],
        "truth": True,
    }
    assert graph.parameter_count() == 1, "one number that fills a shape was not learned; the half-precision one counts"


def test_constant_that_declares_too_much_is_refused(tmp_path: Path) -> None:
    message = proto.SavedModel()
    node = add_node(message.meta_graphs.add().graph_def.node, "Const", "bomb", dtype=1)
    node.attr["value"].tensor.dtype = 1
    set_shape(node.attr["value"].tensor.tensor_shape, [2**20, 2**20])
    node.attr["value"].tensor.float_val.append(0.0)
    (tmp_path / "saved_model.pb").write_bytes(message.SerializeToString())
    graph = read_model(tmp_path)
    with pytest.raises(WorkbenchError, match="elements are too many"):
        identify(tmp_path).read_tensor(tmp_path, graph.tensors["bomb:0"])
