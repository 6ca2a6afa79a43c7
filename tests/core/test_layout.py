"""Boxes, layers and places: nothing overlaps, every edge arrives, and no graph kills the process."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.backends import sugiyama
from workbench.backends.sugiyama import layered
from workbench.core.boxes import Boxes, boxes_of, leaf_of, sizes_of
from workbench.core.graph import Graph, Node, Port, Tensor, Value
from workbench.core.layered import Layered, depths, forward, order_simply
from workbench.core.layout import Arrangement, Direction, Order, _Drawing, arrange
from workbench.core.stubs import leave_out_long_edges


def simply(count: int, edges: list[tuple[int, int]], pieces: int) -> list:
    return order_simply(count, edges)


ORDERS = pytest.mark.parametrize("order", [layered, simply], ids=["library", "simple"])


def check(arranged: Arrangement, sizes: list[tuple[float, float]], edges: list[tuple[int, int]]) -> None:
    """Assert what every layout must keep."""
    rects = arranged.rects
    assert len(rects) == len(sizes)
    np.testing.assert_allclose(rects[:, 2:], np.array(sizes).reshape(-1, 2), atol=0.01)
    assert (rects[:, :2] > -0.5).all()
    assert (rects[:, 0] + rects[:, 2] <= arranged.width + 0.5).all()
    assert (rects[:, 1] + rects[:, 3] <= arranged.height + 0.5).all()
    for number in range(len(rects)):
        x, y, w, h = rects[number]
        others = np.delete(rects, number, axis=0)
        overlaps = (others[:, 0] < x + w - 0.5) & (others[:, 0] + others[:, 2] > x + 0.5)
        overlaps &= (others[:, 1] < y + h - 0.5) & (others[:, 1] + others[:, 3] > y + 0.5)
        assert not overlaps.any()
    assert len(arranged.starts) == len(edges) + 1
    for number, (source, target) in enumerate(edges):
        way = arranged.points[arranged.starts[number] : arranged.starts[number + 1]]
        assert len(way) >= 2
        assert touches(rects[source], way[0]) and touches(rects[target], way[-1])
        if source != target:
            assert not [
                node for node in range(len(rects)) if node not in (source, target) and crosses(rects[node], way)
            ]


def touches(rect: np.ndarray, point: np.ndarray) -> bool:
    x, y, w, h = rect
    return bool(x - 0.5 <= point[0] <= x + w + 0.5 and y - 0.5 <= point[1] <= y + h + 0.5)


def crosses(rect: np.ndarray, way: np.ndarray) -> bool:
    """Say whether a polyline goes through a box, sampled every few pixels along each straight piece."""
    x, y, w, h = rect
    for a, b in pairwise(way):
        steps = np.linspace(0, 1, max(24, int(np.abs(b - a).max() / 6)))[:, None]
        spots = a + (b - a) * steps
        inside = (spots[:, 0] > x + 1) & (spots[:, 0] < x + w - 1) & (spots[:, 1] > y + 1) & (spots[:, 1] < y + h - 1)
        if inside.any():
            return True
    return False


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[tuple[float, float]], list[tuple[int, int]]]:
    count = draw(st.integers(1, 24))
    size = st.tuples(st.sampled_from([60.0, 110.0, 240.0]), st.sampled_from([26.0, 60.0, 120.0]))
    vertex = st.integers(0, count - 1)
    edges = draw(st.lists(st.tuples(vertex, vertex), max_size=40, unique=True))
    return draw(st.lists(size, min_size=count, max_size=count)), sorted(edges)


@ORDERS
@pytest.mark.parametrize("direction", ["down", "right"])
@settings(max_examples=150, deadline=None, derandomize=True)
@given(drawn=graphs())
def test_any_graph_is_laid_out_without_overlap(
    order: Order, direction: Direction, drawn: tuple[list[tuple[float, float]], list[tuple[int, int]]]
) -> None:
    sizes, edges = drawn
    arranged = arrange(sizes, edges, order, direction, exits=list(range(len(edges))))
    check(arranged, sizes, edges)


def test_flow_goes_down_or_to_the_right() -> None:
    sizes = [(100.0, 30.0)] * 4
    edges = [(0, 1), (1, 2), (0, 3), (3, 2)]
    down = arrange(sizes, edges, layered, "down", exits=[0] * 4)
    right = arrange(sizes, edges, layered, "right", exits=[0] * 4)
    for source, target in edges:
        assert down.rects[source, 1] + 30 < down.rects[target, 1]
        assert right.rects[source, 0] + 100 < right.rects[target, 0]


def test_a_long_edge_goes_straight_beside_the_chain() -> None:
    sizes = [(100.0, 30.0)] * 8
    edges = [(n, n + 1) for n in range(7)] + [(0, 7)]
    arranged = arrange(sizes, sorted(edges), layered, "down", exits=[0] * 8)
    way = arranged.points[arranged.starts[1] : arranged.starts[2]]
    assert sorted(edges)[1] == (0, 7)
    assert len(np.unique(way[1:-1, 0].round(1))) <= 3


def test_cycles_are_broken_and_drawn() -> None:
    edges = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 2), (1, 1)]
    ahead = forward(4, [edge for edge in edges if edge[0] != edge[1]])
    depth = depths(4, ahead)
    assert all(depth[source] < depth[target] for source, target in ahead)
    arranged = arrange([(80.0, 26.0)] * 4, edges, layered, "down", exits=[0] * 6)
    check(arranged, [(80.0, 26.0)] * 4, edges)


@ORDERS
def test_a_very_deep_graph_does_not_kill_the_process(order: Order) -> None:
    count = 30_000
    edges = sorted([(n, n + 1) for n in range(count - 1)] + [(n, n + 2) for n in range(0, count - 2, 2)])
    begin = time.perf_counter()
    arranged = arrange([(80.0, 26.0)] * count, edges, order, "down", exits=[0] * len(edges))
    assert np.all(np.diff(arranged.rects[:, 1]) > 26)
    assert time.perf_counter() - begin < 60


class Panic(BaseException):
    """As pyo3's PanicException, which is no Exception either."""


@pytest.mark.parametrize("problem", [ValueError, Panic])
def test_what_fails_in_the_layout_thread_is_not_lost(monkeypatch: pytest.MonkeyPatch, problem: type) -> None:
    def fail(*_given: object, **_more: object) -> None:
        raise problem("from inside")

    monkeypatch.setattr(sugiyama, "from_edges", fail)
    with pytest.raises(RuntimeError) as said:
        layered(2, [(0, 1)], 1)
    assert "from inside" in str(said.value.__cause__)


def test_an_edge_that_was_not_laid_out_is_an_error_not_an_endless_search() -> None:
    drawing = _Drawing(Layered([[0], [2], [1]], {(0, 1): [2]}), [10.0, 10.0], [10.0, 10.0], 5.0)
    assert drawing.way(0, 1) == [0, 2, 1]
    assert drawing.way(1, 0) == [1, 2, 0]
    with pytest.raises(KeyError):
        drawing.way(0, 2)


def test_edges_of_a_tensor_that_every_layer_reads_become_stubs() -> None:
    graph = chain(60)
    graph.nodes.insert(0, Node("/mask/Cast", "Cast", ["x"], ["mask"]))
    for node in graph.nodes[1:]:
        node.inputs.append("mask")
    boxes = boxes_of(graph)
    drawn = len(boxes.edges)
    leave_out_long_edges(boxes)
    arrivals = [stub for stub in boxes.stubs if not stub.outgoing]
    departures = [stub for stub in boxes.stubs if stub.outgoing]
    mask = boxes.names.index("/mask/Cast")
    assert len(arrivals) > 40
    assert len(boxes.edges) + len(arrivals) == drawn
    assert {(stub.other, stub.text, stub.value) for stub in arrivals} == {(mask, "Cast", "mask")}
    assert len(departures) == 1
    assert departures[0].node == mask
    assert sorted(departures[0].others) == sorted(stub.node for stub in arrivals)


def test_a_few_long_skip_connections_stay_drawn() -> None:
    graph = chain(40)
    graph.nodes[35].inputs.append("v5")
    boxes = boxes_of(graph)
    leave_out_long_edges(boxes)
    assert boxes.stubs == []


def test_too_many_long_edges_are_cut_down_to_what_can_be_laid_out() -> None:
    graph = chain(1200)
    for number in range(20):
        for node in graph.nodes[1000 + number :: 20]:
            node.inputs.append(f"v{number}")
    boxes = boxes_of(graph)
    before = len(boxes.edges)
    leave_out_long_edges(boxes)
    assert len(boxes.edges) + sum(not stub.outgoing for stub in boxes.stubs) == before
    pairs = [(edge.source, edge.target) for edge in boxes.edges]
    assert sum(abs(target - source) for source, target in pairs) < 10_000


def chain(length: int) -> Graph:
    """Return x -> Relu_0 -> ... -> y."""
    nodes = [Node(f"Relu_{n}", "Relu", [f"v{n - 1}" if n else "x"], [f"v{n}"]) for n in range(length)]
    return Graph("chain", nodes, inputs=[Port("x", "float32", [1])], outputs=[Port(f"v{length - 1}", "float32", [1])])


def test_inputs_and_outputs_are_boxes_and_weights_are_lines() -> None:
    graph = Graph(
        "g",
        [Node("dense/MatMul", "MatMul", ["x", "dense/kernel:0"], ["y"])],
        tensors={"dense/kernel:0": Tensor("dense/kernel:0", "float32", [64, 10], 2560)},
        inputs=[Port("x", "float32", [None, 64])],
        outputs=[Port("y", "float32", [None, 10])],
    )
    boxes = boxes_of(graph)
    assert boxes.titles == ["Input", "MatMul", "Output"]
    assert boxes.rows[1] == ["kernel ⟨64\u00d710⟩"]
    assert [(edge.source, edge.target, edge.values) for edge in boxes.edges] == [(0, 1, ["x"]), (1, 2, ["y"])]
    assert boxes_of(graph, named=True).rows[1][0] == "MatMul"


def test_constants_and_unpacked_weights_are_folded_into_their_consumer() -> None:
    graph = Graph(
        "g",
        [
            Node("Constant_0", "Constant", [], ["c"]),
            Node("unpack", "DENSIFY", ["w"], ["d"]),
            Node("half", "DEQUANTIZE", ["d"], ["f"]),
            Node("CONV_2D_3", "CONV_2D", ["x", "f", "c"], ["y"]),
            Node("scale", "DEQUANTIZE", ["y"], ["z"]),
        ],
        values={"c": Value("c", "int64", [2])},
        tensors={"w": Tensor("w", "float16", [8, 3, 3, 1], 144)},
        inputs=[Port("x", "float32", [1])],
        outputs=[Port("z", "float32", [1])],
    )
    boxes = boxes_of(graph)
    assert boxes.titles == ["Input", "CONV_2D", "DEQUANTIZE", "Output"]
    assert boxes.folded == {"Constant_0": 1, "unpack": 1, "half": 1}
    assert boxes.rows[1] == ["w ⟨8\u00d73\u00d73\u00d71⟩", "c ⟨2⟩"]


def test_small_constants_are_written_as_numbers_on_one_line() -> None:
    tensors = {"axes": Tensor("axes", "int64", [2], 16), "text": Tensor("text", "string", [], 9)}
    graph = Graph("g", [Node("Slice_0", "Slice", ["x", "axes", "text"], ["y"])], tensors=tensors)
    rows = boxes_of(graph, numbers={"axes": "[0, 3]", "text": "two\nlines"}).rows[0]
    assert rows == ["axes = [0, 3]", "text = two lines"]


def test_values_captured_by_a_branch_are_edges() -> None:
    node = Node("If_0", "If", ["cond"], ["y"], subgraphs=["If_0/then_branch"], captures=["x"])
    graph = Graph("g", [node], inputs=[Port("cond", "bool", []), Port("x", "float32", [1])])
    assert [(edge.source, edge.values) for edge in boxes_of(graph).edges] == [(0, ["cond"]), (1, ["x"])]


def test_values_from_outside_a_branch_are_boxes() -> None:
    graph = Graph("branch", [Node("inner", "Add", ["x", "x"], ["r"])], outputs=[Port("r", "", None)])
    boxes = boxes_of(graph)
    assert sorted(zip(boxes.names, boxes.titles, strict=True)) == [("inner", "Add"), ("r", "Output"), ("x", "Outside")]
    assert len(boxes.edges) == 2


def test_names_stay_unique_when_a_node_is_called_like_an_input() -> None:
    graph = Graph(
        "g", [Node("x", "Relu", ["x"], ["y"])], inputs=[Port("x", "float32", [1])], outputs=[Port("y", "", None)]
    )
    names = boxes_of(graph).names
    assert len(set(names)) == len(names) == 3


def test_boxes_are_as_wide_as_their_texts_and_high_as_their_lines() -> None:
    boxes = Boxes()
    boxes.add("a", "Relu", [])
    boxes.add("b", "ConvTranspose", ["kernel ⟨3\u00d73\u00d764\u00d764⟩", "bias ⟨64⟩"])
    narrow, wide = sizes_of(boxes)
    assert wide[0] > narrow[0]
    assert wide[1] > narrow[1]


@pytest.mark.parametrize(
    ("name", "leaf"),
    [
        ("model/dense/kernel:0", "kernel"),
        ("encoder.layer.0.weight", "weight"),
        ("/layer.0/attn/MatMul_12", "MatMul_12"),
        ("Conv2D", "Conv2D"),
        ("a/b;c/d", "d"),
    ],
)
def test_leaf_of(name: str, leaf: str) -> None:
    assert leaf_of(name) == leaf
