"""Files made to lead out of themselves or to exhaust memory."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from tiny_files import dense, functional, sequential

from workbench.core.errors import WorkbenchError
from workbench.core.graph import Tensor
from workbench.formats.identify import identify, read_model

Write = Callable[..., Path]


def test_links_out_of_an_hdf5_file_are_not_followed(keras_h5: Write, tmp_path: Path) -> None:
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["w"] = np.full(4, 42, "f")
    path = keras_h5(functional(), {"twin": {}})
    with h5py.File(path, "a") as file:
        group = file["model_weights/twin"]
        group.attrs["weight_names"] = np.array([b"kernel:0", b"bias:0"])
        group["kernel:0"] = h5py.ExternalLink("secret.h5", "/w")
        group["bias:0"] = h5py.SoftLink("/elsewhere")
    graph = read_model(path)
    assert graph.tensors == {}
    assert "2 links inside the file were not followed" in graph.notes[-1]
    with pytest.raises(WorkbenchError, match="holds no tensor"):
        tensor = Tensor("w", "float32", [4], 16, "/model_weights/twin/kernel:0")
        identify(path).read_tensor(path, tensor)


def test_data_kept_in_another_file_is_not_opened(keras_h5: Write, tmp_path: Path) -> None:
    raw = tmp_path / "raw.bin"
    raw.write_bytes(np.full(4, 42, "f").tobytes())
    path = keras_h5(functional(), {"twin": {}})
    with h5py.File(path, "a") as file:
        group = file["model_weights/twin"]
        group.attrs["weight_names"] = np.array([b"kernel:0"])
        group.create_dataset("kernel:0", (4,), "f", external=[(str(raw), 0, 16)])
    graph = read_model(path)
    with pytest.raises(WorkbenchError, match="kept in another file"):
        identify(path).read_tensor(path, graph.tensors["twin/kernel"])


def test_virtual_data_set_is_not_opened(keras_h5: Write, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "source.h5", "w") as file:
        file["w"] = np.ones(4, "f")
    path = keras_h5(functional(), {"twin": {}})
    layout = h5py.VirtualLayout((4,), "f")
    layout[:] = h5py.VirtualSource(str(tmp_path / "source.h5"), "w", (4,))
    with h5py.File(path, "a") as file:
        group = file["model_weights/twin"]
        group.attrs["weight_names"] = np.array([b"kernel:0"])
        group.create_virtual_dataset("kernel:0", layout)
    with pytest.raises(WorkbenchError, match="kept in another file"):
        identify(path).read_tensor(path, read_model(path).tensors["twin/kernel"])


def test_data_set_larger_than_its_bytes_is_refused(keras_h5: Write) -> None:
    path = keras_h5(functional(), {"twin": {}})
    with h5py.File(path, "a") as file:
        group = file["model_weights/twin"]
        group.attrs["weight_names"] = np.array([b"kernel:0"])
        group.create_dataset("kernel:0", (2**20, 2**20), "f", chunks=(64, 64), compression="gzip")
    graph = read_model(path)
    assert graph.weights_bytes == 0
    with pytest.raises(WorkbenchError, match="the file stores only 0"):
        identify(path).read_tensor(path, graph.tensors["twin/kernel"])


@pytest.mark.parametrize("member", ["config.json", "model.weights.h5"])
def test_member_that_unpacks_to_far_more_is_refused(tmp_path: Path, member: str) -> None:
    path = tmp_path / "bomb.keras"
    contents = {"metadata.json": b"{}", "config.json": b"{}", "model.weights.h5": b""}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, b"\0" * 100_000_000 if name == member else content)
    assert path.stat().st_size < 200_000
    with pytest.raises(WorkbenchError, match=r"not unpacked: \d+ bytes would become 100000000"):
        read_model(path)


def test_deeply_nested_configuration_is_refused(keras_h5: Write) -> None:
    text = '{"class_name": "Sequential", "config": ' + '{"a":' * 100_000 + "1" + "}" * 100_000 + "}"
    with pytest.raises(WorkbenchError, match="nested too deeply"):
        read_model(keras_h5(text, {}))


def test_models_within_models_without_end_are_refused(keras_h5: Write) -> None:
    model = sequential(dense("d", 2))
    for _level in range(300):
        model = sequential(model)
    with pytest.raises(WorkbenchError):
        read_model(keras_h5(json.dumps(model), {}))


def test_archive_member_outside_of_the_archive_is_never_written(keras_zip: Write, tmp_path: Path) -> None:
    path = keras_zip(sequential(dense("d", 4)), {"layers/dense/vars/0": np.ones((8, 4), "f")})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../escaped.txt", "x")
    read_model(path)
    assert not (tmp_path.parent / "escaped.txt").exists()
    assert not (tmp_path / "escaped.txt").exists()
