"""The reader is found by content; what is there, missing or unknown is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Port
from workbench.datasets.select import find_reader, open_dataset, readers


def test_the_four_readers_are_found() -> None:
    assert list(readers()) == ["csv", "idx", "image-folder", "npz"]


@pytest.mark.parametrize(
    ("name", "reader"),
    [
        ("digits-calibration.npz", "npz"),
        ("tumours-test.csv", "csv"),
        ("digits-pictures", "image-folder"),
    ],
)
def test_samples_are_recognized_by_content(samples: Path, name: str, reader: str) -> None:
    assert find_reader(DataSpec(path=str(samples / name))).id == reader


@pytest.mark.parametrize("name", ["digits.h5", "digits.keras", "digits.onnx", "digits.tflite", "digits_savedmodel"])
def test_models_are_no_data(samples: Path, name: str) -> None:
    with pytest.raises(WorkbenchError, match="not a data set"):
        find_reader(DataSpec(path=str(samples / name)))


def test_missing_paths_and_unknown_readers_are_named(tmp_path: Path, table: list[Port]) -> None:
    with pytest.raises(WorkbenchError, match="no data set at"):
        open_dataset(DataSpec(path=str(tmp_path / "nothing.npz")), table)
    with pytest.raises(WorkbenchError, match="no data set reader called parquet"):
        open_dataset(DataSpec(path=str(tmp_path), kind="parquet"), table)
