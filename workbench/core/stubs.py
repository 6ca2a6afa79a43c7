"""Leave long edges of much-shared tensors out of the drawing and write a named stub at both ends instead.

One mask that every layer of a transformer reads makes any layered layout quadratic, and its hundred parallel lines tell
a person less than its name does.
"""

from __future__ import annotations

from collections import defaultdict

from workbench.core.boxes import Boxes, Edge, Stub, leaf_of
from workbench.core.i18n import ngettext
from workbench.core.layout import spans

SHARED_BY, LONG = 16, 6
"""A value with more consumers than this has its edges over more layers than this left out."""


def leave_out_long_edges(boxes: Boxes) -> None:
    """Move long edges of shared values, and the longest edges when they are too many, from ``edges`` to ``stubs``."""
    pairs = [(edge.source, edge.target) for edge in boxes.edges]
    length = spans(len(boxes.names), pairs)
    uses: dict[str, int] = defaultdict(int)
    for edge in boxes.edges:
        for value in edge.values:
            uses[value] += 1
    hidden = {
        number
        for number, edge in enumerate(boxes.edges)
        if length[number] > LONG and max(uses[value] for value in edge.values) > SHARED_BY
    }
    bends = sum(max(0, span - 1) for number, span in enumerate(length) if number not in hidden)
    allowed = 3 * len(boxes.names) + 2000
    for number in sorted(range(len(pairs)), key=lambda number: -length[number]):
        if bends <= allowed or length[number] <= 2 * LONG:
            break
        if number not in hidden:
            hidden.add(number)
            bends -= length[number] - 1
    left_out = [edge for number, edge in enumerate(boxes.edges) if number in hidden]
    boxes.edges = [edge for number, edge in enumerate(boxes.edges) if number not in hidden]
    _add_stubs(boxes, left_out)


def _add_stubs(boxes: Boxes, left_out: list[Edge]) -> None:
    consumers: dict[tuple[int, str], list[int]] = defaultdict(list)
    for edge in left_out:
        for value in edge.values:
            consumers[edge.source, value].append(edge.target)
            text = leaf_of(boxes.names[edge.source])
            boxes.stubs.append(Stub(edge.target, edge.source, text, value, False, [edge.source]))
    for (source, value), targets in consumers.items():
        text = ngettext("to {count} more", "to {count} more", len(targets)).format(count=len(targets))
        boxes.stubs.append(Stub(source, targets[0], text, value, True, targets))
