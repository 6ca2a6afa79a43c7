"""The figures behind every "verified"."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from workbench.core.agreement import OutputAgreement, judge, top1_agreement

FINITE = st.floats(-1e6, 1e6, width=32)
ARRAYS = hnp.arrays(np.float32, hnp.array_shapes(max_dims=3), elements=FINITE)


def compared(a: np.ndarray, b: np.ndarray) -> OutputAgreement:
    (found,) = judge([{"y": a}], [{"y": b}], runtime="r", tolerance=None, data="random").outputs
    return found


def test_known_figures():
    found = compared(np.array([[3.0, -4.0]]), np.array([[3.0, -3.0]]))
    assert (found.shape, found.max_abs_error, found.max_rel_error) == ([1, 2], 1.0, 0.25)
    assert found.cosine == pytest.approx(21 / (5 * math.sqrt(18)))


@given(ARRAYS)
def test_a_thing_equals_itself(array):
    found = compared(array, array.copy())
    assert (found.max_abs_error, found.max_rel_error) == (0.0, 0.0)
    assert found.cosine == pytest.approx(1.0)


@given(ARRAYS, FINITE)
def test_the_error_is_the_largest_gap(array, shift):
    other = array.astype(np.float64) + shift
    expected = np.max(np.abs(other - array.astype(np.float64)))
    found = compared(array, other)
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
    found = compared(np.array(a), np.array(b))
    assert (found.max_abs_error, found.max_rel_error) == (error, error)


def test_an_error_beside_an_all_zero_reference_has_no_bound():
    found = compared(np.zeros(3), np.full(3, 1e-9))
    assert (found.max_abs_error, found.max_rel_error, found.cosine) == (1e-9, math.inf, 0.0)


def test_integers_do_not_wrap_around():
    found = compared(np.array([0, 255], np.uint8), np.array([255, 0], np.uint8))
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
    for b, cause in ((np.ones((2, 3)), "shape"), (np.array([[1, 1], [1, np.nan]]), "not-finite")):
        verdict = judge(a, [{"x": b}], runtime="r", tolerance=None, data="random")
        assert (verdict.passed, verdict.cause) == (False, cause)
        assert verdict.notes


def test_a_row_that_is_not_numbers_chooses_no_class():
    a = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9]])
    b = np.array([[np.nan, np.nan], [0.9, np.nan], [0.1, 0.9]])
    assert top1_agreement(a, b) == pytest.approx(1 / 3)
    assert top1_agreement(b, a) == pytest.approx(1 / 3)


def test_only_class_scores_decide():
    """Probabilities do, or columns for the data's labels; embeddings and boxes have an arg max that means nothing."""
    embedding = np.array([[3.0, -1.0], [0.2, 5.0]])
    probabilities = np.array([[0.75, 0.25], [0.1, 0.9]])

    def share(output: np.ndarray, classes: int = 0) -> float | None:
        given = {"runtime": "r", "tolerance": None, "data": "d", "classes": classes}
        return judge([{"y": output}], [{"y": output}], **given).top1_agreement

    assert share(embedding) is None
    assert share(probabilities) == 1.0
    assert share(embedding, classes=2) == 1.0
    assert share(embedding, classes=5) is None


@pytest.mark.parametrize(
    ("b", "tolerance", "cause"),
    [
        ([[1.0, 2.0]], 1e-4, ""),
        ([[1.0, 2.1]], 1e-4, "tolerance"),
        ([[1.0, 2.1]], None, ""),
        ([[-2.0, 1.0]], None, "unrelated"),
        ([[1.0, np.nan]], 1e-4, "not-finite"),
        ([[1.0, 2.0, 3.0]], 1e-4, "shape"),
    ],
)
def test_the_cause_is_named(b, tolerance, cause):
    found = judge([{"y": np.array([[1.0, 2.0]])}], [{"y": np.array(b)}], runtime="r", tolerance=tolerance, data="d")
    assert (found.passed, found.cause) == (not cause, cause)
