"""The figures behind every "verified"."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from workbench.core.agreement import compare_outputs, judge, top1_agreement

FINITE = st.floats(-1e6, 1e6, width=32)
ARRAYS = hnp.arrays(np.float32, hnp.array_shapes(max_dims=3), elements=FINITE)


def test_known_figures():
    found = compare_outputs("y", np.array([[3.0, -4.0]]), np.array([[3.0, -3.0]]))
    assert (found.shape, found.max_abs_error, found.max_rel_error) == ([1, 2], 1.0, 0.25)
    assert found.cosine == pytest.approx(21 / (5 * math.sqrt(18)))


@given(ARRAYS)
def test_a_thing_equals_itself(array):
    found = compare_outputs("y", array, array.copy())
    assert (found.max_abs_error, found.max_rel_error) == (0.0, 0.0)
    assert found.cosine == pytest.approx(1.0)


@given(ARRAYS, FINITE)
def test_the_error_is_the_largest_gap(array, shift):
    other = array.astype(np.float64) + shift
    expected = np.max(np.abs(other - array.astype(np.float64)))
    found = compare_outputs("y", array, other)
    assert found.max_abs_error == expected
    assert -1.0 <= found.cosine <= 1.0


@pytest.mark.parametrize(
    ("a", "b", "error"),
    [
        ([np.nan, 1.0], [np.nan, 1.0], 0.0),
        ([np.inf, 1.0], [np.inf, 1.0], 0.0),
        ([np.inf, 1.0], [-np.inf, 1.0], math.inf),
        ([np.nan, 1.0], [0.0, 1.0], math.inf),
        ([1.0, 1.0], [np.nan, 1.0], math.inf),
        ([0.0, 0.0], [0.0, 0.0], 0.0),
        ([], [], 0.0),
    ],
)
def test_what_is_not_finite(a, b, error):
    found = compare_outputs("y", np.array(a), np.array(b))
    assert (found.max_abs_error, found.max_rel_error) == (error, error)


def test_an_error_beside_an_all_zero_reference_has_no_bound():
    found = compare_outputs("y", np.zeros(3), np.full(3, 1e-9))
    assert (found.max_abs_error, found.max_rel_error, found.cosine) == (1e-9, math.inf, 0.0)


def test_integers_do_not_wrap_around():
    found = compare_outputs("y", np.array([0, 255], np.uint8), np.array([255, 0], np.uint8))
    assert found.max_abs_error == 255


def test_top1():
    a = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    b = np.array([[0.4, 0.6], [0.9, 0.1], [0.7, 0.3], [0.6, 0.4]])
    assert top1_agreement(a, b) == 0.75
    assert top1_agreement(a[:, :1], b[:, :1]) is None
    assert top1_agreement(a[0], b[0]) is None
    assert top1_agreement(a[:0], b[:0]) is None
    assert top1_agreement(a, b[:2]) is None


def test_the_worst_output_counts_and_the_tolerance_is_kept():
    a = [{"x": np.array([[1.0, 2.0]]), "y": np.array([10.0])}]
    b = [{"x": np.array([[1.0, 2.0]]), "y": np.array([10.001])}]
    close = judge(a, b, runtime="r", tolerance=1e-3, data="random")
    assert close.passed
    assert close.max_abs_error == pytest.approx(0.001)
    assert (close.samples, [each.name for each in close.outputs]) == (1, ["x", "y"])
    assert not judge(a, b, runtime="r", tolerance=1e-5, data="random").passed
    assert judge(a, b, runtime="r", tolerance=None, data="random").passed


def test_another_shape_or_a_number_that_is_not_finite_never_passes():
    a = [{"x": np.ones((2, 2))}]
    for b in (np.ones((2, 3)), np.array([[1, 1], [1, np.nan]])):
        verdict = judge(a, [{"x": b}], runtime="r", tolerance=None, data="random")
        assert not verdict.passed
        assert verdict.notes


def test_a_row_that_is_not_numbers_chooses_no_class():
    a = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9]])
    b = np.array([[np.nan, np.nan], [0.9, np.nan], [0.1, 0.9]])
    assert top1_agreement(a, b) == pytest.approx(1 / 3)
    assert top1_agreement(b, a) == pytest.approx(1 / 3)
