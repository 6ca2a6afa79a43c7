"""One worker reads a model once, however often it is looked at, until the file changes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from workbench.core.errors import WorkbenchError
from workbench.jobs.last_models import MOST, read_again, stamp
from workbench.jobs.layout import LayOut
from workbench.jobs.read import ReadModel, ReadTensor


def test_graph_layout_and_tensors_share_one_reading(samples: Path, recorder) -> None:
    path = samples / "digits.onnx"
    graph = ReadModel(path=str(path)).run(recorder)
    assert read_again(path)[1] is graph
    LayOut(path=str(path)).run(recorder)
    ReadTensor(path=str(path), tensor=next(iter(graph.tensors))).run(recorder)
    assert read_again(path)[1] is graph


def test_a_file_that_changed_is_read_anew(samples: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    shutil.copyfile(samples / "digits.onnx", path)
    first = read_again(path)[1]
    os.utime(path, ns=(1, 1))
    assert read_again(path)[1] is not first
    shutil.copyfile(samples / "digits.tflite", path)
    assert read_again(path)[1].format == "tflite"
    path.unlink()
    with pytest.raises(WorkbenchError):
        read_again(path)


def test_a_folder_changes_with_any_file_in_it(samples: Path, tmp_path: Path) -> None:
    (source,) = (path.parent for path in samples.rglob("saved_model.pb"))
    path = tmp_path / "saved"
    shutil.copytree(source, path)
    before = stamp(path)
    with next((path / "variables").glob("*.data*")).open("ab") as file:
        file.write(b"x")
    assert stamp(path) != before


def test_only_the_last_models_are_kept(samples: Path, tmp_path: Path) -> None:
    copies = [tmp_path / f"{number}.onnx" for number in range(MOST + 1)]
    for copy in copies:
        shutil.copyfile(samples / "digits.onnx", copy)
    graphs = [read_again(copy)[1] for copy in copies]
    assert read_again(copies[-1])[1] is graphs[-1]
    assert read_again(copies[0])[1] is not graphs[0]
