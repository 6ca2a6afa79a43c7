"""Fitting a stored sample to an input: shapes, channels, sizes, scaling and types."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.core.datasets import Preprocessing
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Dim, Port
from workbench.datasets.fitting import Fitting
from workbench.datasets.ports import sample_shapes

PLAIN = Preprocessing()


def fit(sample: np.ndarray, *shape: Dim, dtype: str = "float32", steps: Preprocessing = PLAIN) -> np.ndarray:
    wanted = sample_shapes([Port("x", dtype, [None, *shape])])[0]
    return Fitting(wanted, sample.shape, steps).apply(sample)


def test_a_missing_channel_axis_is_added_and_a_flat_row_is_shaped() -> None:
    grey = np.arange(784, dtype=np.uint8).reshape(28, 28)
    for stored in (grey, grey[..., None], grey[None], grey.reshape(-1)):
        assert np.array_equal(fit(stored, 28, 28, 1)[..., 0], grey)
    assert np.array_equal(fit(grey, 784), grey.reshape(-1))
    assert np.array_equal(fit(grey, 1, 28, 28)[0], grey)


def test_layouts_are_transposed_never_reshaped() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    assert np.array_equal(fit(picture, 3, 6, 5), picture.transpose(2, 0, 1))
    assert np.array_equal(fit(picture.transpose(2, 0, 1), 6, 5, 3), picture)


def test_channel_order_grey_and_alpha() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    assert np.array_equal(fit(picture, 6, 5, 3, steps=Preprocessing(channels="bgr")), picture[..., ::-1])
    grey = fit(picture, 6, 5, 1)[..., 0]
    assert np.allclose(grey, np.rint(picture @ np.array([0.299, 0.587, 0.114])), atol=1)
    assert np.array_equal(fit(picture[..., 0], 6, 5, 3), np.repeat(picture[..., :1], 3, axis=2))
    assert np.array_equal(fit(np.dstack([picture, picture[..., 0]]), 6, 5, 3), picture)


def test_scale_mean_and_std_in_this_order_for_each_channel() -> None:
    picture = np.full((4, 4, 3), 255, dtype=np.uint8)
    steps = Preprocessing(scale=1 / 255, mean=(0.5, 0.25, 0.0), std=(0.5, 0.25, 1.0))
    assert np.allclose(fit(picture, 4, 4, 3, steps=steps)[0, 0], (1.0, 3.0, 1.0))
    assert np.allclose(fit(picture, 3, 4, 4, steps=steps)[:, 0, 0], (1.0, 3.0, 1.0))


def test_resizing_keeps_a_flat_picture_and_must_be_asked_for() -> None:
    flat = np.full((25, 25), 0.25)
    assert np.allclose(fit(flat, 64, 64, 1, steps=Preprocessing(resize=True)), 0.25)
    with pytest.raises(WorkbenchError, match=r"\(64, 64, 1\), but the data has samples of shape \(25, 25\)") as caught:
        fit(flat, 64, 64, 1, steps=Preprocessing(resize=False))
    assert "resizing" in caught.value.hint


def test_open_sizes_follow_the_data_or_the_setting() -> None:
    picture = np.zeros((20, 30, 3), dtype=np.uint8)
    assert fit(picture, None, None, 3).shape == (20, 30, 3)
    assert fit(picture, None, None, 3, steps=Preprocessing(size=(8, 12))).shape == (8, 12, 3)
    assert fit(picture, 3, None, None, steps=Preprocessing(size=(8, 12))).shape == (3, 8, 12)


@pytest.mark.parametrize(
    ("stored", "wanted"),
    [((3, 4), (5,)), ((10,), (3, 4)), ((2, 6), (3, 4)), ((7, 7, 2), (7, 7, 3)), ((5,), (5, 5))],
)
def test_what_does_not_fit_is_refused_with_both_shapes(stored: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    with pytest.raises(WorkbenchError, match="Input x takes samples of shape"):
        fit(np.zeros(stored, dtype=np.float32), *wanted)


def test_wrong_statistics_are_refused() -> None:
    with pytest.raises(WorkbenchError, match="has 2 numbers, the data has 3 channels"):
        fit(np.zeros((4, 4, 3)), 4, 4, 3, steps=Preprocessing(mean=(1.0, 2.0)))
    with pytest.raises(WorkbenchError, match="holds a zero"):
        fit(np.zeros((4, 4, 3)), 4, 4, 3, steps=Preprocessing(std=(0.0,)))


def test_integer_inputs_take_only_whole_numbers_in_range() -> None:
    assert fit(np.array([1.0, 255.0]), 2, dtype="uint8").dtype == np.uint8
    for bad in ([0.5, 1.0], [-1.0, 0.0], [0.0, 256.0], [np.nan, 1.0]):
        with pytest.raises(WorkbenchError, match="cannot hold"):
            fit(np.array(bad), 2, dtype="uint8")
    with pytest.raises(WorkbenchError, match="takes float32, but the data holds"):
        fit(np.array(["a", "b"]), 2)


@settings(deadline=None)
@given(
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    channels=st.sampled_from([1, 3]),
    target=st.tuples(st.integers(5, 9), st.integers(5, 9), st.sampled_from([1, 3])),
    first=st.booleans(),
)
def test_pictures_of_any_size_reach_the_wanted_shape(
    *, height: int, width: int, channels: int, target: tuple[int, int, int], first: bool
) -> None:
    if 1 in (height, width) or 3 in (height, width):
        return  # which axis holds the channels is not clear then
    picture = np.full((height, width, channels), 100, dtype=np.uint8)
    shape = (target[2], *target[:2]) if first else target
    fitted = fit(picture, *shape, steps=Preprocessing(resize=True))
    assert fitted.shape == shape
    assert fitted.dtype == np.float32
    assert np.all(np.abs(fitted - 100) <= 1)


def test_an_input_of_a_type_that_numpy_does_not_have_is_fed() -> None:
    wanted = sample_shapes([Port("x", "bfloat16", [None, 3])])[0]
    fed = Fitting(wanted, (3,), Preprocessing()).apply(np.array([0.5, 1.0, -2.0], np.float32))
    assert str(fed.dtype) == "bfloat16"
    assert fed.astype(np.float32).tolist() == [0.5, 1.0, -2.0]
