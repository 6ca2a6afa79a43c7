"""Which axis of an input counts samples."""

from __future__ import annotations

import pytest

from workbench.core.errors import WorkbenchError
from workbench.core.graph import Dim, Port
from workbench.datasets.ports import sample_shapes, samples_per_call


def port(name: str, *shape: Dim) -> Port:
    return Port(name, "float32", list(shape))


@pytest.mark.parametrize(
    ("ports", "shapes", "batched", "call"),
    [
        ([port("x", None, 28, 28, 1)], [(28, 28, 1)], [True], None),
        ([port("x", "batch", 10)], [(10,)], [True], None),
        ([port("x", -1, 10)], [(10,)], [True], None),
        ([port("x", 1, 10)], [(10,)], [True], 1),
        ([port("x", 4, 10)], [(10,)], [True], 4),
        ([port("x", None, None)], [(None,)], [True], None),
        ([port("x", "b", "t"), port("state", 2, "b", 128)], [(None,), (2, None, 128)], [True, False], 1),
        ([port("x", 1, 512), port("state", 2, 1, 128)], [(512,), (2, 1, 128)], [True, False], 1),
        ([port("x", None, 5), port("rate")], [(5,), ()], [True, False], 1),
        ([port("a", 4, 3), port("b", 4, 2)], [(3,), (2,)], [True, True], 4),
    ],
)
def test_batch_axis(
    ports: list[Port], shapes: list[tuple[int | None, ...]], batched: list[bool], call: int | None
) -> None:
    found = sample_shapes(ports)
    assert [shape.shape for shape in found] == shapes
    assert [shape.batched for shape in found] == batched
    assert samples_per_call(ports) == call


def test_an_unknown_shape_is_said() -> None:
    with pytest.raises(WorkbenchError, match="which shape its input x has"):
        sample_shapes([Port("x", "float32", None)])
