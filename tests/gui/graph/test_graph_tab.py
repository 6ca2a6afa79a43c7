"""The graph tab and the inspector together, on the bundled samples, with real workers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from workbench.core.boxes import boxes_of
from workbench.core.graph import Attribute, Graph, Node, Port, Quantization, Tensor, Value
from workbench.core.graph_index import GraphIndex
from workbench.gui import theme
from workbench.gui.graph.graph_tab import GraphTab
from workbench.gui.graph.inspector import Inspector, node_called
from workbench.gui.graph.page_text import node_page
from workbench.gui.state import State

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")  # says the offscreen plugin


@pytest.fixture
def tab(qtbot: QtBot, state: State) -> GraphTab:
    found = GraphTab(state, state.jobs)
    found.view.animated = False
    qtbot.addWidget(found)
    found.resize(900, 600)
    found.show()
    return found


@pytest.fixture
def inspector(qtbot: QtBot, state: State, tab: GraphTab) -> Inspector:
    found = Inspector(state, state.jobs)
    qtbot.addWidget(found)
    found.resize(320, 700)
    found.show()
    return found


def open_model(qtbot: QtBot, state: State, tab: GraphTab, path: Path) -> None:
    with qtbot.waitSignals([tab.drawn, state.graph_ready], timeout=30_000):
        state.open_model(path)


@pytest.mark.parametrize("name", ["digits.h5", "digits.keras", "digits.onnx", "digits.tflite", "digits_savedmodel"])
def test_every_format_is_drawn_and_described(
    qtbot: QtBot, tab: GraphTab, inspector: Inspector, samples: Path, name: str
) -> None:
    open_model(qtbot, inspector.state, tab, samples / name)
    drawing = tab.view.drawing
    assert drawing is not None
    assert {"Input", "Output"} <= set(drawing.scene.titles)
    assert len(drawing.edges) >= 3
    assert name in inspector.text.toPlainText()


def test_selecting_a_node_describes_it_and_its_weights(
    qtbot: QtBot, tab: GraphTab, inspector: Inspector, samples: Path, tmp_path: Path
) -> None:
    state = inspector.state
    open_model(qtbot, state, tab, samples / "digits.keras")
    graph = state.graph_of(state.current.id)
    node = next(node for node in graph.nodes if any(name in graph.tensors for name in node.inputs))
    with qtbot.waitSignal(tab.node_selected):
        tab.view.select(tab.view.drawing.index[node.name])
    text = inspector.text.toPlainText()
    assert node.name in text
    assert node.op in text
    tensor = next(graph.tensors[name] for name in node.inputs if name in graph.tensors)
    number = next(n for n, link in enumerate(inspector._page.links) if link.name == tensor.name)
    inspector.text.anchorClicked.emit(QUrl(f"#{number}"))
    qtbot.waitUntil(lambda: inspector.tensor.shown is not None, timeout=30_000)
    assert inspector.tensor.shown.name == tensor.name
    assert sum(inspector.tensor.shown.histogram) == np.prod(tensor.shape)
    target = tmp_path / "weight.npy"
    with qtbot.waitSignal(state.message, timeout=30_000):
        inspector.save_tensor_to(target)
    assert list(np.load(target).shape) == tensor.shape


def test_links_lead_to_neighbours_and_ops_to_the_search(
    qtbot: QtBot, state: State, tab: GraphTab, inspector: Inspector, samples: Path
) -> None:
    open_model(qtbot, state, tab, samples / "digits.onnx")
    links = inspector._page.links
    op = next(n for n, link in enumerate(links) if link.kind == "op")
    inspector.text.anchorClicked.emit(QUrl(f"#{op}"))
    assert tab.search.hits
    assert tab.view.marks.found == tab.search.hits
    assert tab.view.marks.selected == tab.search.hits[0]
    links = inspector._page.links
    neighbour = next(n for n, link in enumerate(links) if link.kind == "node")
    wanted = links[neighbour].name
    inspector.text.anchorClicked.emit(QUrl(f"#{neighbour}"))
    assert tab.view.drawing.scene.names[tab.view.marks.selected] == wanted


def branching(path: Path) -> Path:
    """Write an ONNX model with an If of two branches that use a value from outside."""
    value = helper.make_tensor_value_info
    out = value("r", 1, [2])
    branches = [
        helper.make_graph([helper.make_node(op, ["x"], ["r"], name=f"inner_{op}")], op, [], [out])
        for op in ("Neg", "Abs")
    ]
    node = helper.make_node("If", ["c"], ["y"], name="choice", then_branch=branches[0], else_branch=branches[1])
    graph = helper.make_graph([node], "g", [value("c", 9, []), value("x", 1, [2])], [value("y", 1, [2])])
    path.write_bytes(helper.make_model(graph, ir_version=10).SerializeToString())
    return path


def test_functions_can_be_chosen_and_opened(
    qtbot: QtBot, state: State, tab: GraphTab, inspector: Inspector, tmp_path: Path
) -> None:
    open_model(qtbot, state, tab, branching(tmp_path / "if.onnx"))
    graph = state.graph_of(state.current.id)
    assert len(graph.functions) == 2
    assert {"Input", "If", "Output"} == set(tab.view.drawing.scene.titles)
    assert len(tab.view.drawing.edges) == 3
    with qtbot.waitSignal(tab.drawn, timeout=30_000):
        tab.view.node_activated.emit("choice")
    first = graph.nodes[0].subgraphs[0]
    drawn = set(tab.view.drawing.scene.names)
    assert {node.name for node in graph.functions[first].nodes} <= drawn
    assert inspector.text.toPlainText().strip().startswith(first.split("/")[-1])
    assert "Outside" in tab.view.drawing.scene.titles
    tab.view.select(tab.view.drawing.index["x"])
    assert "Outside" in inspector.text.toPlainText()
    with qtbot.waitSignal(tab.drawn, timeout=30_000):
        tab.selection.reveal.emit("", "choice")
    assert tab.view.drawing.scene.names[tab.view.marks.selected] == "choice"


def test_turning_keeps_the_selection(qtbot: QtBot, state: State, tab: GraphTab, samples: Path) -> None:
    open_model(qtbot, state, tab, samples / "digits.onnx")
    tab.view.select(2)
    name = tab.view.drawing.scene.names[2]
    with qtbot.waitSignal(tab.drawn, timeout=30_000):
        tab.turn()
    scene = tab.view.drawing.scene
    assert scene.direction == "right"
    assert scene.width > scene.height
    assert scene.names[tab.view.marks.selected] == name


def test_a_model_that_has_gone_is_said_and_can_be_tried_again(
    qtbot: QtBot, state: State, tab: GraphTab, samples: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.onnx"
    copy.write_bytes((samples / "digits.onnx").read_bytes())
    open_model(qtbot, state, tab, copy)
    moved = copy.rename(tmp_path / "elsewhere.onnx")
    tab.reload()
    qtbot.waitUntil(lambda: tab.error_text() != "", timeout=30_000)
    assert "copy.onnx" in tab.error_text()
    moved.rename(copy)
    with qtbot.waitSignal(tab.drawn, timeout=30_000):
        tab.reload()
    assert tab.error_text() == ""


def test_the_windows_find_command_finds_the_search_box(tab: GraphTab) -> None:
    assert tab.findChild(QLineEdit) is tab.search.box


def test_a_picture_is_saved_once_and_then_refused(
    qtbot: QtBot, state: State, tab: GraphTab, samples: Path, tmp_path: Path
) -> None:
    open_model(qtbot, state, tab, samples / "digits.onnx")
    target = tmp_path / "graph.svg"
    with qtbot.waitSignal(state.message) as said:
        tab.save_picture_to(target)
    assert said.args[3] == "good"
    with qtbot.waitSignal(state.message) as said:
        tab.save_picture_to(target)
    assert said.args[3] == "error"


def test_drawing_can_be_cancelled_and_tried_again(qtbot: QtBot, state: State, tab: GraphTab, samples: Path) -> None:
    open_model(qtbot, state, tab, samples / "digits.onnx")
    tab.reload()
    tab.cancel()
    qtbot.waitUntil(lambda: tab.error_text() != "", timeout=30_000)
    with qtbot.waitSignal(tab.drawn, timeout=30_000):
        tab.reload()


def test_another_theme_changes_the_colours_at_once(
    qtbot: QtBot, state: State, tab: GraphTab, inspector: Inspector, samples: Path
) -> None:
    open_model(qtbot, state, tab, samples / "digits.onnx")
    for mode in ("dark", "light"):
        state.set_theme(mode)
        assert tab.view.grab().toImage().pixelColor(3, 3) == theme.colour("canvas")
        assert theme.colour("accent").name() in inspector._page.html()


def test_renaming_a_model_leaves_the_view_alone(qtbot: QtBot, state: State, tab: GraphTab, samples: Path) -> None:
    open_model(qtbot, state, tab, samples / "digits.onnx")
    drawing = tab.view.drawing
    tab.view.select(1)
    state.rename(state.current.id, "other")
    assert tab.view.drawing is drawing
    assert tab.view.marks.selected == 1


def test_a_quantized_weight_says_that_its_integers_are_scaled(
    qtbot: QtBot, tab: GraphTab, inspector: Inspector, tmp_path: Path
) -> None:
    value = helper.make_tensor_value_info
    weights = [
        helper.make_tensor("w", 3, [2, 2], [1, -2, 3, 0]),
        helper.make_tensor("s", 1, [], [0.5]),
        helper.make_tensor("z", 3, [], [0]),
    ]
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "s", "z"], ["f"], name="unpack"),
        helper.make_node("MatMul", ["x", "f"], ["y"], name="dense"),
    ]
    graph = helper.make_graph(nodes, "g", [value("x", 1, [1, 2])], [value("y", 1, [1, 2])], weights)
    path = tmp_path / "int8.onnx"
    path.write_bytes(helper.make_model(graph, ir_version=10).SerializeToString())
    open_model(qtbot, inspector.state, tab, path)
    tab.view.select(tab.view.drawing.index["dense"])
    assert tab.view.drawing.scene.folded == {"unpack": tab.view.drawing.index["dense"]}
    inspector.show_tensor("w")
    qtbot.waitUntil(lambda: inspector.tensor.shown is not None, timeout=30_000)
    assert inspector.tensor.numbers().tolist() == [[1, -2], [3, 0]]
    assert inspector.tensor.shown.zeros == 0.25


def test_an_empty_tab_says_so(qtbot: QtBot, state: State, tab: GraphTab, inspector: Inspector) -> None:
    assert tab.view.drawing is None
    assert not tab.view.isVisible()
    assert inspector.text.toPlainText() == ""


def test_a_node_page_says_everything_and_escapes_it(qapp: QApplication) -> None:
    node = Node(
        "<conv>", "CONV_2D", ["x", "w"], ["y"], [Attribute("padding", "SAME"), Attribute("scale", 0.1 + 0.2)], "custom"
    )
    graph = Graph(
        "g",
        [node, Node("next", "RELU", ["y"], ["z"])],
        values={"y": Value("y", "int8", [1, None, 4], Quantization([0.5], [3]))},
        tensors={"w": Tensor("w", "int8", [4, 3], 12, sparse=True, quantization=Quantization([0.1, 0.2], [0, 0], 0))},
        inputs=[Port("x", "int8", [1, 3])],
    )
    page = node_page(GraphIndex(graph), node)
    html = page.html()
    assert "&lt;conv&gt;" in html
    for text in ("SAME", "0.3<", "0.5", "sparse", "0.1", "0.2", "int8 1\u00d7?\u00d74", "12 B"):
        assert text in html
    assert {(link.kind, link.name) for link in page.links} == {("tensor", "w"), ("node", "x"), ("node", "next")}


def test_a_models_own_input_is_not_taken_for_one_whose_name_it_begins_with() -> None:
    ports = [Port("input_1", "float32", [1]), Port("input_10", "float32", [1])]
    node = Node("out", "Add", ["input_1", "input_10"], ["sum"])
    graph = Graph("g", [node], inputs=ports, outputs=[Port("sum", "float32", [1])])
    index = GraphIndex(graph)
    assert node_called(index, "input_10").outputs == ["input_10"]
    taken = Graph(
        "g", [Node("input_1", "Add", ["input_1"], ["out"]), node], inputs=ports, outputs=[Port("out", "", None)]
    )
    boxes = boxes_of(taken)
    shown = boxes.names[boxes.titles.index("Input")]
    assert shown != "input_1"
    assert node_called(GraphIndex(taken), shown).outputs == ["input_1"]
    shown = boxes.names[boxes.titles.index("Output")]
    assert node_called(GraphIndex(taken), shown).inputs == ["out"]


def test_a_models_own_input_is_found_by_name() -> None:
    graph = Graph("g", [], inputs=[Port("x", "float32", [1])], outputs=[Port("y", "float32", [1])])
    assert node_called(GraphIndex(graph), "x").op == "Input"
    assert node_called(GraphIndex(graph), "y").op == "Output"
    assert node_called(GraphIndex(graph), "z") is None
