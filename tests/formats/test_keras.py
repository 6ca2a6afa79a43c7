"""Keras files of every age: .h5 and .keras, whole models and weights only."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from tiny_files import dense, functional, sequential

from workbench.core.errors import WorkbenchError
from workbench.core.graph import Graph
from workbench.formats.identify import identify, read_model

Write = Callable[..., Path]
TWIN = {"twin/kernel:0": np.ones((8, 4), "f"), "twin/bias:0": np.zeros(4, "f")}


def attribute(graph: Graph, node: str, name: str) -> Any:
    owner = next(item for item in graph.nodes if item.name == node)
    return next(item.value for item in owner.attributes if item.name == name)


@pytest.mark.parametrize("keras", [2, 3])
def test_functional_model_with_a_shared_layer(keras_h5: Write, keras: int) -> None:
    path = keras_h5(functional(keras=keras), {"twin": TWIN}, version={2: "2.4.0", 3: "3.15.1"}[keras])
    graph = read_model(path)
    assert graph.format == "keras-h5"
    assert graph.producer == {2: "Keras 2.4.0", 3: "Keras 3.15.1"}[keras]
    assert [(port.name, port.dtype, port.shape) for port in graph.inputs] == [
        ("left", "float32", [None, 8]),
        ("right", "float32", [None, 8]),
    ]
    assert [(port.name, port.shape) for port in graph.outputs] == [("sum", [None, 4])]
    assert [(node.name, node.op) for node in graph.nodes] == [("twin", "Dense"), ("twin#2", "Dense"), ("sum", "Add")]
    assert graph.nodes[0].inputs == ["left", "twin/kernel", "twin/bias"]
    assert graph.nodes[1].inputs == ["right"]
    assert graph.nodes[2].inputs == ["twin", "twin#2"]
    assert attribute(graph, "twin#2", "shared_weights_with") == "twin"
    assert graph.parameter_count() == 36
    assert [node.parameters for node in graph.nodes] == [36, 0, 0]
    assert graph.notes == []


def test_tensor_is_read_whole_and_in_part(keras_h5: Write) -> None:
    kernel = np.arange(32, dtype="f").reshape(8, 4)
    path = keras_h5(functional(), {"twin": {**TWIN, "twin/kernel:0": kernel}}, options={"compression": "gzip"})
    graph, reader = read_model(path), identify(path)
    tensor = graph.tensors["twin/kernel"]
    assert (tensor.dtype, tensor.shape, tensor.source) == ("float32", [8, 4], "/model_weights/twin/twin/kernel:0")
    np.testing.assert_array_equal(reader.read_tensor(path, tensor), kernel)
    np.testing.assert_array_equal(reader.read_tensor(path, tensor, (slice(2, 4), slice(1, 2))), kernel[2:4, 1:2])


def test_sequential_of_keras_1_is_a_bare_list(keras_h5: Write) -> None:
    conv = {
        "class_name": "Convolution2D",
        "config": {
            "name": "c", "batch_input_shape": [None, 12, 12, 1], "nb_filter": 6, "nb_row": 3, "nb_col": 5,
            "subsample": [1, 1], "border_mode": "valid", "dim_ordering": "tf", "input_dtype": "float32",
        },
    }  # fmt: skip
    layers = [
        conv,
        {"class_name": "Flatten", "config": {"name": "f"}},
        {"class_name": "Dense", "config": {"name": "d", "output_dim": 3}},
    ]
    config = {"class_name": "Sequential", "config": layers}
    graph = read_model(keras_h5(config, {"c": {"c_W": np.ones((3, 5, 1, 6), "f")}}, version="1.2.0"))
    assert [(port.name, port.shape) for port in graph.inputs] == [("c_input", [None, 12, 12, 1])]
    assert [graph.values[node.name].shape for node in graph.nodes] == [[None, 10, 8, 6], [None, 480], [None, 3]]
    assert graph.outputs[0].shape == [None, 3]


def test_sequential_takes_its_input_from_an_input_layer_or_from_its_build(keras_h5: Write) -> None:
    layer = {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [2, 8], "dtype": "float32"}}
    first = read_model(keras_h5(sequential(layer, dense("d", 3)), {}))
    assert (first.inputs[0].name, first.inputs[0].shape, first.outputs[0].shape) == ("x", [2, 8], [2, 3])
    built = read_model(keras_h5(sequential(dense("d", 3), build_input_shape=[None, 5]), {}, name="built.h5"))
    assert (built.inputs[0].name, built.inputs[0].shape) == ("d_input", [None, 5])
    unbuilt = read_model(keras_h5(sequential(dense("d", 3)), {}, name="unbuilt.h5"))
    assert (unbuilt.inputs[0].shape, unbuilt.outputs[0].shape) == (None, None)


def nested() -> dict[str, Any]:
    inner = {**sequential(dense("a", 5, batch_input_shape=[None, 8]), dense("b", 3)), "name": "inner"}
    inner["config"]["name"] = "inner"
    inputs = {"class_name": "InputLayer", "name": "x", "inbound_nodes": []}
    inputs["config"] = {"name": "x", "batch_input_shape": [None, 8], "dtype": "float32"}
    inner["inbound_nodes"] = [[["x", 0, 0, {}]], [["x", 0, 0, {}]]]
    join = {"class_name": "Concatenate", "name": "join", "config": {"name": "join", "axis": -1}}
    join["inbound_nodes"] = [[["inner", 1, 0, {}], ["inner", 2, 0, {}]]]  # a nested model's calls count from 1
    config = {
        "name": "outer",
        "layers": [inputs, inner, join],
        "input_layers": [["x", 0, 0]],
        "output_layers": [["join", 0, 0]],
    }
    return {"class_name": "Functional", "config": config}


def test_nested_model_is_a_function_shared_by_its_calls(keras_h5: Write) -> None:
    weights = {"inner": {"a/kernel:0": np.ones((8, 5), "f"), "b/kernel:0": np.ones((5, 3), "f")}}
    graph = read_model(keras_h5(nested(), weights))
    assert list(graph.functions) == ["inner"]
    assert [node.op for node in graph.functions["inner"].nodes] == ["Dense", "Dense"]
    assert [node.subgraphs for node in graph.nodes] == [["inner"], ["inner"], []]
    assert graph.nodes[2].inputs == ["inner", "inner#2"]
    assert graph.outputs[0].shape == [None, 6]
    assert graph.nodes[0].parameters == graph.parameter_count() == 55
    assert set(graph.functions["inner"].tensors) == {"inner/a/kernel", "inner/b/kernel"}


def test_state_passed_as_keyword_is_an_input(keras_h5: Write) -> None:
    layers = [
        {"class_name": "InputLayer", "name": n, "inbound_nodes": [],
         "config": {"name": n, "batch_input_shape": [None, 7, 4], "dtype": "float32"}} for n in ("x", "z")
    ]  # fmt: skip
    recurrent = {"units": 6, "return_sequences": False, "return_state": True, "dtype": "float32"}
    layers.append(
        {"class_name": "LSTM", "name": "enc", "config": {"name": "enc", **recurrent},
         "inbound_nodes": [[["x", 0, 0, {}]]]}
    )  # fmt: skip
    states = {"initial_state": [["enc", 0, 1], ["enc", 0, 2]], "training": False}
    layers.append(
        {"class_name": "LSTM", "name": "dec", "config": {"name": "dec", **recurrent},
         "inbound_nodes": [[["z", 0, 0, states]]]}
    )  # fmt: skip
    config = {"name": "m", "layers": layers, "input_layers": [["x", 0, 0], ["z", 0, 0]], "output_layers": ["dec", 0, 0]}
    graph = read_model(keras_h5({"class_name": "Functional", "config": config}, {}))
    assert graph.nodes[1].inputs == ["z", "enc:1", "enc:2"]
    assert graph.nodes[0].outputs == ["enc", "enc:1", "enc:2"]
    assert graph.values["enc:1"].shape == [None, 6]
    assert attribute(graph, "dec", "call.training") is False
    assert graph.outputs[0].name == "dec"


def test_lambda_and_foreign_layers_are_noted_and_shown_and_never_run(keras_h5: Write, tmp_path: Path) -> None:
    harm = tmp_path / "harm"
    code = f"open({str(harm)!r}, 'w')"
    function = {"class_name": "__lambda__", "config": {"code": code}}
    layers = [
        {"class_name": "Lambda", "config": {"name": "twist", "function": [code * 20, None, None], "module": "os"}},
        {"class_name": "Lambda", "module": "keras.layers", "config": {"name": "turn", "function": function}},
        {"class_name": "MyAttention", "config": {"name": "mine"}},
        {"class_name": "Dense", "module": "elsewhere.layers", "config": {"name": "theirs", "units": 2}},
        {"class_name": "pkg>Dense", "config": {"name": "registered"}},
        {"class_name": "TimeDistributed", "config": {"name": "td", "layer": {"class_name": "Odd", "config": {}}}},
    ]
    graph = read_model(keras_h5(sequential(*layers, build_input_shape=[None, 4]), {}))
    assert len(graph.nodes) == 6
    lambdas, custom = graph.notes
    assert "twist, turn" in lambdas and "never run" in lambdas
    for name in ("MyAttention: mine", "Dense: theirs", "pkg>Dense: registered", "Odd: Odd"):
        assert name in custom
    assert attribute(graph, "twist", "function")[0].startswith("text, ")
    assert graph.values["twist"].shape is None
    assert not harm.exists()


def test_operation_of_keras_3_is_not_taken_for_a_foreign_layer(keras_h5: Write) -> None:
    layer = {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [2, 8], "dtype": "float32"}}
    graph = read_model(keras_h5(sequential(layer, {"class_name": "Gelu", "config": {"name": "gelu"}}), {}))
    assert graph.notes == []
    mine = {"class_name": "Gelu", "config": {"name": "gelu", "trainable": True}}
    assert "Gelu" in read_model(keras_h5(sequential(layer, mine), {}, name="mine.h5")).notes[0]


def test_shape_is_known_again_behind_a_foreign_layer(keras_h5: Write) -> None:
    layers = [
        {"class_name": "Foreign", "config": {"name": "foreign"}},
        {"class_name": "Flatten", "config": {"name": "flat"}},
        dense("d", 3),
    ]
    graph = read_model(keras_h5(sequential(*layers, build_input_shape=[None, 4, 4]), {}))
    assert [graph.values[node.name].shape for node in graph.nodes] == [None, [None, None], [None, 3]]


def test_weights_only_file_says_that_the_architecture_is_missing(keras_h5: Write) -> None:
    graph = read_model(keras_h5(None, {"twin": TWIN, "empty": {}}))
    assert "Weights only: no architecture inside" in graph.notes[0]
    assert graph.metadata["content"] == "weights"
    assert [(node.name, node.op, node.parameters) for node in graph.nodes] == [("twin", "Layer", 36)]
    assert graph.inputs == graph.outputs == []
    assert graph.producer == "Keras 2.4.0"


def test_weights_file_of_keras_3_is_weights_only(tmp_path: Path) -> None:
    path = tmp_path / "model.weights.h5"
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = np.ones((2, 3), "f")
        file["layers/dense/vars/1"] = np.ones(3, "f")
        file["optimizer/vars/0"] = np.ones(100, "f")
    graph = read_model(path)
    assert "Weights only" in graph.notes[0]
    assert graph.parameter_count() == 9
    with h5py.File(tmp_path / "own.weights.h5", "w") as file:  # of a model class of one's own
        file.create_group("vars")
        file["block/dense/vars/0"] = np.ones((2, 3), "f")
    own = read_model(tmp_path / "own.weights.h5")
    assert [(node.name, node.parameters) for node in own.nodes] == [("block/dense", 6)]


def test_long_lists_of_names_are_stored_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "pieces.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names0"] = np.array([b"a"])
        file.attrs["layer_names1"] = np.array([b"b"])
        for layer in "ab":
            group = file.create_group(layer)
            group.attrs["weight_names0"] = np.array([f"{layer}/w:0".encode()])
            group[f"{layer}/w:0"] = np.ones(2, "f")
    assert [node.name for node in read_model(path).nodes] == ["a", "b"]


def test_optimizer_state_is_left_out_and_said(keras_h5: Write) -> None:
    path = keras_h5(functional(), {"twin": TWIN})
    with h5py.File(path, "a") as file:
        file["optimizer_weights/slot"] = np.ones(100_000, "f")
    graph = read_model(path)
    assert graph.parameter_count() == 36
    assert "0.4 MB of the file are the optimizer's state" in graph.notes[0]


def test_archive_of_keras_3(keras_zip: Write) -> None:
    weights = {
        "layers/dense/vars/0": np.ones((8, 4), "f"),
        "layers/dense/vars/1": np.ones(4, "f"),
        "layers/dense_1/vars/0": np.full((4, 2), 7, "f"),
        "optimizer/vars/0": np.ones(9, "f"),
    }
    layer = {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": [None, 8], "dtype": "float32"}}
    config = sequential(layer, dense("first", 4), dense("second", 2, use_bias=False))
    path = keras_zip(config, weights)
    graph = read_model(path)
    assert (graph.format, graph.producer) == ("keras-zip", "Keras 3.15.1")
    assert graph.nodes[0].inputs == ["x", "first/kernel", "first/bias"]
    assert graph.nodes[1].inputs == ["first", "second/kernel"]
    assert graph.parameter_count() == 44
    assert graph.metadata["date_saved"] == "2026-01-01"
    np.testing.assert_array_equal(
        identify(path).read_tensor(path, graph.tensors["second/kernel"]), np.full((4, 2), 7, "f")
    )


def test_stored_layer_names_win_over_counting(keras_zip: Write) -> None:
    weights = {"layers/dense/vars/0": np.ones((8, 4), "f"), "layers/dense_1/vars/0": np.ones((4, 2), "f")}
    names = {"layers/dense/vars": "late", "layers/dense_1/vars": "early"}
    graph = read_model(keras_zip(sequential(dense("early", 2), dense("late", 4)), weights, names=names))
    assert [graph.tensors[node.inputs[1]].shape for node in graph.nodes] == [[4, 2], [8, 4]]


def test_compressed_archive_is_read_through_memory(keras_zip: Write) -> None:
    weights = {"layers/dense/vars/0": np.ones((8, 4), "f")}
    path = keras_zip(sequential(dense("d", 4)), weights, compression=zipfile.ZIP_DEFLATED)
    graph = read_model(path)
    assert float(identify(path).read_tensor(path, graph.tensors["d/kernel"]).sum()) == 32


def test_seeds_are_no_parameters_but_all_other_variables_are(keras_zip: Write) -> None:
    weights = {
        "layers/dropout/seed_generator/vars/0": np.ones(2, "u4"),
        "layers/normalization/vars/0": np.ones(3, "f"),
        "layers/normalization/vars/2": np.array(5),
    }
    layers = [{"class_name": name, "config": {"name": name.lower()}} for name in ("Dropout", "Normalization")]
    assert read_model(keras_zip(sequential(*layers), weights)).parameter_count() == 4


def test_bfloat16_weights(keras_zip: Write, tmp_path: Path) -> None:
    path = tmp_path / "b.h5"
    numbers = np.array([1.0, -2.5], "f")
    with h5py.File(path, "w") as file:
        file.create_dataset("layers/dense/vars/0", data=(numbers.view("u4") >> 16).astype("u2").view("V2"))
    graph = read_model(path)
    tensor = next(iter(graph.tensors.values()))
    assert tensor.dtype == "bfloat16"
    np.testing.assert_array_equal(identify(path).read_tensor(path, tensor), numbers)


BROKEN = {
    "no json": ("{", "architecture in broken.h5 is damaged"),
    "no configuration": (json.dumps([1, 2]), "not a Keras configuration"),
    "layers that are none": (
        json.dumps({"class_name": "Functional", "config": {"layers": [{"class_name": 1}], "output_layers": 7}}),
        None,
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_configuration_is_refused_or_shown_but_never_crashes(keras_h5: Write, case: str) -> None:
    text, message = BROKEN[case]
    path = keras_h5(text, {}, name="broken.h5")
    if message is None:
        assert read_model(path).nodes[0].op == "1"
    else:
        with pytest.raises(WorkbenchError, match=message):
            read_model(path)


def test_layers_that_form_a_loop_are_refused(keras_h5: Write) -> None:
    layers = [
        {**dense("a", 2), "inbound_nodes": [[["b", 0, 0, {}]]]},
        {**dense("b", 2), "inbound_nodes": [[["a", 0, 0, {}]]]},
    ]
    config = {"name": "m", "layers": layers, "input_layers": [], "output_layers": [["b", 0, 0]]}
    with pytest.raises(WorkbenchError, match="form a loop"):
        read_model(keras_h5({"class_name": "Functional", "config": config}, {}))


def test_model_that_is_python_code_says_so(keras_h5: Write) -> None:
    graph = read_model(keras_h5({"class_name": "MyModel", "config": {"name": "mine"}}, {"twin": TWIN}))
    assert graph.nodes == []
    assert any("Python code that the file does not hold" in note for note in graph.notes)
    assert any("2 stored weights belong to no layer" in note for note in graph.notes)
