"""The Keras exporters: .keras and .h5 from each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.backends.keras_files import cleaned
from workbench.exporters.keras import KerasZipExport
from workbench.exporters.keras_h5 import KerasHdf5Export
from workbench.formats.identify import identify
from workbench.runtimes.tensorflow import TensorFlow


@pytest.mark.parametrize(
    ("name", "kind", "exporter"),
    [
        (name, kind, exporter)
        for name in ("many-ports", "stacked-cells", "upscaler")
        for kind in ("keras-h5", "keras-zip")
        for exporter in (KerasZipExport(), KerasHdf5Export())
    ],
)
def test_the_other_file_computes_the_same(name: str, kind: str, exporter, tmp_path: Path, request) -> None:
    source = request.getfixturevalue("model_file")(name, kind)
    target = tmp_path / f"net{exporter.suffix}"
    exporter.run(source, target, exporter.params(), report=request.getfixturevalue("ear"))
    assert identify(target).id == exporter.produces
    assert request.getfixturevalue("worst_error")(source, TensorFlow().open(target)) == 0.0
    assert {path.name for path in tmp_path.iterdir()} == {target.name, "scratch"}


def test_settings_unknown_to_keras3_go_only_when_they_change_nothing() -> None:
    layers = [
        {"class_name": "LSTM", "config": {"units": 2, "time_major": False}},
        {"class_name": "LSTM", "config": {"units": 2, "time_major": True}},
        {"class_name": "DepthwiseConv2D", "config": {"groups": 1}},
        {"class_name": "Conv2D", "config": {"groups": 1}},
        {"class_name": "Embedding", "config": {"input_length": 20}},
    ]
    kept = [layer["config"] for layer in cleaned({"layers": layers})["layers"]]
    assert kept == [{"units": 2}, {"units": 2, "time_major": True}, {}, {"groups": 1}, {}]
