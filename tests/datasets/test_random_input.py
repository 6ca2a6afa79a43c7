"""Random input is reproducible, of the right type and shape, and safe as indices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Port
from workbench.datasets.select import open_dataset


def test_the_same_seed_gives_the_same_numbers_whatever_the_batch() -> None:
    ports = [Port("x", "float32", [None, 3]), Port("ids", "int64", [None, None])]
    one, other = open_dataset(DataSpec(seed=7), ports), open_dataset(DataSpec(seed=7), ports)
    together, alone = one.feeds([0, 1, 2]), other.feeds([2])
    assert np.array_equal(together["x"][2:], alone["x"])
    assert one.digest() == other.digest()
    assert not np.array_equal(together["x"], open_dataset(DataSpec(seed=8), ports).feeds([0, 1, 2])["x"])
    assert one.digest() != open_dataset(DataSpec(seed=8), ports).digest()


@settings(deadline=None)
@given(
    dtype=st.sampled_from(["float32", "float16", "int64", "int32", "uint8", "int8", "bool"]),
    shape=st.lists(st.one_of(st.none(), st.integers(1, 5)), min_size=1, max_size=3),
    count=st.integers(1, 3),
)
def test_shapes_and_types_are_the_inputs(dtype: str, shape: list[int | None], count: int) -> None:
    values = open_dataset(DataSpec(), [Port("x", dtype, [None, *shape])]).feeds(range(count))["x"]
    assert values.dtype == dtype
    assert values.shape[0] == count
    assert all(want in (None, have) for want, have in zip(shape, values.shape[1:], strict=True))


def test_integers_are_safe_indices() -> None:
    values = open_dataset(DataSpec(limit=200), [Port("ids", "int32", [None, 50])]).feeds(range(200))["ids"]
    assert values.min() == 0
    assert values.max() == 9


@pytest.mark.parametrize(
    ("shape", "sample"),
    [
        ([None, None], (32,)),
        ([None, None, 8], (32, 8)),
        ([None, None, None, 3], (224, 224, 3)),
        ([None, 3, None, None], (3, 224, 224)),
        ([None, None, None, None], (224, 224, 3)),
        ([1, 16, None, None, None], (16, 16, 16, 3)),
    ],
)
def test_open_axes_get_usual_sizes(shape: list[int | None], sample: tuple[int, ...]) -> None:
    values = open_dataset(DataSpec(), [Port("x", "float32", list(shape))]).feeds([0])["x"]
    assert values.shape == (1, *sample)


def test_the_state_of_a_recurrent_net_is_given_whole() -> None:
    ports = [
        Port("input", "float32", ["batch", 512]),
        Port("state", "float32", [2, "batch", 128]),
        Port("sr", "int64", []),
    ]
    feeds = open_dataset(DataSpec(), ports).feeds([3])
    assert {name: value.shape for name, value in feeds.items()} == {
        "input": (1, 512),
        "state": (2, 1, 128),
        "sr": (),
    }


def test_texts_have_no_random_input() -> None:
    with pytest.raises(WorkbenchError, match="no random input for text"):
        open_dataset(DataSpec(), [Port("text", "string", [None])])


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(WorkbenchError, match="at least one sample"):
        open_dataset(DataSpec(limit=0), [Port("x", "float32", [None, 3])])
