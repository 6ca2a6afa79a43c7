"""ONNX files are written weight by weight, and read back as what they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from workbench.backends.onnx_files import save_onnx
from workbench.core.errors import WorkbenchError


def model(*, op: str = "MatMul", columns: int = 40_000):
    weights = {"small": np.ones((3, 3), np.float32), "large": np.arange(3 * columns, dtype=np.float32).reshape(3, -1)}
    nodes = [helper.make_node("MatMul", ["x", "small"], ["h"]), helper.make_node(op, ["h", "large"], ["y"])]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", columns])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
        doc_string="kept",
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(proto, {"author": "tests"})
    return proto


@pytest.mark.parametrize("columns", [3, 40_000, 6_000_000])
def test_what_is_written_is_the_model(columns: int, tmp_path: Path) -> None:
    proto = model(columns=columns)
    save_onnx(proto, tmp_path / "net.onnx", opset=18)
    read = onnx.load(tmp_path / "net.onnx")
    assert (read.producer_name, read.graph.doc_string, read.metadata_props[0].value) == (
        "model-workbench",
        "kept",
        "tests",
    )
    for wanted, given in zip(proto.graph.initializer, read.graph.initializer, strict=True):
        assert wanted == given
    assert len((tmp_path / "net.onnx").read_bytes()) == read.ByteSize()
    onnx.checker.check_model(read)


def test_operation_that_onnx_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match=r"not valid ONNX.*Erfc"):
        save_onnx(model(op="Erfc"), tmp_path / "net.onnx", opset=18)
    assert not (tmp_path / "net.onnx").exists()
