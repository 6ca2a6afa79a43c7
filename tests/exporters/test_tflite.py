"""The TFLite exporter: from each format, with a free or a fixed batch."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.core.errors import WorkbenchError
from workbench.core.graph import Graph, Node, Port
from workbench.exporters.tflite import TfliteExport, TfliteParams
from workbench.runtimes.litert import LiteRt


@pytest.mark.parametrize("kind", ["keras-h5", "keras-zip", "saved-model"])
def test_each_format_becomes_tflite(kind: str, model_file, tmp_path: Path, ear, worst_error) -> None:
    source = model_file("upscaler", kind)
    outcome = TfliteExport().run(source, tmp_path / "net.tflite", TfliteParams(), report=ear)
    assert outcome.notes == []
    assert worst_error(source, LiteRt().open(tmp_path / "net.tflite"), batch=3) <= 5e-6


def test_batch_is_fixed_and_said_where_it_must_be(model_file, tmp_path: Path, ear, worst_error) -> None:
    source = model_file("gru", "keras-h5")
    outcome = TfliteExport().run(source, tmp_path / "one.tflite", TfliteParams(), report=ear)
    assert "fixed to 1" in outcome.notes[0]
    assert worst_error(source, LiteRt().open(tmp_path / "one.tflite"), batch=1) <= 5e-6
    assert TfliteExport().run(source, tmp_path / "five.tflite", TfliteParams(batch=5), report=ear).notes == []
    assert worst_error(source, LiteRt().open(tmp_path / "five.tflite"), batch=5) <= 5e-6


@pytest.mark.parametrize(
    ("kind", "op"), [("keras-zip", "MaxPooling3D"), ("keras-h5", "AveragePooling3D"), ("saved-model", "MaxPool3D")]
)
def test_pooling_over_volumes_is_refused_with_the_reason(kind: str, op: str) -> None:
    graph = Graph("g", nodes=[Node("pool", op)], inputs=[Port("x", "float32", None)], format=kind)
    assert TfliteExport().requires(graph) == f"LiteRT has no kernel for {op} (pool)."


def test_training_steps_of_a_saved_model_do_not_count() -> None:
    step = Graph("step", nodes=[Node("pool", "MaxPool3D")])
    graph = Graph("g", nodes=[Node("x", "Placeholder")], functions={"step": step}, format="saved-model")
    assert TfliteExport().requires(graph) is None


def test_what_the_graph_does_not_show_the_converter_says(model_file, tmp_path: Path, ear) -> None:
    with pytest.raises(WorkbenchError, match="no kernel for MaxPool3D") as caught:
        TfliteExport().run(model_file("volume", "saved-model"), tmp_path / "net.tflite", TfliteParams(), report=ear)
    assert "ONNX" in caught.value.hint
