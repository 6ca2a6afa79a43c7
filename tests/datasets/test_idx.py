"""IDX files: plain and gzipped, with their labels, and folders of them."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Port
from workbench.datasets.select import open_dataset

CODES = {"uint8": 0x08, "int8": 0x09, "int16": 0x0B, "int32": 0x0C, "float32": 0x0D, "float64": 0x0E}


def write(path: Path, values: np.ndarray) -> None:
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, CODES[str(values.dtype)], values.ndim, *values.shape)
    content = header + values.astype(values.dtype.newbyteorder(">")).tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_images_meet_their_labels(tmp_path: Path, picture: list[Port], suffix: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28)).astype(np.uint8)
    write(tmp_path / f"train-images-idx3-ubyte{suffix}", images)
    write(tmp_path / f"train-labels-idx1-ubyte{suffix}", np.array([3, 1, 4, 1, 5], dtype=np.uint8))
    for path in (tmp_path, tmp_path / f"train-images-idx3-ubyte{suffix}"):
        data = open_dataset(DataSpec(path=str(path)), picture)
        assert data.labels is not None
        assert data.labels.tolist() == [3, 1, 4, 1, 5]
        assert np.array_equal(data.feeds([1])["image"][0, :, :, 0], images[1])


def test_a_folder_with_both_sets_asks_which(tmp_path: Path, picture: list[Port]) -> None:
    for prefix, count in (("train", 4), ("t10k", 2)):
        write(tmp_path / f"{prefix}-images-idx3-ubyte", np.zeros((count, 28, 28), dtype=np.uint8))
    with pytest.raises(WorkbenchError, match="t10k-images-idx3-ubyte, train-images-idx3-ubyte") as caught:
        open_dataset(DataSpec(path=str(tmp_path)), picture)
    assert "train or test" in caught.value.hint
    assert len(open_dataset(DataSpec(path=str(tmp_path), inputs="test"), picture)) == 2
    assert len(open_dataset(DataSpec(path=str(tmp_path), inputs="train"), picture)) == 4


@pytest.mark.parametrize("dtype", sorted(CODES))
def test_every_type_is_read_in_big_endian(tmp_path: Path, table: list[Port], dtype: str) -> None:
    write(tmp_path / "x.idx", np.array([[1, 2, 3, 100]], dtype=dtype))
    assert open_dataset(DataSpec(path=str(tmp_path / "x.idx")), table).feeds([0])["features"].tolist() == [
        [1, 2, 3, 100]
    ]


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_truncated_and_boastful_files_are_named(tmp_path: Path, table: list[Port], suffix: str) -> None:
    path = tmp_path / f"x.idx{suffix}"
    header = struct.pack(">BBBB2I", 0, 0, 0x0E, 2, 1000, 4)
    path.write_bytes(gzip.compress(header) if suffix else header)
    with pytest.raises(WorkbenchError, match="ends too early"):
        open_dataset(DataSpec(path=str(path)), table)
    boast = struct.pack(">BBBB2I", 0, 0, 0x0E, 2, 2**31, 2**31)
    path.write_bytes(gzip.compress(boast) if suffix else boast)
    with pytest.raises(WorkbenchError, match="unpacks to" if suffix else "ends too early"):
        open_dataset(DataSpec(path=str(path)), table)


def test_two_inputs_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "x.idx", np.zeros((2, 4), dtype=np.uint8))
    with pytest.raises(WorkbenchError, match="feeds one input"):
        open_dataset(DataSpec(path=str(tmp_path / "x.idx")), [Port("a", "float32", [None, 4])] * 2)
