"""Float16: half the size, the same answers, float32 at the door."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from tests.passes.conftest import Told, branching, convolutional, dataset_for, lite_outputs, outputs_of
from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.passes.float16 import Float16, Float16Params


@pytest.mark.parametrize("arithmetic", ["auto", "float16", "float32"])
def test_onnx_halves_and_keeps_its_answers(samples: Path, tmp_path: Path, report: Told, arithmetic: str) -> None:
    source, target = samples / "digits.onnx", tmp_path / "half.onnx"
    Float16().run(source, target, Float16Params(arithmetic=arithmetic), data=None, report=report)  # type: ignore[arg-type]
    assert target.stat().st_size < 0.6 * source.stat().st_size
    data = dataset_for(source, DataSpec(path=str(samples / "digits-test.npz"), limit=40))
    values = np.asarray(next(iter(data.feeds(range(40)).values())))
    before, after = outputs_of(source, values), outputs_of(target, values)
    assert after.dtype == np.float32
    assert np.max(np.abs(before - after)) < 5e-3
    kinds = {tensor.data_type for tensor in onnx.load(str(target)).graph.initializer if len(tensor.dims) > 1}
    assert TensorProto.FLOAT16 in kinds
    assert TensorProto.FLOAT not in kinds


def test_weights_inside_branches_are_halved(tmp_path: Path, report: Told) -> None:
    source, target = branching(tmp_path / "if.onnx"), tmp_path / "half.onnx"
    with pytest.raises(WorkbenchError, match="cannot compute in float16"):
        Float16().run(source, target, Float16Params(arithmetic="float16"), data=None, report=report)
    outcome = Float16().run(source, target, Float16Params(), data=None, report=report)
    assert "2 tensors are stored in float16." in outcome.notes
    for values in (np.ones((2, 6), np.float32), -np.ones((2, 6), np.float32)):
        assert np.allclose(outputs_of(source, values), outputs_of(target, values), rtol=2e-3, atol=2e-3)


def test_numbers_too_large_for_float16_are_said(tmp_path: Path, report: Told) -> None:
    source = convolutional(tmp_path / "net.onnx")
    model = onnx.load(str(source))
    kernel = next(tensor for tensor in model.graph.initializer if tensor.name == "kernel")
    values = numpy_helper.to_array(kernel).copy()
    values.flat[:3] = (1e6, -1e6, 7e4)
    kernel.CopyFrom(numpy_helper.from_array(values, "kernel"))
    onnx.save(model, str(source))
    outcome = Float16().run(
        source, tmp_path / "half.onnx", Float16Params(arithmetic="float32"), data=None, report=report
    )
    assert any(note.startswith("3 weights are larger than float16 can hold") for note in outcome.notes)


def test_tflite_halves_and_keeps_its_answers(samples: Path, tmp_path: Path, report: Told) -> None:
    source, target = samples / "digits.tflite", tmp_path / "half.tflite"
    outcome = Float16().run(source, target, Float16Params(), data=None, report=report)
    assert "4 of 4 layers with weights are float16 now" in outcome.notes[0]
    data = dataset_for(source, DataSpec(path=str(samples / "digits-test.npz"), limit=20))
    values = np.asarray(next(iter(data.feeds(range(20)).values())))
    assert np.max(np.abs(lite_outputs(source, values) - lite_outputs(target, values))) < 5e-3
    assert target.stat().st_size < 0.6 * source.stat().st_size
