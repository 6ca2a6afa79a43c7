"""Write shapes in the same way everywhere: as a product where they are drawn, as a list where they are spoken of."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.core.graph import Dim
from workbench.core.i18n import _

TIMES = "\u00d7"
UNKNOWN = "?"


def shape_text(shape: Sequence[Dim] | None) -> str:
    """Return "1x224x224x3" (with a real multiplication sign), "scalar" for no dimensions, "?" for the unknown."""
    if shape is None:
        return UNKNOWN
    return TIMES.join(map(_dim, shape)) if shape else _("scalar")


def short_shape(shape: Sequence[Dim] | None) -> str:
    """Return ``shape_text`` with the names of free dimensions cut to their ends, which tell them apart."""
    return shape_text([f"…{dim[-6:]}" if isinstance(dim, str) and len(dim) > 10 else dim for dim in shape or []])


def bracketed(shape: Sequence[Dim] | None) -> str:
    """Return "[batch, 224, 224, 3]", with "?" for a dimension that may be anything, "[?]" for the unknown."""
    return f"[{listed(shape)}]"


def listed(shape: Sequence[Dim] | None) -> str:
    """Return the dimensions one after the other: "batch, 224, 224, 3"."""
    return UNKNOWN if shape is None else ", ".join(map(_dim, shape))


def _dim(dim: Dim) -> str:
    return UNKNOWN if dim is None or dim == -1 else str(dim)
