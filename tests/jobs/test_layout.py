"""The LayOut job: arrays on disk, functions, messages; and every real model drawn completely."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from workbench.core.boxes import boxes_of
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Graph
from workbench.core.ops import categories
from workbench.formats.identify import read_model
from workbench.jobs.layout import LayOut, Scene, lay_out


@pytest.mark.parametrize("direction", ["down", "right"])
def test_a_sample_is_laid_out(samples: Path, recorder, direction: str) -> None:
    scene = LayOut(path=str(samples / "digits.keras"), direction=direction).run(recorder)
    count, edges = len(scene.names), len(scene.edge_values)
    assert count == len(scene.titles) == len(scene.subtitles)
    assert edges == len(scene.edge_labels)
    with np.load(scene.arrays) as arrays:
        assert arrays["node_rects"].shape == (count, 4)
        assert arrays["node_rects"].dtype == np.float32
        assert arrays["node_colours"].max() < len(categories())
        assert arrays["edge_starts"].shape == (edges + 1,)
        assert arrays["edge_starts"][-1] == len(arrays["edge_points"])
        assert arrays["edge_nodes"].shape == (edges, 2)
    assert (scene.width > scene.height) == (direction == "right")
    assert any("kernel" in text for text in scene.subtitles)
    assert any("64" in label or "\u00d7" in label for label in scene.edge_labels)


def test_small_constants_are_read_for_the_drawing(recorder, tmp_path: Path) -> None:
    value = helper.make_tensor_value_info
    node = helper.make_node("Slice", ["x", "starts", "ends", "axes"], ["y"])
    numbers = {"starts": [1], "ends": [7], "axes": [2]}
    tensors = [helper.make_tensor(name, TensorProto.INT64, [1], given) for name, given in numbers.items()]
    graph = helper.make_graph([node], "g", [value("x", 1, [1, 8, 8])], [value("y", 1, [1, 8, 6])], tensors)
    path = tmp_path / "slice.onnx"
    path.write_bytes(helper.make_model(graph, ir_version=10).SerializeToString())
    scene = LayOut(path=str(path)).run(recorder)
    assert scene.subtitles[scene.titles.index("Slice")] == "starts = [1]\nends = [7]\naxes = [2]"


def test_an_unknown_function_is_said(samples: Path, recorder) -> None:
    with pytest.raises(WorkbenchError) as caught:
        LayOut(path=str(samples / "digits.onnx"), function="nowhere").run(recorder)
    assert "nowhere" in caught.value.message


def test_a_changed_file_is_read_again(samples: Path, recorder, tmp_path: Path) -> None:
    copy = tmp_path / "model"
    copy.write_bytes((samples / "digits.onnx").read_bytes())
    first = LayOut(path=str(copy)).run(recorder)
    copy.write_bytes((samples / "digits.tflite").read_bytes())
    second = LayOut(path=str(copy)).run(recorder)
    assert first.titles != second.titles


def test_a_graph_without_anything_is_an_empty_scene(tmp_path: Path) -> None:
    scene = lay_out(Graph("empty"), tmp_path / "scene.npz")
    assert scene.names == []
    with np.load(scene.arrays) as arrays:
        assert arrays["node_rects"].shape == (0, 4)
        assert arrays["edge_points"].shape == (0, 2)


def real_paths(folder: Path, scratch: Path) -> list[Path]:
    """Return every model of the fetched set; zipped classifiers are unpacked."""
    for archive in folder.glob("sleepecg-*/**/*.zip"):
        zipfile.ZipFile(archive).extractall(scratch / f"{archive.parts[-4]}-{archive.stem}")
    suffixes = (".onnx", ".tflite", ".h5", ".hdf5", ".keras")
    found = [path for root in (folder, scratch) for path in root.rglob("*") if path.suffix in suffixes]
    return sorted(found + [path.parent for root in (folder, scratch) for path in root.rglob("saved_model.pb")])


@pytest.mark.real
def test_every_node_and_edge_of_every_real_model_can_be_reached(real_models: Path, tmp_path: Path) -> None:
    paths = real_paths(real_models, tmp_path)
    assert len(paths) > 30
    for path in paths:
        graph = read_model(path)
        for number, (key, inner) in enumerate([("", graph), *graph.functions.items()]):
            begin = time.perf_counter()
            scene = lay_out(inner, tmp_path / f"{path.name}-{number}.npz")
            assert time.perf_counter() - begin < 5
            assert {node.name for node in inner.nodes} <= {*scene.names, *scene.folded}, (path, key)
            assert reached(scene) == wanted(inner), (path, key)
            assert_no_overlap(scene)


def reached(scene: Scene) -> set[tuple[int, int, str]]:
    """Return (from, to, value) of every edge that is drawn or named by a stub."""
    with np.load(scene.arrays) as arrays:
        ends = arrays["edge_nodes"].tolist()
    drawn = {(a, b, value) for (a, b), text in zip(ends, scene.edge_values, strict=True) for value in text.split("\n")}
    return drawn | {(stub.other, stub.node, stub.value) for stub in scene.stubs if not stub.outgoing}


def wanted(graph: Graph) -> set[tuple[int, int, str]]:
    """Return every edge that the file has between nodes that are no constants."""
    boxes = boxes_of(graph)
    return {(edge.source, edge.target, value) for edge in boxes.edges for value in edge.values}


def assert_no_overlap(scene: Scene) -> None:
    with np.load(scene.arrays) as arrays:
        rects = arrays["node_rects"]
    low, high = rects[:, :2], rects[:, :2] + rects[:, 2:]
    for number in range(len(rects)):
        hits = ((low < high[number] - 0.5) & (high > low[number] + 0.5)).all(axis=1)
        hits[number] = False
        assert not hits.any(), scene.names[number]
