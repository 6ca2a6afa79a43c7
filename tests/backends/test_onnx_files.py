"""ONNX files are written weight by weight, and read back as what they were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from workbench.backends.onnx_files import LARGEST, export_onnx, is_oversized, is_valid, load_onnx, save_onnx
from workbench.backends.onnx_weights import sort_nodes
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
    export_onnx(proto, tmp_path / "net.onnx", opset=18)
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
        export_onnx(model(op="Erfc"), tmp_path / "net.onnx", opset=18)
    assert not (tmp_path / "net.onnx").exists()


def test_a_copy_of_what_the_checker_refuses_is_written_when_it_was_refused_before(tmp_path: Path) -> None:
    proto = model(op="Erfc")
    assert not is_valid(proto)
    with pytest.raises(WorkbenchError, match="not valid ONNX"):
        save_onnx(proto, tmp_path / "net.onnx", checked=True)
    save_onnx(proto, tmp_path / "net.onnx", checked=False)
    assert load_onnx(tmp_path / "net.onnx").graph.node[1].op_type == "Erfc"


def test_weights_beyond_one_file_are_counted_wherever_they_are(tmp_path: Path) -> None:
    proto = model()
    assert not is_oversized(proto)
    boastful = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[LARGEST // 4 + 1])
    proto.graph.node.append(helper.make_node("Constant", [], ["w"], value=boastful))
    assert is_oversized(proto)
    with pytest.raises(WorkbenchError, match="2 GB"):
        save_onnx(proto, tmp_path / "net.onnx", checked=True)


def test_a_model_is_loaded_whatever_its_file_is_called(tmp_path: Path) -> None:
    (tmp_path / "net.json").write_bytes(model().SerializeToString())
    assert load_onnx(tmp_path / "net.json").graph.doc_string == "kept"
    (tmp_path / "cut.onnx").write_bytes(model().SerializeToString()[:-9])
    with pytest.raises(WorkbenchError, match="truncated or damaged"):
        load_onnx(tmp_path / "cut.onnx")
    with pytest.raises(WorkbenchError, match="Cannot read"):
        load_onnx(tmp_path / "none.onnx")


def test_nodes_are_put_into_the_order_of_data_flow() -> None:
    graph = model().graph
    nodes = [*reversed(graph.node), helper.make_node("Relu", ["z"], ["z"])]
    del graph.node[:]
    graph.node.extend(nodes)
    sort_nodes(graph)
    assert [node.output[0] for node in graph.node] == ["h", "y", "z"]
