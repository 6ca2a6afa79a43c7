"""Files of Keras 2: through tf_keras in its own engine, to every target."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.core.errors import EngineRequired
from workbench.exporters.onnx import OnnxExport, OnnxParams
from workbench.jobs.runner import run_job
from workbench.jobs.transform import Export

MAKE = """
import sys
import tf_keras
tf_keras.utils.set_random_seed(1)
picture = tf_keras.Input((10, 10, 3), name="picture")
hidden = tf_keras.layers.DepthwiseConv2D(3, activation="relu")(picture)
hidden = tf_keras.layers.BatchNormalization()(tf_keras.layers.Conv2D(40, 3)(hidden))
hidden = tf_keras.layers.Reshape((36, 40))(hidden)
hidden = tf_keras.layers.LSTM(5)(hidden)
tf_keras.Model(picture, tf_keras.layers.Dense(3, name="scores")(hidden)).save(sys.argv[1])
"""


@pytest.fixture(scope="module")
def old_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("old") / "net.h5"
    environment = {**os.environ, "TF_USE_LEGACY_KERAS": "1"}
    subprocess.run([sys.executable, "-c", MAKE, str(path)], env=environment, check=True, capture_output=True)
    return path


@pytest.mark.parametrize(
    ("exporter", "name"),
    [
        ("onnx", "net.onnx"),
        ("tflite", "net.tflite"),
        ("saved-model", "folder"),
        ("keras", "net.keras"),
        ("keras-h5", "new.h5"),
        ("tf-serving", "deploy"),
    ],
)
def test_every_target_is_verified_against_keras2(exporter: str, name: str, old_file: Path, tmp_path: Path) -> None:
    result = run_job(Export(source=str(old_file), target=str(tmp_path / name), exporter_id=exporter))
    assert result.verified is not None, result.notes
    assert result.verified.passed
    assert result.verified.max_abs_error <= 1e-5
    assert (tmp_path / name).exists()


def test_another_engine_is_asked_for_before_tensorflow_loads(old_file: Path, tmp_path: Path, ear) -> None:
    with pytest.raises(EngineRequired) as caught:
        OnnxExport().run(old_file, tmp_path / "net.onnx", OnnxParams(), report=ear)
    assert caught.value.engine == "tf-keras"
