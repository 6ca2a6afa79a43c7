"""Verdicts say what the figures say."""

from __future__ import annotations

import math

import pytest

from workbench.core.agreement import Agreement
from workbench.core.verdict import accuracy_interval, differ, judge


def agreement(**changes: object) -> Agreement:
    usual: dict[str, object] = {
        "runtime": "onnxruntime", "max_abs_error": 0.1, "max_rel_error": 0.05, "cosine": 0.999, "samples": 100,
        "passed": True, "data": "faces.npz",
    }  # fmt: skip
    return Agreement(**{**usual, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({"max_abs_error": 0.0, "max_rel_error": 0.0}, "good", "identical"),
        ({"max_abs_error": 1e-6, "max_rel_error": 1e-6}, "good", "rounding"),
        ({"top1_agreement": 1.0}, "good", "decisions do not"),
        ({"top1_agreement": 0.99}, "good", "nearly always"),
        ({"top1_agreement": 0.93}, "warning", "not always"),
        ({"top1_agreement": 0.4}, "bad", "differently"),
        ({}, "warning", "close"),
        ({"cosine": 0.5}, "bad", "different"),
        ({"max_abs_error": float("inf"), "max_rel_error": float("inf")}, "bad", "not finite"),
    ],
)
def test_headline(changes: dict[str, object], level: str, words: str) -> None:
    verdict = judge(agreement(**changes))
    assert verdict.level == level
    assert words in verdict.headline


@pytest.mark.parametrize(
    ("changes", "words", "not_said"),
    [
        ({"cause": "shape", "max_abs_error": math.inf, "max_rel_error": math.inf}, "other shapes", "finite"),
        ({"cause": "not-finite", "max_abs_error": math.inf, "max_rel_error": math.inf}, "not finite", "tolerance"),
        ({"cause": "not-run", "samples": 0, "max_abs_error": math.inf}, "does not run", "tolerance"),
        ({"cause": "unrelated", "tolerance": None}, "are far from", "tolerance"),
        ({"samples": 0, "max_abs_error": math.inf}, "does not run", "tolerance"),  # stored before there were causes
        ({"max_abs_error": math.inf, "max_rel_error": math.inf}, "cannot be compared", "tolerance"),
    ],
)
def test_what_did_not_pass_says_why(changes: dict[str, object], words: str, not_said: str) -> None:
    verdict = judge(agreement(passed=False, **{"tolerance": 1e-4, **changes}))
    assert verdict.level == "bad"
    assert words in verdict.headline
    assert not_said not in " ".join([verdict.headline, *verdict.sentences])


@pytest.mark.parametrize(
    "changes", [{"top1_agreement": 1.0}, {"top1_agreement": 0.99}, {"max_abs_error": 1e-5, "max_rel_error": 1e-5}]
)
def test_what_did_not_pass_is_never_good(changes: dict[str, object]) -> None:
    assert judge(agreement(passed=False, tolerance=1e-6, **changes)).level != "good"


def test_sentences_name_counts_random_input_and_tolerance() -> None:
    text = " ".join(judge(agreement(top1_agreement=0.98, data="random", tolerance=1e-4, passed=False)).sentences)
    assert "98 of 100" not in text, "noise tends to fall into one class"
    assert "random numbers" in text
    assert "beyond the tolerance" in text
    assert "5.00 %" in text
    assert "random" not in " ".join(judge(agreement()).sentences)


def test_accuracy_interval_is_wilsons() -> None:
    low, high = accuracy_interval(0.9, 100)
    assert (low, high) == pytest.approx((0.8256, 0.9448), abs=1e-4)
    low, high = accuracy_interval(1.0, 100)
    assert low == pytest.approx(0.963, abs=1e-3)
    assert high == 1.0
    assert accuracy_interval(0.5, 0) == (0.0, 1.0)


def test_a_lossy_result_compared_on_noise_is_not_judged() -> None:
    found = judge(agreement(top1_agreement=1.0, data="random", tolerance=None, max_rel_error=0.05))
    assert found.level == "warning"
    assert "random" in found.headline
    assert "same class" not in " ".join(found.sentences)
    judged = judge(agreement(top1_agreement=1.0, data="faces.npz", tolerance=None, max_rel_error=0.05))
    assert judged.level == "good"
    assert "100 of 100 samples" in " ".join(judged.sentences)


def test_accuracies_differ_only_when_their_intervals_do_not_meet() -> None:
    assert not differ((0.98, 50), (0.96, 50))
    assert not differ((0.99, 100), (0.98, 100))
    assert differ((0.99, 1000), (0.95, 1000))
    assert not differ((1.0, 0), (0.0, 0))
