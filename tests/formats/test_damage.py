"""Damage anywhere in a file ends in a Graph or in a named error, never in another exception."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.core.errors import WorkbenchError
from workbench.formats.identify import identify, read_model

Write = Callable[..., Path]
ROUNDS = 150


def survives(path: Path) -> bool:
    """Read all there is; say whether it was a model."""
    try:
        graph, reader = read_model(path), identify(path)
    except WorkbenchError as error:
        assert error.message and error.hint
        return False
    for each in (graph, *graph.functions.values()):
        for tensor in each.tensors.values():
            try:
                reader.read_tensor(path, tensor)
            except WorkbenchError as error:
                assert error.message and error.hint
    return True


@pytest.mark.parametrize("name", ["digits.onnx", "digits.tflite", "digits.keras"])
def test_changed_bytes(samples: Path, tmp_path: Path, name: str) -> None:
    """HDF5 is left out: libhdf5 itself crashes on some changed bytes, which is what the worker process is for."""
    whole, chance = (samples / name).read_bytes(), random.Random(7)
    reach = len(whole) if not name.endswith(".keras") else whole.index(b"\x89HDF")
    refused = 0
    for _round in range(ROUNDS):
        content = bytearray(whole)
        for _byte in range(chance.choice([1, 3, 20])):
            content[chance.randrange(reach if chance.random() < 0.5 else min(reach, 4096))] = chance.randrange(256)
        path = tmp_path / name
        path.write_bytes(content)
        refused += not survives(path)
    assert 0 < refused < ROUNDS


def test_changed_bytes_of_a_saved_model(saved_model: Write) -> None:
    folder, chance = saved_model(), random.Random(7)
    files = [folder / "saved_model.pb", folder / "variables" / "variables.index"]
    refused = 0
    for _round in range(ROUNDS):
        file = chance.choice(files)
        whole = file.read_bytes()
        content = bytearray(whole)
        for _byte in range(chance.choice([1, 3])):
            content[chance.randrange(len(content))] = chance.randrange(256)
        file.write_bytes(content)
        refused += not survives(folder)
        file.write_bytes(whole)
    assert 0 < refused < ROUNDS


@pytest.mark.parametrize("name", ["digits.h5", "digits.keras", "digits.onnx", "digits.tflite"])
def test_cut_off_anywhere(samples: Path, tmp_path: Path, name: str) -> None:
    whole = (samples / name).read_bytes()
    path = tmp_path / name
    for part in range(40):
        path.write_bytes(whole[: len(whole) * part // 40])
        assert not survives(path)
