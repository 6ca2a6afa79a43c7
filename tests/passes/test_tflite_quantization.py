"""TFLite int8 from float TFLite: sizes, answers, inputs and outputs, and layers kept in float."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.passes.conftest import Told, dataset_for, lite_outputs
from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.formats.identify import read_model
from workbench.passes.dynamic_int8 import DynamicInt8, DynamicInt8Params
from workbench.passes.float16 import Float16, Float16Params
from workbench.passes.static_int8 import StaticInt8, StaticInt8Params


@pytest.fixture
def digits(samples: Path) -> Path:
    return samples / "digits.tflite"


@pytest.fixture
def images(samples: Path, digits: Path) -> np.ndarray:
    data = dataset_for(digits, DataSpec(path=str(samples / "digits-test.npz"), limit=100))
    return np.asarray(next(iter(data.feeds(range(100)).values())))


def agreement(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.mean(a.argmax(axis=1) == b.argmax(axis=1)))


@pytest.mark.parametrize("per_channel", [True, False])
def test_dynamic_int8(digits: Path, images: np.ndarray, tmp_path: Path, report: Told, per_channel: bool) -> None:  # noqa: FBT001
    target = tmp_path / "int8.tflite"
    outcome = DynamicInt8().run(digits, target, DynamicInt8Params(per_channel=per_channel), data=None, report=report)
    assert "4 of 4 layers with weights are int8 now (CONV_2D 2, FULLY_CONNECTED 2)." in outcome.notes[0]
    assert agreement(lite_outputs(digits, images), lite_outputs(target, images)) >= 0.98
    assert target.stat().st_size < 0.4 * digits.stat().st_size


@pytest.mark.parametrize("ranges", ["auto", "minmax", "percentile"])
def test_static_int8(digits: Path, images: np.ndarray, report: Told, calibration: DataSpec, ranges: str) -> None:
    target = report.scratch / "int8.tflite"
    params = StaticInt8Params(ranges=ranges)  # type: ignore[arg-type]
    outcome = StaticInt8().run(digits, target, params, data=dataset_for(digits, calibration), report=report)
    assert outcome.figures["quantized_layers"] == 4
    assert outcome.figures["calibration_agreement"] >= 0.98
    assert any("chosen on these samples: check on others" in note for note in outcome.notes)
    assert agreement(lite_outputs(digits, images), lite_outputs(target, images)) >= 0.98
    assert [port.dtype for port in read_model(target).inputs] == ["float32"]
    assert f"Calibrated on 40 samples of {calibration.path}." in outcome.notes


def test_integer_inputs_and_outputs(
    digits: Path, images: np.ndarray, tmp_path: Path, report: Told, calibration: DataSpec
) -> None:
    target = tmp_path / "int8.tflite"
    data = dataset_for(digits, calibration)
    StaticInt8().run(digits, target, StaticInt8Params(io="int8"), data=data, report=report)
    graph = read_model(target)
    assert [port.dtype for port in (*graph.inputs, *graph.outputs)] == ["int8", "int8"]
    assert agreement(lite_outputs(digits, images), lite_outputs(target, images)) >= 0.98


def test_layers_can_be_left_in_float(digits: Path, tmp_path: Path, report: Told, calibration: DataSpec) -> None:
    data = dataset_for(digits, calibration)
    params = StaticInt8Params(skip=("CONV_2D",), agreement=0)
    outcome = StaticInt8().run(digits, tmp_path / "a.tflite", params, data=data, report=report)
    assert "2 of 4 layers with weights are int8 now (FULLY_CONNECTED 2)." in outcome.notes[0]
    assert "calibration_agreement" not in outcome.figures
    with pytest.raises(WorkbenchError, match="No layer is called nothing"):
        StaticInt8().run(digits, tmp_path / "b.tflite", StaticInt8Params(skip=("nothing",)), data=data, report=report)
    with pytest.raises(WorkbenchError, match="Nothing in this model could be quantized"):
        DynamicInt8().run(digits, tmp_path / "c.tflite", DynamicInt8Params(skip=("*",)), data=None, report=report)
    with pytest.raises(WorkbenchError, match="only there for ONNX"):
        StaticInt8().run(digits, tmp_path / "d.tflite", StaticInt8Params(ranges="entropy"), data=data, report=report)


def test_sensitive_layers_stay_in_float_until_the_answers_agree(digits: Path, report: Told) -> None:
    """The classes that a digit classifier sees in noise are decided by little: all of them are not kept at once."""
    shape = [dim or 1 for dim in read_model(digits).inputs[0].shape or []][1:]
    noise = np.random.default_rng(0).standard_normal((64, *shape)).astype(np.float32)
    np.savez(report.scratch / "noise.npz", noise=noise)
    data = dataset_for(digits, DataSpec(path=str(report.scratch / "noise.npz")))

    def run(name: str, wanted: float) -> dict[str, float]:
        params = StaticInt8Params(ranges="minmax", agreement=wanted)
        return StaticInt8().run(digits, report.scratch / name, params, data=data, report=report).figures

    plain, best = run("plain.tflite", 1e-6), run("best.tflite", 1.0)
    assert plain["quantized_layers"] == 4
    assert plain["calibration_agreement"] < 1
    assert best["quantized_layers"] < 4
    assert best["calibration_agreement"] > plain["calibration_agreement"]


def test_random_input_is_not_judged_by_its_classes(digits: Path, tmp_path: Path, report: Told) -> None:
    outcome = StaticInt8().run(
        digits, tmp_path / "int8.tflite", StaticInt8Params(), data=dataset_for(digits), report=report
    )
    assert "calibration_agreement" not in outcome.figures
    assert "random samples" in outcome.notes[1]


def test_what_is_quantized_already_or_recurrent_is_refused(
    digits: Path, samples: Path, tmp_path: Path, report: Told
) -> None:
    target = tmp_path / "int8.tflite"
    DynamicInt8().run(digits, target, DynamicInt8Params(), data=None, report=report)
    for a_pass in (DynamicInt8(), StaticInt8(), Float16()):
        assert "quantized already" in (a_pass.requires(read_model(target)) or "")
        assert a_pass.requires(read_model(digits)) is None
        assert a_pass.requires(read_model(samples / "digits.keras")) is None


def test_static_int8_needs_data(digits: Path, tmp_path: Path, report: Told) -> None:
    with pytest.raises(WorkbenchError, match="needs calibration data"):
        StaticInt8().run(digits, tmp_path / "int8.tflite", StaticInt8Params(), data=None, report=report)


def as_before_2020(content: bytes) -> bytes:
    """Keep op codes only in the one-byte field, and drop the signature, as old converters wrote files."""
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.tools import flatbuffer_utils

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    for code in model.operatorCodes:
        code.deprecatedBuiltinCode, code.builtinCode = code.builtinCode, 0
    model.signatureDefs = None
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def test_old_files_and_float16_weights_are_quantized_too(
    digits: Path, images: np.ndarray, report: Told, calibration: DataSpec
) -> None:
    old = report.scratch / "old.tflite"
    old.write_bytes(as_before_2020(digits.read_bytes()))
    half = report.scratch / "half.tflite"
    Float16().run(digits, half, Float16Params(), data=None, report=report)
    for source in (old, half):
        for a_pass, params in ((DynamicInt8(), DynamicInt8Params()), (StaticInt8(), StaticInt8Params())):
            target = report.scratch / f"{a_pass.id}-{source.name}"
            data = dataset_for(source, calibration)
            outcome = a_pass.run(source, target, params, data=data, report=report)  # type: ignore[arg-type, attr-defined]
            assert "4 of 4 layers with weights are int8 now" in outcome.notes[0]
            assert target.stat().st_size < 0.4 * digits.stat().st_size
            assert agreement(lite_outputs(digits, images), lite_outputs(target, images)) >= 0.98
    assert "float16 already" in (Float16().requires(read_model(half)) or "")
