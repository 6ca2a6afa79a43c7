"""Figures are written with their units, and rounding never turns a part into the whole."""

from __future__ import annotations

import pytest

from workbench.core import units

THIN = units.THIN_SPACE


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0123456, "0.0123"),
        (0.99999, "1.00"),
        (1, "1.00"),
        (12.345, "12.3"),
        (99.96, "100"),
        (1234.5, f"1{THIN}234"),
        (1234567, f"1{THIN}234{THIN}567"),
        (0, "0"),
        (8.91e-14, "8.9e-14"),
        (-3.14159, "-3.14"),
        (float("inf"), "\u221e"),
        (float("nan"), units.UNKNOWN),
        (None, units.UNKNOWN),
    ],
)
def test_number_has_three_digits(value: float | None, text: str) -> None:
    assert units.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (999_999, "1.00 MB"), (26_100_000, "26.1 MB"), (5e12, "5.00 TB")],
)
def test_size_is_decimal(value: float, text: str) -> None:
    assert units.size(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.9967, "99.67 %"), (1.0, "100.00 %"), (0.999999, "> 99.99 %"), (0.000001, "< 0.01 %"), (0.0, "0.00 %")],
)
def test_percent_keeps_a_part_a_part(share: float, text: str) -> None:
    assert units.percent(share) == text


def test_cosine_reads_one_only_when_it_is_one() -> None:
    assert units.cosine(0.9999999) == "> 0.999999"
    assert units.cosine(1.0) == "1.000000"


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.50 s"), (12.34, "12.3 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")]
)
def test_seconds(value: float, text: str) -> None:
    assert units.seconds(value) == text


def test_errors_use_an_exponent_only_when_tiny() -> None:
    assert units.error(1.3e-6) == "1.3e-06"
    assert units.error(0.25) == "0.250"
    assert units.error(0.0) == "0"


def test_milliseconds_turn_into_seconds_when_long() -> None:
    assert units.milliseconds(41.23) == "41.2 ms"
    assert units.milliseconds(12_345) == "12.3 s"
    assert units.megabytes(184.4) == "184 MB"
    assert units.short_count(25_600_000) == "25.6 M"
