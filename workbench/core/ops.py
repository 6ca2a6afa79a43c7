"""Which family an operation belongs to, for colours and summaries; one table for the words of all formats."""

from __future__ import annotations

from functools import cache

import msgspec

from workbench.core.paths import resources

INPUT, OUTPUT, OUTSIDE = "Input", "Output", "Outside"
"""The ops of the boxes that stand for a graph's own inputs and outputs, and for values of the graph around it."""


class _Table(msgspec.Struct):
    categories: list[str]
    ops: dict[str, str]


@cache
def _table() -> _Table:
    return msgspec.json.decode((resources() / "op_categories.json").read_bytes(), type=_Table)


def categories() -> list[str]:
    """Return the category names in the order of the table; a scene's colour is an index into it. The first is other."""
    return _table().categories


@cache
def category_of(op: str) -> str:
    """Return the category of an op in any format's spelling ("Conv", "CONV_2D", "Conv2D"), "other" when unknown."""
    if op in (INPUT, OUTPUT, OUTSIDE):
        return "input-output"
    return _table().ops.get(op.replace("_", "").lower(), "other")


@cache
def category_index(op: str) -> int:
    """Return the position of ``category_of(op)`` in ``categories()``."""
    return categories().index(category_of(op))
