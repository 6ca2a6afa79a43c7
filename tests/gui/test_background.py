"""What the window does away from the GUI thread: file work, decoding of big results, and what is kept of jobs."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from workbench.core import wire
from workbench.core.errors import WorkbenchError
from workbench.core.events import Finished
from workbench.core.graph import Attribute, Graph, Node, Port, Quantization, Tensor, Value
from workbench.gui import jobs as gui_jobs
from workbench.gui import state as gui_state
from workbench.gui.background import Background
from workbench.gui.decoding import BIG_BYTES, decoded
from workbench.gui.garbage import GarbageCollector
from workbench.gui.main_window import MainWindow
from workbench.jobs.layout import Scene
from workbench.jobs.read import ReadModel

WAIT_MS = 60_000


def test_work_is_done_on_another_thread_and_arrives_on_this_one(qtbot: QtBot) -> None:
    background = Background()
    seen: list[tuple[int, int]] = []
    background.run(threading.get_ident, lambda worker: seen.append((worker, threading.get_ident())))
    qtbot.waitUntil(lambda: bool(seen), timeout=5000)
    assert seen[0][0] != threading.get_ident()
    assert seen[0][1] == threading.get_ident()
    background.close()


def test_what_the_system_refuses_reaches_the_person_as_a_sentence(qtbot: QtBot, tmp_path: Path) -> None:
    background = Background()
    said: list[WorkbenchError] = []
    background.run((tmp_path / "missing").read_text, failed=said.append)
    qtbot.waitUntil(lambda: bool(said), timeout=5000)
    assert "missing" in said[0].message
    background.close()


def test_work_for_the_end_waits_for_the_rest_and_closing_waits_too(qtbot: QtBot) -> None:
    background = Background()
    order: list[str] = []
    gate = threading.Event()

    def slow() -> None:
        gate.wait(10)
        order.append("slow")

    background.run(slow)
    background.after_all(lambda: order.append("last"))
    gate.set()
    background.close()
    assert order == ["slow", "last"]


def graph_of(count: int) -> Graph:
    """Return a graph with every kind of field, nested graphs included."""
    nodes = [Node(f"n{n}", "Add", [f"v{n}"], [f"v{n + 1}"], [Attribute("f", float(n))]) for n in range(count)]
    values = {f"v{n}": Value(f"v{n}", "float32", [1, None, "b"]) for n in range(count)}
    scaled = Quantization([float("inf"), 0.5], [0, 1], 0)
    tensors = {"w": Tensor("w", "int8", [2], 2, quantization=scaled)}
    return Graph("g", nodes, values, tensors, [Port("v0", "float32", None)], notes=["\u00e9"], format="onnx")


@pytest.mark.parametrize("count", [0, 3, 20_000])
def test_a_result_decoded_in_pieces_is_the_same(count: int) -> None:
    graph = graph_of(count)
    graph.functions = {"small": graph_of(2), "big": graph_of(count), "last": graph_of(1)}
    raw = msgspec.Raw(wire.encode(graph))
    assert (len(bytes(raw)) >= BIG_BYTES) == (count == 20_000)
    found = decoded(raw, Graph)
    assert found == graph == wire.decode(raw, Graph)
    assert list(found.functions) == list(graph.functions)
    assert list(found.values) == list(graph.values)


def test_a_big_scene_decoded_in_pieces_is_the_same() -> None:
    names = [f"node {n}" for n in range(30_000)]
    scene = Scene("a.npz", names, names, names, names, names, 1.5, 2.5, folded=dict.fromkeys(names, 1))
    assert decoded(msgspec.Raw(wire.encode(scene)), Scene) == scene


def test_results_are_decoded_away_from_the_gui_thread(qtbot: QtBot, window: MainWindow, samples: Path) -> None:
    seen: list[tuple[int, str]] = []
    window.jobs.submit(
        ReadModel(path=str(samples / "digits.onnx")),
        prepare=lambda graph: (threading.get_ident(), graph.format),
        then=seen.append,
    )
    qtbot.waitUntil(lambda: bool(seen), timeout=WAIT_MS)
    assert seen[0][1] == "onnx"
    assert seen[0][0] != threading.get_ident()


def test_a_result_that_cannot_be_prepared_fails_the_job(qtbot: QtBot, window: MainWindow, samples: Path) -> None:
    def gone(_graph: Graph) -> None:
        raise FileNotFoundError(2, "No such file", "scene.npz")

    failed: list[object] = []
    window.jobs.submit(
        ReadModel(path=str(samples / "digits.onnx")), prepare=gone, then=failed.append, failed=failed.append, quiet=True
    )
    qtbot.waitUntil(lambda: bool(failed), timeout=WAIT_MS)
    assert "scene.npz" in str(failed[0])


def test_ended_jobs_leave_no_results_and_only_the_last_are_kept(
    qtbot: QtBot, window: MainWindow, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gui_jobs, "ENDED_KEPT", 2)
    done: list[Graph] = []
    results: list[Finished] = []
    window.jobs.happened.connect(lambda _ticket, event: results.append(event) if isinstance(event, Finished) else None)
    for _number in range(4):
        window.jobs.submit(ReadModel(path=str(samples / "digits.onnx")), then=done.append)
    qtbot.waitUntil(lambda: len(done) == 4, timeout=WAIT_MS)
    kept = window.jobs.courses()
    assert len(kept) == 2
    assert all(course.then is course.failed is course.samples is None for course in kept)
    assert all(bytes(event.result) == b"null" for event in results)


def test_garbage_is_collected_on_the_gui_thread_while_there_is_a_window(window: MainWindow) -> None:
    assert not gc.isenabled()
    window.close_now()
    assert gc.isenabled()


def test_a_cycle_goes_when_it_is_due(qapp: QApplication) -> None:
    class Node:
        me: object

    collector = GarbageCollector()
    node = Node()
    node.me = node
    gone = weakref.ref(node)
    del node
    fill = [[] for _number in range(2000)]  # more objects than the youngest generation may hold
    collector.collect()
    assert gone() is None
    assert len(fill) == 2000
    collector.stop()


def test_the_graphs_used_last_stay_in_memory(
    window: MainWindow, open_model: Callable[[Path], None], samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gui_state, "GRAPHS_KEPT", 2)
    for name in ("digits.onnx", "digits.tflite", "digits.keras"):
        open_model(samples / name)
    state = window.state
    first, second, third = (record.id for record in state.project.models())
    assert list(state.graphs) == [second, third]
    state.select(second)
    open_model(samples / "digits.onnx")  # known: read again, now that it is shown
    assert list(state.graphs) == [second, first]
    assert state.graph_of(first) is not None
