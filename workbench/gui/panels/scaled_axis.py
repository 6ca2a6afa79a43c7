"""An axis of figures, linear or logarithmic, with ticks at 1, 2 and 5 and readable numbers."""

from __future__ import annotations

import math
from typing import Any

import pyqtgraph as pg

from workbench.core import units

LEAST_GAP = 26
"""Pixels between two labels of a logarithmic axis."""


Levels = list[tuple[float, list[float]]]
"""Distance and positions of the ticks of each level."""


class ScaledAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Plots stay linear for pyqtgraph: when ``logarithmic``, whoever draws gives log10 of the numbers."""

    def __init__(self) -> None:
        super().__init__("left")
        self.logarithmic = False
        self.enableAutoSIPrefix(False)

    def set_logarithmic(self, *, on: bool) -> None:
        """Read the plot's numbers as log10 of the figures, or as the figures."""
        self.logarithmic = on
        self.picture = None
        self.update()

    def tickValues(self, minVal: float, maxVal: float, size: float) -> Levels:  # noqa: N803 - its caller's names
        """Return the ticks of one level."""
        if not self.logarithmic:
            levels: Levels = super().tickValues(minVal, maxVal, size)
            return levels
        return [(1.0, log_ticks(minVal, maxVal, max(2, int(size // LEAST_GAP))))]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return the texts at the ticks."""
        if self.logarithmic:
            return [tidy(10.0**value) for value in values]
        places = max(0, -math.floor(math.log10(spacing * scale))) if spacing > 0 else 0
        return [f"{value * scale:,.{places}f}".replace(",", units.THIN_SPACE) for value in values]

    def generateDrawSpecs(self, p: Any) -> Any:
        """Draw nothing while the axis has no length yet."""
        return super().generateDrawSpecs(p) if self.boundingRect().isValid() else None


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Return log10 of 1, 2, 5, 10 ... between ``low`` and ``high`` (log10 too), thinned to decades when too many."""
    if not (math.isfinite(low) and math.isfinite(high)) or high - low > 30:
        return []
    decades = range(math.floor(low), math.ceil(high) + 1)
    for steps in ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5), (1,)):
        ticks = [math.log10(step) + decade for decade in decades for step in steps]
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) <= most:
            return inside
    return inside[:: -(-len(inside) // most)]


def tidy(value: float) -> str:
    """Return a tick without trailing zeros ("0.02", "5", "10")."""
    rounded = float(f"{value:.2g}")
    places = max(0, -math.floor(math.log10(rounded))) if rounded < 1 else 0
    return f"{rounded:,.{places}f}".replace(",", units.THIN_SPACE)
