"""Every model of the fetched public packages opens, and what is read agrees with the official libraries."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from workbench.core.graph import Graph
from workbench.formats.identify import identify, read_model

pytestmark = pytest.mark.real
SUFFIXES = {".h5", ".hdf5", ".keras", ".onnx", ".tflite"}
EVERY = 64  # model files in the fetched set, packed ones included

CODE = """
import json, sys, time
from pathlib import Path
from workbench.formats.identify import read_model
found = []
for name in json.load(sys.stdin):
    start = time.perf_counter()
    graph = read_model(Path(name))
    found.append([name, graph.format, graph.node_count(), len(graph.inputs), time.perf_counter() - start])
loaded = sorted({module.partition(".")[0] for module in sys.modules})
print(json.dumps([found, loaded]))
"""


@pytest.fixture(scope="session")
def models(real_models: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """All model files and SavedModel folders; those in zips are unpacked."""
    unpacked = tmp_path_factory.mktemp("unpacked")
    for package in sorted(path for path in real_models.rglob("*.zip") if "site-packages" not in path.parts):
        with zipfile.ZipFile(package) as archive:
            archive.extractall(unpacked / package.parent.name / package.stem)
    found: list[Path] = []
    for root in (real_models, unpacked):
        for path in sorted(root.rglob("*")):
            if path.suffix in SUFFIXES and path.is_file():
                found.append(path)
            elif path.name == "saved_model.pb":
                found.append(path.parent)
    return found


@pytest.fixture(scope="session")
def graphs(models: list[Path]) -> dict[Path, Graph]:
    return {path: read_model(path) for path in models}


def test_all_open_fast_and_tensorflow_is_never_imported(models: list[Path]) -> None:
    names = json.dumps([str(path) for path in models])
    run = subprocess.run([sys.executable, "-c", CODE], input=names, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    found, loaded = json.loads(run.stdout.splitlines()[-1])
    assert len(found) == len(models) >= EVERY
    assert not {"tensorflow", "keras", "tf_keras", "onnxruntime", "PySide6"} & set(loaded)
    assert {item[1] for item in found} == {"keras-h5", "keras-zip", "saved-model", "onnx", "tflite"}
    assert sorted(item[4] for item in found)[len(found) // 2] < 0.5


def test_every_input_of_every_node_comes_from_somewhere(graphs: dict[Path, Graph]) -> None:
    for path, graph in graphs.items():
        if graph.metadata.get("content") == "weights":
            continue
        assert graph.inputs and graph.outputs, path
        made = {name for node in graph.nodes for name in node.outputs}
        made |= set(graph.tensors) | {port.name for port in graph.inputs}
        lost = {name for node in graph.nodes for name in node.inputs if name and name not in made}
        if graph.format == "saved-model":  # tables and captured resources are values without a producer
            lost = {name for name in lost if graph.values[name].dtype not in ("resource", "")}
        if graph.format == "tflite":  # variables of a TFLite model are values without a producer
            lost = {name for name in lost if name not in graph.values}
        assert not lost, (path, lost)
        assert all(port.name in made for port in graph.outputs), path


def test_names_are_unique(graphs: dict[Path, Graph]) -> None:
    for path, graph in graphs.items():
        for each in (graph, *graph.functions.values()):
            names = [node.name for node in each.nodes]
            assert len(names) == len(set(names)), path


def test_every_tensor_can_be_read_and_has_its_declared_shape(graphs: dict[Path, Graph]) -> None:
    for path, graph in graphs.items():
        reader = identify(path)
        for each in (graph, *graph.functions.values()):
            for tensor in list(each.tensors.values())[:40]:
                values = reader.read_tensor(path, tensor)
                assert list(values.shape) == tensor.shape, (path, tensor.name)


def count_nodes(graph: onnx.GraphProto) -> int:
    inner = [g for node in graph.node for a in node.attribute for g in ([a.g] if a.HasField("g") else a.graphs)]
    return len(graph.node) + sum(count_nodes(each) for each in inner)


def test_onnx_agrees_with_the_onnx_library(graphs: dict[Path, Graph]) -> None:
    checked = 0
    for path, graph in graphs.items():
        if graph.format != "onnx":
            continue
        model = onnx.load(path)
        assert graph.node_count() == count_nodes(model.graph) + sum(len(each.node) for each in model.functions)
        initial = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        assert [port.name for port in graph.inputs] == [i.name for i in model.graph.input if i.name not in initial]
        assert [port.name for port in graph.outputs] == [output.name for output in model.graph.output]
        for name, values in list(initial.items())[:5]:
            np.testing.assert_array_equal(identify(path).read_tensor(path, graph.tensors[name]), values)
        checked += 1
    assert checked >= 12


def test_tflite_agrees_with_the_interpreter(graphs: dict[Path, Graph]) -> None:
    checked = 0
    for path, graph in graphs.items():
        if graph.format != "tflite":
            continue
        interpreter = Interpreter(str(path))
        for ports, details in (
            (graph.inputs, interpreter.get_input_details()),
            (graph.outputs, interpreter.get_output_details()),
        ):
            assert [(p.name, p.dtype) for p in ports] == [(d["name"], np.dtype(d["dtype"]).name) for d in details]
            shapes = [[-1 if dim is None else dim for dim in port.shape or []] for port in ports]
            assert shapes == [list(d["shape_signature"]) for d in details]
        interpreter.allocate_tensors()
        for detail in interpreter.get_tensor_details()[:30]:
            tensor = graph.tensors.get(detail["name"])
            if tensor is not None and not tensor.sparse:
                expected = interpreter.get_tensor(detail["index"])
                np.testing.assert_array_equal(identify(path).read_tensor(path, tensor), expected)
        checked += 1
    assert checked >= 35


def test_sparse_weights_agree_with_the_dense_twin(graphs: dict[Path, Graph]) -> None:
    """The interpreter densifies at run time: what DENSIFY puts out must be what we read."""
    path = next(path for path in graphs if path.name == "face_detection_full_range_sparse.tflite")
    graph = graphs[path]
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES  # a delegate would fold the weights away
    interpreter = Interpreter(str(path), experimental_preserve_all_tensors=True, experimental_op_resolver_type=plain)
    interpreter.allocate_tensors()
    given = interpreter.get_input_details()[0]
    interpreter.set_tensor(given["index"], np.zeros(given["shape"], given["dtype"]))
    interpreter.invoke()
    index = {detail["name"]: detail["index"] for detail in interpreter.get_tensor_details()}
    checked = 0
    for node in graph.nodes:
        if node.op == "DENSIFY" and graph.tensors[node.inputs[0]].sparse:
            ours = identify(path).read_tensor(path, graph.tensors[node.inputs[0]])
            widened = next(item for item in graph.nodes if item.op == "DEQUANTIZE" and item.inputs == node.outputs)
            np.testing.assert_array_equal(ours.astype("f"), interpreter.get_tensor(index[widened.outputs[0]]))
            checked += 1
    assert checked > 0


def test_keras_shapes_and_counts_agree_with_the_summaries_beside_the_files(graphs: dict[Path, Graph]) -> None:
    """The package ships what Keras itself printed when it saved the models."""
    row = re.compile(r"^\s?(\S+) \(\S+\s+\[?\((.+?)\)\]?[,\s]+(\d+)(?:\s|$)", re.MULTILINE)
    checked = rows = 0
    for path, graph in graphs.items():
        summary = path.with_name(path.name + ".summary.txt")
        if graph.format != "keras-h5" or not summary.exists() or path.name.startswith("fingerprint"):
            continue  # the fingerprint summary is of the model that trains it, not of the saved one
        text = summary.read_text()
        assert int(re.findall(r"Total params: ([\d,]+)", text)[0].replace(",", "")) == graph.parameter_count()
        nodes = {node.name: node for node in graph.nodes}
        for name, shape, parameters in row.findall(text):
            if name not in nodes:
                continue
            assert nodes[name].parameters == int(parameters)
            known = graph.values[name].shape
            if known is not None:
                expected = [None if d == "None" else int(d) for d in re.findall(r"None|\d+", shape)]
                if "not part of Keras" in " ".join(graph.notes):  # behind foreign layers sizes may be unknown
                    expected = [e if k is not None else None for e, k in zip(expected, known, strict=True)]
                assert known == expected
                rows += 1
        checked += 1
    assert checked >= 15
    assert rows > 300


def test_known_figures(graphs: dict[Path, Graph]) -> None:
    by_name = {path.name: graph for path, graph in graphs.items()}
    assert by_name["emotion_model.hdf5"].producer == "Keras 2.0.5"
    assert by_name["emotion_model.hdf5"].parameter_count() == 58_423
    assert by_name["emotion_model.hdf5"].inputs[0].shape == [None, 64, 64, 1]
    assert by_name["emotion_model.hdf5"].outputs[0].shape == [None, 7]
    assert by_name["mnist_model_tf.onnx"].parameter_count() == 1_198_850
    sleep = [graph for path, graph in graphs.items() if path.name in ("classifier", "classifier.keras")]
    assert sorted(graph.parameter_count() for graph in sleep) == [7_363, 7_363, 7_380, 7_380, 7_380, 7_380]
    assert any("test_model_weights" in path.name and "Weights only" in graph.notes[0] for path, graph in graphs.items())
    assert any("Lambda" in note for path, graph in graphs.items() if "siamese" in path.name for note in graph.notes)
