"""The ONNX exporter: from each format, and from ONNX to another opset."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from workbench.core.errors import WorkbenchError
from workbench.core.graph import Graph, Node, Port
from workbench.core.params import parse
from workbench.exporters.onnx import OnnxExport, OnnxParams
from workbench.runtimes.onnxruntime import OnnxRuntime


@pytest.mark.parametrize("kind", ["keras-h5", "keras-zip", "saved-model"])
def test_each_format_becomes_onnx(kind: str, model_file, tmp_path: Path, ear, worst_error) -> None:
    source = model_file("upscaler", kind)
    OnnxExport().run(source, tmp_path / "net.onnx", OnnxParams(opset=17), report=ear)
    session = OnnxRuntime().open(tmp_path / "net.onnx")
    assert [port.name for port in session.inputs] == ["picture"]
    assert worst_error(source, session) <= 5e-6
    fractions = [fraction for fraction, _text in ear.steps]
    assert fractions == sorted(fractions)


def relu(path: Path, opset: int) -> Path:
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["h"]), helper.make_node("Softmax", ["h"], ["y"], axis=1)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)
    return path


@pytest.mark.parametrize(("old", "new"), [(9, 18), (18, 16), (17, 21)])
def test_opset_of_an_onnx_model_changes(old: int, new: int, tmp_path: Path, ear) -> None:
    source = relu(tmp_path / "old.onnx", old)
    outcome = OnnxExport().run(source, tmp_path / "new.onnx", OnnxParams(opset=new, batch=2), report=ear)
    assert outcome.notes == [f"Opset {old} became {new}."]
    rows = np.array([[1, -1, 2, 0], [0, 0, 1, 1]], np.float32)
    before, after = OnnxRuntime().open(source), OnnxRuntime().open(tmp_path / "new.onnx")
    assert [port.shape for port in (*after.inputs, *after.outputs)] == [[2, 4], [2, 4]]
    np.testing.assert_allclose(after.run({"x": rows})["y"], before.run({"x": rows})["y"], rtol=1e-6)


def test_opset_without_such_an_operation_is_refused(tmp_path: Path, ear) -> None:
    graph = helper.make_graph(
        [helper.make_node("LayerNormalization", ["x", "x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "a.onnx")
    with pytest.raises(WorkbenchError, match=r"from opset 17 to 11.*LayerNormalization") as caught:
        OnnxExport().run(tmp_path / "a.onnx", tmp_path / "b.onnx", OnnxParams(opset=11), report=ear)
    assert "opset nearer to 17" in caught.value.hint
    assert not (tmp_path / "b.onnx").exists()


def test_opset_out_of_range_is_refused() -> None:
    with pytest.raises(WorkbenchError, match="cannot be 7"):
        parse(OnnxParams, {"opset": "7"})


@pytest.mark.parametrize(
    ("kind", "op", "said"),
    [
        ("keras-h5", "Lambda", "odd is a Lambda"),
        ("keras-zip", "MelSpectrogram", r"no operation for MelSpectrogram \(odd\)"),
        ("saved-model", "DecodeJpeg", r"no operation for DecodeJpeg \(odd\)"),
        ("keras-zip", "Dense", None),
        ("onnx", "Lambda", None),
    ],
)
def test_obstacles_are_named_before_anything_is_loaded(kind: str, op: str, said: str | None) -> None:
    inner = Graph("body", nodes=[Node("odd", op)])
    graph = Graph("g", nodes=[Node("call", "Call", subgraphs=["body"])], functions={"body": inner}, format=kind)
    graph.inputs = [Port("x", "float32", [None, 2])]
    reason = OnnxExport().requires(graph)
    assert reason is None if said is None else re.search(said, str(reason))


def test_a_keras_file_that_is_called_onnx_is_converted_all_the_same(model_file, tmp_path: Path, ear) -> None:
    source = tmp_path / "net.onnx"
    source.write_bytes(Path(model_file("upscaler", "keras-zip")).read_bytes())
    OnnxExport().run(source, tmp_path / "out.onnx", OnnxParams(opset=17), report=ear)
    assert [port.name for port in OnnxRuntime().open(tmp_path / "out.onnx").inputs] == ["picture"]
