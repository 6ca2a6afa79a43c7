"""Files that are HDF5 at their beginning and a zip at their end, or otherwise not what their name says."""

from __future__ import annotations

import base64
import io
import json
import marshal
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import pytest

from workbench.backends.keras_config import check_keras_config
from workbench.core.containers import container_of
from workbench.core.errors import WorkbenchError
from workbench.formats.identify import identify

HARMLESS: dict[str, Any] = {"class_name": "Sequential", "config": {"name": "net", "layers": []}}


def lambda_file(path: Path, witness: Path, version: str) -> Path:
    """Write an .h5 of Keras 2 or 3 whose only layer writes ``witness`` when it is called."""
    code = compile(f"lambda x: (open({str(witness)!r}, 'w').write('ran'), x)[1]", "model", "eval")
    function = next(item for item in code.co_consts if hasattr(item, "co_code"))
    text = base64.encodebytes(marshal.dumps(function)).decode()
    given = {
        "class_name": "InputLayer",
        "config": {"batch_input_shape": [None, 2], "dtype": "float32", "name": "given"},
    }
    settings = {
        "name": "sneaky",
        "function": [text, None, None],
        "function_type": "lambda",
        "module": "__main__",
        "output_shape": None,
        "output_shape_type": "raw",
        "arguments": {},
    }
    layers = [given, {"class_name": "Lambda", "config": settings}]
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version
        file.attrs["backend"] = "tensorflow"
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"name": "s", "layers": layers}})
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = [b"sneaky"]
        weights.create_group("sneaky").attrs["weight_names"] = []
    return path


def harmless_zip(version: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("config.json", json.dumps(HARMLESS))
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
    return content.getvalue()


@pytest.mark.parametrize("name", ["model.h5", "model.keras", "model.bin"])
def test_the_beginning_decides_what_is_checked(name: str, tmp_path: Path) -> None:
    path = lambda_file(tmp_path / name, tmp_path / "witness", "2.15.0")
    path.write_bytes(path.read_bytes() + harmless_zip("2.15.0"))
    assert zipfile.is_zipfile(path)
    assert identify(path).id == "keras-h5"
    with pytest.raises(WorkbenchError, match="sneaky is a Lambda"):
        check_keras_config(path)


def test_hdf5_behind_a_zip_is_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    with h5py.File(path, "w", userblock_size=512) as file:
        file.attrs["model_config"] = json.dumps(HARMLESS)
    content = path.read_bytes()
    path.write_bytes(b"PK\x03\x04" + content[4:])
    assert container_of(path) == "zip"
    with pytest.raises(WorkbenchError, match="damaged archive"):
        check_keras_config(path)


def test_hdf5_behind_a_user_block_is_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    with h5py.File(path, "w", userblock_size=1024) as file:
        file.attrs["model_config"] = json.dumps(HARMLESS)
    assert container_of(path) == "hdf5"
    assert check_keras_config(path).config == HARMLESS


LOADING = """
import sys
from pathlib import Path
from workbench.backends.keras_models import load_keras
from workbench.core.errors import WorkbenchError
for name in sys.argv[1:]:
    try:
        print("loaded", len(load_keras(Path(name)).layers))
    except WorkbenchError as error:
        print("refused", error.message)
"""


def load(engine: str, *paths: Path) -> list[str]:
    """Say for each file how loading it ended, in one process of the engine."""
    more = {"TF_USE_LEGACY_KERAS": "1"} if engine == "tf-keras" else {}
    environment = {**os.environ, **more, "WORKBENCH_ENGINE": engine, "TF_CPP_MIN_LOG_LEVEL": "3"}
    ran = subprocess.run(
        [sys.executable, "-c", LOADING, *map(str, paths)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout.splitlines()


@pytest.mark.slow
def test_code_behind_two_faces_never_runs(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    paths = []
    for name in ("two.h5", "two.keras", "two"):
        path = lambda_file(tmp_path / name, witness, "2.15.0")
        path.write_bytes(path.read_bytes() + harmless_zip("2.15.0"))
        paths.append(path)
    said = load("tf-keras", *paths)
    assert [line.split()[0] for line in said] == ["refused"] * 3
    assert not witness.exists()


@pytest.mark.slow
def test_the_checked_kind_is_loaded_whatever_the_name(samples: Path, tmp_path: Path) -> None:
    names = {"digits.keras": ("net.h5", "net", "net.KERAS"), "digits.h5": ("other.keras", "other", "other.hdf5")}
    paths = []
    for source, targets in names.items():
        for target in targets:
            paths.append(tmp_path / target)
            paths[-1].write_bytes((samples / source).read_bytes())
    said = load("base", *paths)
    assert [line.split()[0] for line in said] == ["loaded"] * 6, said
    assert sorted(item.name for item in tmp_path.iterdir()) == sorted(path.name for path in paths)
