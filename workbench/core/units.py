"""Write figures with their units and three sensible digits, the same way in every table, chart and report."""

from __future__ import annotations

import math

THIN_SPACE = "\u202f"
"""Groups thousands, as SI writes them: unlike a comma or a point it means the same to everybody."""
UNKNOWN = "\u2013"
"""What stands where there is no figure."""


def number(value: float | None, digits: int = 3) -> str:
    """Return ``value`` with so many significant digits ("0.0123", "12.3", "1 234"), tiny ones as "8.9e-14"."""
    if value is None or math.isnan(value):
        return UNKNOWN
    if math.isinf(value):
        return "\u221e" if value > 0 else "-\u221e"
    if value == 0:
        return "0"
    if abs(value) < 1e-5:
        return f"{value:.{digits - 2}e}"
    rounded = float(f"{value:.{digits}g}")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    whole = round(value) if decimals == 0 else rounded  # 12345 stays 12 345: digits never turn into zeros
    return f"{whole:,.{decimals}f}".replace(",", THIN_SPACE)


def count(value: int) -> str:
    """Return a whole number with its thousands grouped."""
    return f"{value:,}".replace(",", THIN_SPACE)


def short_count(value: int) -> str:
    """Return a large number in short ("25.6 M" parameters)."""
    return _scaled(float(value), ("", "k", "M", "G", "T"), 1000.0) if abs(value) >= 10_000 else count(value)


def size(value: float | None) -> str:
    """Return bytes in decimal units, as file managers show them ("26.1 MB")."""
    if value is None:
        return UNKNOWN
    return _scaled(float(value), ("B", "kB", "MB", "GB", "TB"), 1000.0)


def milliseconds(value: float | None) -> str:
    """Return milliseconds with their unit ("0.0123 ms", "41.2 ms"); ten seconds and more in seconds."""
    if value is None or math.isnan(value):
        return UNKNOWN
    return f"{number(value)} ms" if abs(value) < 10_000 else f"{number(value / 1000)} s"


def seconds(value: float | None) -> str:
    """Return a duration ("0.84 s", "3 min 20 s", "2 h 05 min")."""
    if value is None or math.isnan(value):
        return UNKNOWN
    if value < 1:
        return f"{value:.2f} s"
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def percent(share: float | None, digits: int = 2) -> str:
    """Return a share from 0 to 1 in percent ("99.67 %"); a part never reads as the whole ("> 99.99 %") or as none."""
    if share is None or math.isnan(share):
        return UNKNOWN
    text = f"{share * 100:.{digits}f} %"
    least = f"{10.0**-digits:.{digits}f}"
    if 0 < share < 1 and float(text[:-2]) == 0:
        return f"< {least} %"
    if 0 < share < 1 and float(text[:-2]) == 100:
        return f"> {100 - 10.0**-digits:.{digits}f} %"
    return text


def ratio(value: float | None) -> str:
    """Return a factor ("2.07\u00d7")."""
    return UNKNOWN if value is None or math.isnan(value) else f"{number(value)}\u00d7"


def rate(per_second: float | None) -> str:
    """Return a throughput in samples per second ("1 234 /s")."""
    return UNKNOWN if per_second is None or math.isnan(per_second) else f"{number(per_second)} /s"


def megabytes(value: float | None) -> str:
    """Return memory that is already counted in MB ("184 MB")."""
    return UNKNOWN if value is None or math.isnan(value) else size(value * 1e6)


def error(value: float | None) -> str:
    """Return a numerical error: tiny ones with an exponent ("1.3e-06"), the rest as a number."""
    if value is None or math.isnan(value):
        return UNKNOWN
    return f"{value:.1e}" if 0 < abs(value) < 0.001 else number(value)


def cosine(value: float | None) -> str:
    """Return a cosine similarity with six decimals; only an exact 1 reads as 1, what is nearly 1 as "> 0.999999"."""
    if value is None or math.isnan(value):
        return UNKNOWN
    if 0.999999 < value < 1.0:
        return "> 0.999999"
    return f"{math.trunc(value * 1e6) / 1e6:.6f}"


def _scaled(value: float, units: tuple[str, ...], step: float) -> str:
    index = 0
    while abs(value) >= step and index < len(units) - 1:
        value, index = value / step, index + 1
    if abs(float(f"{value:.3g}")) >= step and index < len(units) - 1:
        value, index = value / step, index + 1
    text = f"{value:.0f}" if index == 0 else number(value)
    return f"{text} {units[index]}".rstrip()
