"""Ticks are round numbers inside the axis, and not too many."""

from __future__ import annotations

import pytest

from workbench.core import units
from workbench.core.ticks import linear_ticks, log_ticks, tidy


@pytest.mark.parametrize("high", [0.0003, 0.9, 1.0, 7.3, 250.0, 99_999.0])
def test_linear_ticks(high: float) -> None:
    ticks = linear_ticks(high, 6)
    assert ticks[0] == 0
    assert ticks[-1] <= high * 1.00001
    assert 2 <= len(ticks) <= 8
    assert linear_ticks(float("nan"), 6) == [0.0]


def test_log_ticks() -> None:
    assert [round(10**tick, 6) for tick in log_ticks(-2, 1, 12)] == [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]
    assert len(log_ticks(-10, 10, 5)) <= 5
    assert log_ticks(float("-inf"), 0, 5) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.02, "0.02"),
        (0.30000000000000004, "0.3"),
        (5.0, "5"),
        (0, "0"),
        (20000, f"20{units.THIN_SPACE}000"),
        (2e-6, "0.000002"),
    ],
)
def test_tidy(value: float, text: str) -> None:
    assert tidy(value) == text
