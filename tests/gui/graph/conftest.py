"""What tests of the graph share: a small graph laid out, and a real window state with its workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from workbench.core.graph import Attribute, Graph, Node, Port, Tensor, Value
from workbench.core.project import Project
from workbench.gui.graph.drawing import Drawing
from workbench.gui.jobs import Jobs
from workbench.gui.state import State
from workbench.jobs.layout import lay_out
from workbench.jobs.runner import Runner


def small_graph() -> Graph:
    """Return a net with a skip connection, weights and a node of two outputs."""
    return Graph(
        "small",
        [
            Node("block/conv", "Conv", ["x", "block/kernel"], ["a"], [Attribute("strides", [2, 2])], parameters=54),
            Node("block/relu", "Relu", ["a"], ["b"]),
            Node("head/split", "Split", ["b"], ["c", "d"]),
            Node("head/mul", "Mul", ["c", "d"], ["e"]),
            Node("head/add", "Add", ["e", "a"], ["y"]),
        ],
        values={name: Value(name, "float32", [1, 8, 8, 2]) for name in "xabcdey"},
        tensors={"block/kernel": Tensor("block/kernel", "float32", [3, 3, 3, 2], 216)},
        inputs=[Port("x", "float32", [1, 16, 16, 3])],
        outputs=[Port("y", "float32", [1, 8, 8, 2])],
    )


@pytest.fixture
def draw(tmp_path: Path, qapp: object) -> Callable[..., Drawing]:
    """Lay a graph out and return its Drawing."""

    def make(graph: Graph, direction: str = "down") -> Drawing:
        arrays = tmp_path / f"{graph.name}-{direction}.npz"
        return Drawing(lay_out(graph, arrays, direction))

    return make


@pytest.fixture
def drawing(draw: Callable[..., Drawing]) -> Drawing:
    return draw(small_graph())


@pytest.fixture
def state(qtbot: QtBot, tmp_path: Path) -> Iterator[State]:
    """A window state with a running Runner and an empty project."""
    runner = Runner()
    runner.start()
    project = Project.open(tmp_path / "project")
    yield State(project, Jobs(runner))
    runner.close()
    project.close()
