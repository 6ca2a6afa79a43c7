"""Whatever is not a model is named for what it is, with the way out."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from onnx import helper
from tiny_files import add_node, dense, onnx_model, sequential, table, tflite_bytes

from workbench.backends import saved_model_proto as proto
from workbench.core.errors import WorkbenchError
from workbench.formats.identify import identify, read_model

Write = Callable[..., Path]


def zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return stream.getvalue()


def frozen_graph() -> bytes:
    saved = proto.SavedModel()
    graph = saved.meta_graphs.add().graph_def
    add_node(graph.node, "Placeholder", "input/x", dtype=1)
    add_node(graph.node, "Identity", "output", ["input/x"], T=1)
    return bytes(graph.SerializeToString())


def plain_hdf5() -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file["measurements"] = np.arange(4)
    return stream.getvalue()


def npy() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.arange(3))
    return stream.getvalue()


SAFETENSORS = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
ONNX = onnx_model([helper.make_node("Relu", ["x"], ["y"])], {}).SerializeToString()
FOREIGN = {
    "empty.onnx": (b"", "empty file", "Get the file again"),
    "pointer.h5": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer", "git lfs pull"),
    "page.onnx": (b"<!DOCTYPE html>\n<html><body>Log in</body></html>", "web page", "direct link"),
    "page.tflite": (b"\n <html lang='en'>", "web page", "direct link"),
    "plain.h5": (plain_hdf5(), "not a Keras model", "opens Keras"),
    "cut.h5": (plain_hdf5()[:700], "truncated", "compare its size"),
    "llama.gguf": (b"GGUF\x03\0\0\0" + b"\0" * 32, "GGUF", "llama.cpp"),
    "w.safetensors": (
        struct.pack("<Q", len(SAFETENSORS)) + SAFETENSORS + b"\0" * 4,
        "safetensors",
        "ONNX",
    ),
    "net.pt": (zipped(net__data_dot_pkl=b"", net__version=b"3"), "PyTorch checkpoint", "torch.onnx.export"),
    "net.jit": (zipped(m__data_dot_pkl=b"", m__constants_dot_pkl=b""), "TorchScript", "torch.onnx.export"),
    "old.pth": (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "old pickle form", "torch.onnx.export"),
    "model.pkl": (pickle.dumps({"a": 1}), "Python pickle", "never loaded"),
    "data.npz": (zipped(x_dot_npy=npy()), "NumPy .npz archive", "evaluation data"),
    "data.npy": (npy(), "NumPy array", "evaluation data"),
    "parcel.zip": (zipped(sub__net_dot_onnx=ONNX), "holds a model: sub/net.onnx", "Unpack"),
    "text.zip": (zipped(readme_dot_md=b"x"), "zip archive without a model", "opens Keras"),
    "cut.keras": (zipped(config_dot_json=b"{}")[:40], "truncated or damaged zip", "compare its size"),
    "half.keras": (zipped(config_dot_json=b"{}", metadata_dot_json=b"{}"), "parts missing", "model.save"),
    "model.h5.gz": (gzip.compress(b"x"), "gzip", "Unpack"),
    "photo.onnx": (b"\x89PNG\r\n\x1a\n" + b"\0" * 20, "an image", "input data"),
    "photo.jpg": (b"\xff\xd8\xff\xe0" + b"\0" * 20, "an image", "input data"),
    "paper.pdf": (b"%PDF-1.7 ...", "PDF", "opens Keras"),
    "lib.so": (b"\x7fELF" + b"\0" * 60, "program or library", "opens Keras"),
    "comments.xml": (b"<?xml version='1.0'?>" + b"<!-- x --> " * 2000 + b"<other>", "a text file", "opens Keras"),
    "model.xml": (b'<?xml version="1.0"?>\n<!-- made -->\n<net name="m" version="11">', "OpenVINO", "original format"),
    "model.json": (b'{"format": "layers-model", "modelTopology": {}}', "TensorFlow.js", "converted"),
    "arch.json": (json.dumps(sequential(dense("d", 2))).encode(), "architecture in JSON", "model.save"),
    "net.prototxt": (b'name: "LeNet"\nlayer {\n', "Caffe", "original format"),
    "net.param": (b"7767517\n3 3\nInput data 0 1\n", "ncnn", "original format"),
    "graph.pbtxt": (b'node {\n  name: "x"\n', "text form", "tf.saved_model.save"),
    "model.txt": (b"ir_version: 8\ngraph {", "ONNX model in text form", "onnx.save"),
    "frozen.pb": (frozen_graph(), "TensorFlow 1 frozen graph", "tf2onnx"),
    "cut.onnx": (ONNX[:-20], "truncated ONNX", "compare its size"),
    "variables.index": (table({b"a": b"b"}), "checkpoint", "model.export"),
    "variables.data-00000-of-00001": (b"\0" * 16, "checkpoint", "model.export"),
    "net.ort": (b"\x18\0\0\0ORTM" + b"\0" * 20, "ONNX Runtime", "ONNX file"),
    "cut.tflite": (b"\xff\xff\0\0TFL3", "truncated or damaged TFLite", "compare its size"),
    "notes.onnx": (b"just some words\n", "a text file", "opens Keras"),
    "noise.onnx": (bytes(range(255, 180, -1)), "no model in a format that is known", "opens Keras"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_file_is_named(save: Write, name: str) -> None:
    content, what, hint = FOREIGN[name]
    path = save(content, name)
    with pytest.raises(WorkbenchError) as caught:
        read_model(path)
    assert path.name in caught.value.message
    assert what in caught.value.message
    assert hint in caught.value.hint


def test_content_decides_and_not_the_suffix(save: Write, keras_h5: Write) -> None:
    assert identify(save(ONNX, "really_onnx.h5")).id == "onnx"
    assert identify(save(tflite_bytes([], [], [b""]), "model.onnx")).id == "tflite"
    assert identify(keras_h5(sequential(dense("d", 2)), {}, name="weights.tflite")).id == "keras-h5"


def test_graph_file_of_a_saved_model_points_to_its_folder(saved_model: Write) -> None:
    folder = saved_model()
    with pytest.raises(WorkbenchError) as caught:
        identify(folder / "saved_model.pb")
    assert "graph file of a SavedModel" in caught.value.message
    assert str(folder) in caught.value.hint


FOLDERS: dict[str, tuple[dict[str, bytes], str, str]] = {
    "nothing": ({}, "empty", "opens Keras"),
    "one": ({"deep/net.onnx": ONNX}, "holds one model", "deep/net.onnx"),
    "two": ({"a.onnx": ONNX, "b.tflite": b""}, "several models", "a.onnx"),
    "pictures": ({"cat.jpg": b"\xff\xd8"}, "no SavedModel and holds no model", "saved_model.pb"),
    "ckpt": ({"checkpoint": b"", "m.index": b"", "m.data-00000-of-00001": b""}, "checkpoint", "architecture"),
    "net.mlpackage": ({"Manifest.json": b"{}", "Data/m.mlmodel": b""}, "Core ML", "original format"),
    "web": ({"model.json": b"{}", "group1-shard1of1.bin": b""}, "TensorFlow.js", "original format"),
    "text": ({"saved_model.pbtxt": b""}, "text form", "tf.saved_model.save"),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_folder_is_named_and_says_which_model_is_inside(tmp_path: Path, save: Write, name: str) -> None:
    files, what, hint = FOLDERS[name]
    (tmp_path / name).mkdir()
    for file, content in files.items():
        save(content, f"{name}/{file}")
    with pytest.raises(WorkbenchError) as caught:
        read_model(tmp_path / name)
    assert what in caught.value.message
    assert hint in caught.value.message + caught.value.hint


def test_missing_file_broken_link_and_folder_in_the_way(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="There is no file"):
        read_model(tmp_path / "nothing.onnx")
    link = tmp_path / "link.onnx"
    link.symlink_to(tmp_path / "gone.onnx")
    with pytest.raises(WorkbenchError, match="link to something that does not exist"):
        read_model(link)
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(WorkbenchError, match="There is no file"):
        read_model(tmp_path / "file" / "model.onnx")


def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(WorkbenchError, match="device or pipe"):
        read_model(tmp_path / "pipe")


def test_file_without_permission_says_so(save: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(ONNX, "secret.onnx")
    opened = Path.open

    def refuse(self: Path, *arguments: Any, **more: Any) -> Any:
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *arguments, **more)

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything: chmod would prove nothing
    with pytest.raises(WorkbenchError, match="may not read"):
        read_model(path)
