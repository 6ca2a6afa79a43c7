"""Judging several sets of outputs: the figures behind "verified"."""

from __future__ import annotations

import math

import numpy as np
import pytest

from workbench.core import wire
from workbench.core.agreement import Agreement, OutputAgreement, failed, judge, top1_agreement


def judged(a: np.ndarray, b: np.ndarray, *, tolerance: float | None = 1e-4) -> Agreement:
    return judge([{"y": a}], [{"y": b}], runtime="r", tolerance=tolerance, data="random")


def compared(a: np.ndarray, b: np.ndarray) -> OutputAgreement:
    return judged(a, b).outputs[0]


def test_the_errors_are_the_largest_and_relative_to_the_largest_magnitude() -> None:
    found = compared(np.array([[1.0, -4.0]]), np.array([[1.5, -4.0]]))
    assert (found.max_abs_error, found.max_rel_error) == (0.5, 0.125)
    assert found.cosine == pytest.approx((1.5 + 16) / (math.hypot(1, 4) * math.hypot(1.5, 4)))


def test_not_finite_in_the_same_place_is_equal_and_elsewhere_is_not() -> None:
    a = np.array([np.nan, np.inf, 1.0])
    assert compared(a, a.copy()).max_abs_error == 0
    assert compared(a, np.array([np.nan, -np.inf, 1.0])).max_abs_error == math.inf
    assert compared(np.array([1.0]), np.array([np.nan])).max_abs_error == math.inf


def test_zero_against_something_has_no_bound_relative() -> None:
    assert compared(np.zeros(2), np.array([0.0, 0.1])).max_rel_error == math.inf
    assert compared(np.zeros(2), np.zeros(2)).cosine == 1.0


def test_texts_are_equal_or_not_however_a_runtime_keeps_them() -> None:
    texts = np.array(["grün", "b"])
    kept = np.array(["grün".encode(), b"b"], dtype=object)
    assert compared(texts, kept).max_abs_error == 0
    assert compared(texts, np.array(["grün", "c"])).max_abs_error == 1


def test_equal_passes_and_beyond_the_tolerance_does_not() -> None:
    a = np.array([[1.0, 2.0]])
    assert judged(a, a + 1e-5).passed
    assert not judged(a, a + 1e-2).passed
    assert judged(a, a + 1e-2, tolerance=None).passed
    assert not judged(a, np.array([[np.nan, 2.0]]), tolerance=None).passed


def test_another_shape_fails_and_says_so() -> None:
    found = judged(np.zeros((2, 3)), np.zeros((2, 4)))
    assert not found.passed
    assert "[2, 4] instead of [2, 3]" in found.notes[0]


def test_sets_of_samples_count_as_one() -> None:
    a = [{"y": np.array([[1.0, 2.0]])}, {"y": np.array([[3.0, 1.0], [1.0, 4.0]])}]
    b = [{"y": np.array([[1.0, 2.0]])}, {"y": np.array([[3.0, 3.5], [1.0, 4.0]])}]
    found = judge(a, b, runtime="r", tolerance=None, data="d", classes=2)
    assert (found.samples, found.max_abs_error, found.outputs[0].shape) == (3, 2.5, [3, 2])
    assert found.max_rel_error == 2.5 / 4
    joined = compared(*(np.concatenate([part["y"] for part in parts]) for parts in (a, b)))
    assert found.cosine == pytest.approx(joined.cosine)
    assert found.top1_agreement == pytest.approx(2 / 3)


def test_top1_is_only_of_class_scores() -> None:
    assert top1_agreement(np.zeros((3, 1)), np.zeros((3, 1))) is None
    assert top1_agreement(np.zeros((3, 2, 2)), np.zeros((3, 2, 2))) is None


def test_what_has_no_bound_survives_the_way_to_the_window() -> None:
    sent = failed("does not run", runtime="r", tolerance=None, data="random")
    assert wire.decode(wire.encode(sent), Agreement) == sent
    assert (sent.passed, sent.cause) == (False, "not-run")


def test_an_intended_change_passes_only_while_the_outputs_still_point_the_same_way() -> None:
    source = [{"y": np.array([[1.0, 0.0], [0.0, 1.0]])}]
    nearly = [{"y": np.array([[0.9, 0.2], [0.1, 1.1]])}]
    unrelated = [{"y": np.array([[0.0, 1.0], [1.0, 0.0]])}]
    assert judge(source, nearly, runtime="r", tolerance=None, data="random").passed
    refused = judge(source, unrelated, runtime="r", tolerance=None, data="random")
    assert not refused.passed
    assert refused.notes
