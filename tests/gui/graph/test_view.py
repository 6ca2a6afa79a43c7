"""The view: what is where, zoom to the cursor, clicking, walking, searching."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from workbench.core.graph import Graph, Node, Port
from workbench.gui import theme
from workbench.gui.graph.drawing import Drawing
from workbench.gui.graph.search import SearchBar
from workbench.gui.graph.view import MOST_ZOOM, GraphView

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")  # says the offscreen plugin

DrawGraph = Callable[..., Drawing]


@pytest.fixture
def view(qtbot: QtBot, drawing: Drawing) -> GraphView:
    found = GraphView()
    qtbot.addWidget(found)
    found.animated = False
    found.resize(800, 600)
    found.show()
    found.show_drawing(drawing)
    return found


def spot_of(view: GraphView, node: int) -> QPoint:
    """Return the widget point in the middle of a box's title bar."""
    rect = view.drawing.rect(node)
    return view.transform().map(QPointF(rect.center().x(), rect.top() + 8)).toPoint()


def test_everything_is_found_where_it_lies(drawing: Drawing) -> None:
    assert set(drawing.nodes_in(drawing.bounds)) == set(range(len(drawing.scene.names)))
    assert set(drawing.edges_in(drawing.bounds)) == set(range(len(drawing.scene.edge_values)))
    for node in range(len(drawing.scene.names)):
        assert drawing.node_at(drawing.rect(node).center()) == node
    assert drawing.node_at(QPointF(-100, -100)) is None
    assert len(drawing.nodes_in(QRectF(-500, -500, 10, 10))) == 0


def test_every_edge_of_the_graph_is_drawn_with_its_values(drawing: Drawing) -> None:
    names = drawing.scene.names
    drawn = {
        (names[source], names[target], value)
        for (source, target), values in zip(drawing.edges.tolist(), drawing.scene.edge_values, strict=True)
        for value in values.split("\n")
    }
    assert drawn == {
        ("x", "block/conv", "x"),
        ("block/conv", "block/relu", "a"),
        ("block/conv", "head/add", "a"),
        ("block/relu", "head/split", "b"),
        ("head/split", "head/mul", "c"),
        ("head/split", "head/mul", "d"),
        ("head/mul", "head/add", "e"),
        ("head/add", "y", "y"),
    }


def test_a_small_graph_is_shown_whole(view: GraphView, drawing: Drawing) -> None:
    assert view.area().contains(drawing.bounds)
    assert not view.minimap.isVisible()


def test_a_long_graph_is_shown_from_its_beginning(view: GraphView, draw: DrawGraph) -> None:
    nodes = [Node(f"n{i}", "Relu", [f"v{i - 1}" if i else "x"], [f"v{i}"]) for i in range(300)]
    long = draw(Graph("long", nodes, inputs=[Port("x", "", None)], outputs=[Port("v299", "", None)]))
    view.show_drawing(long)
    assert view.zoom >= 0.5
    assert view.area().contains(long.rect(long.index["x"]))
    assert view.minimap.isVisible()
    view.fit()
    assert view.area().contains(long.bounds)


def test_a_long_graph_is_shown_in_its_whole_breadth(view: GraphView, draw: DrawGraph) -> None:
    nodes = [
        Node(f"n{row}_{column}", "Relu", [f"v{row - 1}_{column}" if row else "x"], [f"v{row}_{column}"])
        for row in range(60)
        for column in range(5)
    ]
    tall = draw(Graph("tall", nodes, inputs=[Port("x", "", None)]))
    view.show_drawing(tall)
    assert 0.5 <= view.zoom <= 1.0
    seen = view.area()
    assert seen.left() <= 0
    assert seen.right() >= tall.bounds.width()
    assert seen.contains(tall.rect(tall.index["x"]))


def test_the_wheel_zooms_to_the_cursor(view: GraphView) -> None:
    spot = QPointF(200, 150)
    before = view.to_scene(spot)
    wheel = QWheelEvent(
        spot,
        spot,
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    zoom = view.zoom
    QApplication.sendEvent(view, wheel)
    assert view.zoom > zoom
    after = view.to_scene(spot)
    assert abs(after.x() - before.x()) < 0.01
    assert abs(after.y() - before.y()) < 0.01


def test_zoom_has_limits(view: GraphView) -> None:
    for _step in range(60):
        view.zoom_by(2)
    assert view.zoom == MOST_ZOOM


def test_dragging_pans(qtbot: QtBot, view: GraphView) -> None:
    view.zoom_by(2)
    centre = view.centre
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(400, 300))
    qtbot.mouseMove(view, QPoint(440, 330))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(440, 330))
    assert view.centre.x() == pytest.approx(centre.x() - 40 / view.zoom, abs=0.5)
    assert view.centre.y() == pytest.approx(centre.y() - 30 / view.zoom, abs=0.5)
    assert view.marks.selected is None


def test_a_click_selects_and_the_empty_canvas_deselects(qtbot: QtBot, view: GraphView, drawing: Drawing) -> None:
    relu = drawing.index["block/relu"]
    with qtbot.waitSignal(view.node_selected) as said:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=spot_of(view, relu))
    assert said.args == ["block/relu"]
    with qtbot.waitSignal(view.node_selected) as said:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert said.args == [""]


def test_the_arrow_keys_walk_along_edges(qtbot: QtBot, view: GraphView, drawing: Drawing) -> None:
    view.select(drawing.index["x"])
    seen = []
    for _step in range(4):
        qtbot.keyClick(view, Qt.Key.Key_Down)
        seen.append(drawing.scene.titles[view.marks.selected])
    assert seen[0] == "Conv"
    assert set(seen[1:]) <= {"Relu", "Split", "Add", "Mul", "Output"}
    qtbot.keyClick(view, Qt.Key.Key_Up)
    assert view.marks.selected is not None


def test_a_click_on_a_stub_jumps_to_its_other_end(qtbot: QtBot, view: GraphView, draw: DrawGraph) -> None:
    nodes = [Node("mask", "Cast", ["x"], ["m"])]
    nodes += [Node(f"n{i}", "Add", [f"v{i - 1}" if i else "x", "m"], [f"v{i}"]) for i in range(60)]
    shared = draw(Graph("shared", nodes, inputs=[Port("x", "", None)]))
    view.show_drawing(shared)
    node = shared.index["n50"]
    view.select(node, reveal=True)
    rect = shared.rect(node)
    line = view.transform().map(QPointF(rect.left() + 15, rect.bottom() - 10)).toPoint()
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=line)
    assert shared.scene.names[view.marks.selected] == "mask"
    assert view.area().intersects(shared.rect(view.marks.selected))


def test_copy_puts_the_name_on_the_clipboard(qtbot: QtBot, view: GraphView, drawing: Drawing) -> None:
    view.select(drawing.index["head/mul"])
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "head/mul"


def test_the_minimap_moves_the_view(qtbot: QtBot, view: GraphView, drawing: Drawing) -> None:
    view.zoom_by(4)
    assert view.minimap.isVisible()
    qtbot.mouseClick(
        view.minimap, Qt.MouseButton.LeftButton, pos=QPoint(view.minimap.width() // 2, view.minimap.height() - 8)
    )
    assert view.centre.y() > drawing.bounds.center().y()


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("zoom", [1.0, 0.4, 0.1])
def test_boxes_are_painted_in_their_op_colours(view: GraphView, drawing: Drawing, mode: str, zoom: float) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    theme.apply(application, mode)
    view.restyle()
    relu = drawing.index["block/relu"]
    view.look_at(drawing.rect(relu).center(), zoom)
    image = QImage(view.size(), QImage.Format.Format_RGB32)
    view.render(image)
    rect = drawing.rect(relu)
    spot = view.transform().map(QPointF(rect.left() + 12, rect.top() + 6)).toPoint()
    assert image.pixelColor(spot) == theme.op_colour("activation")
    assert image.pixelColor(2, 2) == theme.colour("canvas")
    theme.apply(application, "light")


@pytest.mark.parametrize("direction", ["down", "right"])
def test_paths_begin_and_end_at_their_boxes(draw: DrawGraph, drawing: Drawing, direction: str) -> None:
    graph = Graph("two", [Node("a", "Relu", ["x"], ["y"])], inputs=[Port("x", "", None)])
    found = draw(graph, direction)
    path = found.path(np.array([0]))
    assert found.rect(0).adjusted(-1, -1, 1, 1).contains(path.pointAtPercent(0))
    assert found.rect(1).adjusted(-1, -1, 1, 1).contains(path.pointAtPercent(1))


def test_search_finds_names_and_ops_and_steps_round(qtbot: QtBot, drawing: Drawing) -> None:
    bar = SearchBar()
    qtbot.addWidget(bar)
    bar.show_drawing(drawing)
    bar.box.setText("head")
    bar.search()
    assert {drawing.scene.names[hit] for hit in bar.hits} == {"head/split", "head/mul", "head/add"}
    assert "3" in bar.count.text()
    chosen: list[int] = []
    bar.chosen.connect(chosen.append)
    for _step in range(4):
        qtbot.keyClick(bar.box, Qt.Key.Key_Return)
    assert chosen == [*bar.hits, bar.hits[0]]
    qtbot.keyClick(bar.box, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert chosen[-1] == bar.hits[-1]
    bar.look_for("CONV kernel")
    assert [drawing.scene.names[hit] for hit in bar.hits] == ["block/conv"]
    bar.look_for("nothing like it")
    assert bar.hits == []
    assert not bar.next.isEnabled()
