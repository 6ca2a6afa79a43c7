"""ONNX int8: layers become integer, numbers stay close, and nothing is ever left unsaid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.passes.conftest import Told, branching, convolutional, dataset_for, outputs_of, saved, weights
from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.formats.identify import read_model
from workbench.passes.dynamic_int8 import DynamicInt8, DynamicInt8Params
from workbench.passes.float16 import Float16, Float16Params
from workbench.passes.magnitude_pruning import MagnitudePruning, MagnitudePruningParams
from workbench.passes.static_int8 import StaticInt8, StaticInt8Params


def relative(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.max(np.abs(a - b)) / np.max(np.abs(a)))


@pytest.mark.parametrize("as_constants", [False, True])
@pytest.mark.parametrize("ranges", ["minmax", "percentile", "entropy"])
def test_static_int8_quantizes_every_layer(tmp_path: Path, report: Told, ranges: str, as_constants: bool) -> None:  # noqa: FBT001
    source = convolutional(tmp_path / "net.onnx", as_constants=as_constants)
    target = tmp_path / "int8.onnx"
    params = StaticInt8Params(ranges=ranges)  # type: ignore[arg-type]
    outcome = StaticInt8().run(source, target, params, data=dataset_for(source, DataSpec(limit=12)), report=report)
    assert outcome.figures["quantized_layers"] == 3
    assert "3 of 3 layers with weights are int8 now (Conv 2, Gemm 1)." in outcome.notes[0]
    assert "random samples" in " ".join(outcome.notes)
    values = np.asarray(dataset_for(source, DataSpec(limit=12)).feeds(range(12))["x"])
    assert relative(outputs_of(source, values), outputs_of(target, values)) < 0.2
    stored = {tensor.data_type for tensor in onnx.load(str(target)).graph.initializer if len(tensor.dims) > 1}
    assert stored == {TensorProto.INT8}


def test_static_int8_leaves_out_what_is_named(tmp_path: Path, report: Told) -> None:
    source = convolutional(tmp_path / "net.onnx")
    data = dataset_for(source)
    outcome = StaticInt8().run(source, tmp_path / "a.onnx", StaticInt8Params(skip=("na*",)), data=data, report=report)
    assert "Left in float: narrow." in outcome.notes[0]
    outcome = StaticInt8().run(source, tmp_path / "b.onnx", StaticInt8Params(skip=("Conv",)), data=data, report=report)
    assert "(Gemm 1)" in outcome.notes[0]
    with pytest.raises(WorkbenchError, match="No node or op is called Kernel"):
        StaticInt8().run(source, tmp_path / "c.onnx", StaticInt8Params(skip=("Kernel",)), data=data, report=report)
    with pytest.raises(WorkbenchError, match="Nothing in this model could be quantized"):
        StaticInt8().run(source, tmp_path / "d.onnx", StaticInt8Params(skip=("*",)), data=data, report=report)
    assert not (tmp_path / "c.onnx").exists()


def test_calibration_data_that_is_not_finite_is_refused(tmp_path: Path, report: Told) -> None:
    source = convolutional(tmp_path / "net.onnx")
    values = np.zeros((3, 3, 6, 6), dtype=np.float32)
    values[1, 0, 0, 0] = np.nan
    np.savez(tmp_path / "bad.npz", x=values)
    data = dataset_for(source, DataSpec(path=str(tmp_path / "bad.npz")))
    with pytest.raises(WorkbenchError, match="NaN or infinite"):
        StaticInt8().run(source, tmp_path / "int8.onnx", StaticInt8Params(), data=data, report=report)


def test_a_bias_shared_by_layers_or_stored_flat_does_not_break_the_result(tmp_path: Path, report: Told) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "k1", "bias"], ["bias2"], name="first"),  # the name a copy of bias would get
        helper.make_node("Conv", ["bias2", "k2", "bias"], ["b"], name="second"),
        helper.make_node("Flatten", ["b"], ["c"], name="flat"),
        helper.make_node("Gemm", ["c", "w", "row"], ["y"], name="head"),
    ]
    tensors = {
        "k1": weights(4, 3, 3, 3),
        "k2": weights(4, 4, 3, 3),
        "bias": weights(4),
        "w": weights(16, 5),
        "row": weights(1, 5),
    }
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 6, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 5])],
        [numpy_helper.from_array(value, name) for name, value in tensors.items()],
    )
    source, target = saved(graph, tmp_path / "net.onnx"), tmp_path / "int8.onnx"
    StaticInt8().run(source, target, StaticInt8Params(), data=dataset_for(source), report=report)
    values = np.asarray(dataset_for(source).feeds(range(4))["x"])
    assert relative(outputs_of(source, values), outputs_of(target, values)) < 0.1


def test_dynamic_int8_takes_dense_layers_and_convolutions_when_asked(tmp_path: Path, report: Told) -> None:
    source = convolutional(tmp_path / "net.onnx")
    outcome = DynamicInt8().run(source, tmp_path / "a.onnx", DynamicInt8Params(), data=None, report=report)
    assert "1 of 3 layers" in outcome.notes[0]
    assert "Left in float: conv, narrow." in outcome.notes[0]
    assert any("Convolutions stayed in float" in note for note in outcome.notes)
    outcome = DynamicInt8().run(source, tmp_path / "b.onnx", DynamicInt8Params(layers="all"), data=None, report=report)
    assert "3 of 3 layers" in outcome.notes[0]
    assert any("often slower" in note for note in outcome.notes)
    values = np.asarray(dataset_for(source).feeds(range(4))["x"])
    for name in ("a.onnx", "b.onnx"):
        assert relative(outputs_of(source, values), outputs_of(tmp_path / name, values)) < 0.1


def test_quantizing_to_nothing_is_an_error(tmp_path: Path, report: Told) -> None:
    source = convolutional(tmp_path / "net.onnx")
    with pytest.raises(WorkbenchError, match="Nothing in this model could be quantized") as caught:
        DynamicInt8().run(source, tmp_path / "a.onnx", DynamicInt8Params(skip=("head",)), data=None, report=report)
    assert "Conv (2), Gemm (1)" in caught.value.hint or "MatMul" in caught.value.hint


def test_layers_inside_branches_are_said_to_be_out_of_reach(tmp_path: Path) -> None:
    graph = read_model(branching(tmp_path / "if.onnx"))
    for a_pass in (DynamicInt8(), StaticInt8()):
        assert "inside branches or loops" in (a_pass.requires(graph) or "")


def test_what_is_quantized_already_is_refused(tmp_path: Path, report: Told) -> None:
    source = convolutional(tmp_path / "net.onnx")
    StaticInt8().run(source, tmp_path / "int8.onnx", StaticInt8Params(), data=dataset_for(source), report=report)
    graph = read_model(tmp_path / "int8.onnx")
    for a_pass in (DynamicInt8(), StaticInt8()):
        assert "quantized already" in (a_pass.requires(graph) or "")
        assert a_pass.requires(read_model(source)) is None


def test_weights_in_a_file_beside_the_model(tmp_path: Path, report: Told) -> None:
    inside = convolutional(tmp_path / "net.onnx")
    folder = tmp_path / "outside"
    folder.mkdir()
    source = folder / "net.onnx"
    onnx.save(onnx.load(str(inside)), str(source), save_as_external_data=True, size_threshold=0)
    assert len(list(folder.iterdir())) > 1
    values = np.asarray(dataset_for(inside).feeds(range(4))["x"])
    expected = outputs_of(inside, values)
    steps = [
        (StaticInt8(), StaticInt8Params()),
        (DynamicInt8(), DynamicInt8Params(layers="all")),
        (Float16(), Float16Params()),
        (Float16(), Float16Params(arithmetic="float32")),
        (MagnitudePruning(), MagnitudePruningParams(sparsity=0.01)),
    ]
    for number, (a_pass, params) in enumerate(steps):
        target = tmp_path / f"{number}.onnx"
        a_pass.run(source, target, params, data=dataset_for(source), report=report)  # type: ignore[arg-type, attr-defined]
        assert relative(expected, outputs_of(target, values)) < 0.1
