"""An axis of figures, linear or logarithmic, with ticks at 1, 2 and 5 and readable numbers."""

from __future__ import annotations

import math
from typing import Any

import pyqtgraph as pg

from workbench.core import units
from workbench.core.ticks import log_ticks, tidy

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
            return [tidy(float(f"{10.0**value:.2g}")) for value in values]
        places = max(0, -math.floor(math.log10(spacing * scale))) if spacing > 0 else 0
        return [f"{value * scale:,.{places}f}".replace(",", units.THIN_SPACE) for value in values]

    def generateDrawSpecs(self, p: Any) -> Any:
        """Draw nothing while the axis has no length yet."""
        return super().generateDrawSpecs(p) if self.boundingRect().isValid() else None
