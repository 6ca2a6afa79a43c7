"""Where a chart's axis has its ticks, and how they read: the same in the window and in the report."""

from __future__ import annotations

import math

from workbench.core import units


def linear_ticks(high: float, most: int) -> list[float]:
    """Return 0 and multiples of 1, 2 or 5 times a power of ten up to ``high``, at most about ``most``."""
    if not math.isfinite(high) or high <= 0:
        return [0.0]
    rough = high / max(1, most)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    return [index * step for index in range(int(high / step * 1.000001) + 1)]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Return log10 of 1, 2, 5, 10 ... between ``low`` and ``high`` (log10 too), thinned to decades when too many."""
    if not (math.isfinite(low) and math.isfinite(high)) or high - low > 30:
        return []
    decades = range(math.floor(low), math.ceil(high) + 1)
    inside: list[float] = []
    for steps in ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5), (1,)):
        ticks = [math.log10(step) + decade for decade in decades for step in steps]
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) <= most:
            return inside
    return inside[:: -(-len(inside) // most)]


def tidy(value: float) -> str:
    """Return a tick without trailing zeros ("0.02", "5", "10")."""
    if value == 0:
        return "0"
    text = f"{value:.6g}" if abs(value) < 1e15 else f"{value:.3e}"
    if "e" in text:
        return text if abs(value) >= 1 else f"{value:.15f}".rstrip("0")
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}".replace(",", units.THIN_SPACE) + point + rest if abs(value) >= 1000 else text
