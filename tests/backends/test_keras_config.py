"""What a Keras file holds is looked at before anything of it is loaded, and code in it is never run."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from workbench.backends.keras_config import check_keras_config
from workbench.core.errors import WorkbenchError


def dense(**more: Any) -> dict[str, Any]:
    return {"class_name": "Dense", "config": {"name": "top", "units": 2}, **more}


def sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "net", "layers": list(layers)}}


def write_h5(path: Path, config: Any, version: str = "2.8.0") -> Path:
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)
        file.create_dataset("model_weights/top/kernel", data=np.zeros((2, 2)))
    return path


def write_zip(path: Path, config: Any, version: str = "3.15.1") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
    return path


LAMBDA = {"class_name": "Lambda", "config": {"name": "sneaky", "function": ["4wEAAAA="]}}


@pytest.mark.parametrize("write", [write_h5, write_zip])
@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (LAMBDA, "sneaky is a Lambda"),
        ({"class_name": "TimeDistributed", "config": {"name": "each", "layer": LAMBDA}}, "sneaky is a Lambda"),
        ({"class_name": "TFSMLayer", "config": {"name": "inner", "filepath": "/tmp/x"}}, "inner is a TFSMLayer"),
        (dense(module="os", registered_name="system"), "custom class os.Dense"),
        (dense(module="keras.utils"), "custom class keras.utils.Dense"),
        (dense(registered_name="mine>Dense"), "custom class mine>Dense"),
        (
            {"class_name": "TFOpLambda", "config": {"name": "save", "function": "io.write_file"}},
            "save calls tf.io.write_file",
        ),
        (
            {"class_name": "StringLookup", "config": {"name": "words", "vocabulary": "/etc/passwd"}},
            "words reads its vocabulary from the file /etc/passwd",
        ),
    ],
)
def test_refused_by_name(write, layer: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match=said) as caught:
        check_keras_config(write(tmp_path / "model", sequential(dense(), layer)))
    assert caught.value.hint


@pytest.mark.parametrize(
    "layer",
    [
        dense(module="keras.layers", registered_name=None),
        dense(module="keras.src.models.functional"),
        {"class_name": "TFOpLambda", "config": {"name": "times", "function": "math.multiply"}},
        {"class_name": "TFOpLambda", "config": {"name": "cut", "function": "__operators__.getitem"}},
        {"class_name": "StringLookup", "config": {"name": "words", "vocabulary": ["a", "b"]}},
    ],
)
def test_harmless_layers_pass(layer: dict[str, Any], tmp_path: Path) -> None:
    assert check_keras_config(write_h5(tmp_path / "model.h5", sequential(layer))).kind == "h5"


def test_training_setup_is_not_looked_at(tmp_path: Path) -> None:
    config = {**sequential(dense()), "compile_config": {"loss": {"class_name": "function", "module": "__main__"}}}
    assert check_keras_config(write_zip(tmp_path / "model.keras", config)).version == "3.15.1"


@pytest.mark.parametrize(
    ("version", "old"), [("1.2.2", True), ("2.0.5", True), ("2.15.0-tf", True), ("", True), ("3.0.0", False)]
)
def test_version_decides_which_keras(version: str, old, tmp_path: Path) -> None:
    assert check_keras_config(write_h5(tmp_path / "model.h5", sequential(), version)).is_pre_keras3 is old


def test_weights_alone_are_called_that(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="holds weights only"):
        check_keras_config(write_h5(tmp_path / "weights.h5", None))


def test_links_out_of_the_file_are_refused(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "model.h5", sequential(dense()))
    with h5py.File(path, "a") as file:
        file["model_weights/top/bias"] = h5py.ExternalLink("/etc/other.h5", "/secret")
    with pytest.raises(WorkbenchError, match="model_weights/top/bias from another file"):
        check_keras_config(path)


def outward(file: h5py.File, how: str, folder: Path) -> None:
    """Let ``file`` take numbers from elsewhere."""
    (folder / "raw.bin").write_bytes(bytes(16))
    if how == "external":
        file.create_dataset("layers/bias", (4,), "f", external=[(str(folder / "raw.bin"), 0, 16)])
    elif how == "virtual":
        layout = h5py.VirtualLayout((4,), "f")
        layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "w", (4,))
        file.create_virtual_dataset("layers/bias", layout)
    else:
        file["layers/bias"] = h5py.ExternalLink("/etc/other.h5", "/secret")


OUTWARD = ("external", "virtual", "link")


@pytest.mark.parametrize("how", OUTWARD)
def test_numbers_from_another_file_are_refused(how: str, tmp_path: Path) -> None:
    path = write_h5(tmp_path / "model.h5", sequential(dense()))
    with h5py.File(path, "a") as file:
        outward(file, how, tmp_path)
    with pytest.raises(WorkbenchError, match=r"layers/bias .*another file"):
        check_keras_config(path)


@pytest.mark.parametrize("how", OUTWARD)
def test_weights_inside_an_archive_are_looked_at_too(how: str, tmp_path: Path) -> None:
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        outward(file, how, tmp_path)
    path = write_zip(tmp_path / "model.keras", sequential(dense()))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("model.weights.h5", weights.getvalue())
    with pytest.raises(WorkbenchError, match=r"layers/bias .*another file"):
        check_keras_config(path)


def test_groups_that_hold_each_other_come_to_an_end(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "model.h5", sequential(dense()))
    with h5py.File(path, "a") as file:
        file["model_weights/top/again"] = file["model_weights"]
        file["model_weights/once more"] = file["/"]
    assert check_keras_config(path).kind == "h5"


def test_archive_that_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * 100_000_000)
    with pytest.raises(WorkbenchError, match=r"not unpacked: \d+ bytes would become 100000000"):
        check_keras_config(path)


@pytest.mark.parametrize("size", [9, 600, 2000])
def test_truncated_file_is_a_clear_error(size: int, tmp_path: Path) -> None:
    whole = write_h5(tmp_path / "model.h5", sequential(dense())).read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[:size])
    with pytest.raises(WorkbenchError, match="Cannot read"):
        check_keras_config(tmp_path / "cut.h5")


PROBE = """
import sys
from pathlib import Path
from workbench.core.errors import EngineRequired
from workbench.runtimes.tensorflow import TensorFlow
try:
    TensorFlow().open(Path(sys.argv[1]))
except EngineRequired as error:
    print(error.engine, "tensorflow" in sys.modules, "keras" in sys.modules)
"""


def test_old_file_asks_for_its_engine_before_tensorflow_is_imported(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "model.h5", sequential(dense()))
    environment = {**os.environ, "WORKBENCH_ENGINE": "base"}
    ran = subprocess.run(
        [sys.executable, "-c", PROBE, str(path)], capture_output=True, text=True, env=environment, check=True
    )
    assert ran.stdout.split() == ["tf-keras", "False", "False"]
