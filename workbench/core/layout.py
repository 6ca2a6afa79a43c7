"""Turn boxes and edges into places: rectangles that do not overlap and polylines that go round them.

Everything here is computed for a flow downwards: "across" is x and "along" is y; ``arrange`` swaps them for a flow to
the right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.core.coordinates import place, pull_bends
from workbench.core.layered import Layered, Pair, depths, forward, neighbours

Direction = Literal["down", "right"]
Floats = NDArray[np.float32]
Order = Callable[[int, list[Pair], int], list[Layered]]
"""(number of boxes, edges without cycles, pieces) to layers in order; see workbench.backends.sugiyama."""

ACROSS_GAP = 26.0
"""Pixels between boxes beside each other."""
ALONG_GAP: dict[Direction, float] = {"down": 46.0, "right": 78.0}
"""Pixels between layers: room for a shape under (or after) a box."""
BEND_BREADTH = 16.0
PART_GAP = 70.0


class Arrangement(msgspec.Struct):
    """Where everything is, in pixels at zoom 1 from (0, 0)."""

    rects: Floats
    """(n, 4) x, y, width, height."""
    points: Floats
    """(p, 2) polylines of the edges joined one after the other, each from its source to its target."""
    starts: NDArray[np.int32]
    """(e + 1,) offsets into ``points``."""
    width: float
    height: float


def spans(count: int, edges: list[Pair]) -> list[int]:
    """Return over how many layers each edge goes (1 for neighbours), in a quick layering; 0 for a loop to itself."""
    clean = [edge if edge[0] != edge[1] else None for edge in edges]
    turned = iter(forward(count, [edge for edge in clean if edge is not None]))
    ahead = [next(turned) if edge is not None else None for edge in clean]
    depth = depths(count, [edge for edge in ahead if edge is not None])
    return [depth[edge[1]] - depth[edge[0]] if edge is not None else 0 for edge in ahead]


def arrange(
    sizes: list[tuple[float, float]], edges: list[Pair], order: Order, direction: Direction, *, exits: list[int]
) -> Arrangement:
    """Lay out boxes in layers.

    Args:
        sizes: width and height of each box.
        edges: from and to box, each pair once.
        order: makes layers and orders them.
        direction: where the data flows.
        exits: of each edge: edges of one box with different numbers leave it at different places (its outputs).
    """
    breadths = [float(size[0] if direction == "down" else size[1]) for size in sizes]
    lengths = [float(size[1] if direction == "down" else size[0]) for size in sizes]
    count = len(sizes)
    ahead = forward(count, [edge for edge in edges if edge[0] != edge[1]])
    unique = sorted(set(ahead))
    depth = depths(count, unique)
    parts = order(count, unique, sum(depth[target] - depth[source] for source, target in unique))
    gap = ALONG_GAP[direction]
    drawings = [_Drawing(part, breadths, lengths, gap) for part in parts]
    placed = {vertex for part in parts for layer in part.layers for vertex in layer}
    lonely = [vertex for vertex in range(count) if vertex not in placed]
    drawings += [_Drawing(Layered([row], {}), breadths, lengths, gap) for row in _rows_of(lonely, breadths)]
    _pack(drawings)
    home = {vertex: d for d in drawings for layer in d.part.layers for vertex in layer if vertex < count}
    arranged = _collect(drawings, home, (breadths, lengths), edges, _exit_shifts(home, breadths, edges, exits))
    return _turned(arranged) if direction == "right" else arranged


class _Drawing:
    """One connected part while it is laid out; coordinates are local until ``move``."""

    def __init__(self, part: Layered, breadths: list[float], lengths: list[float], gap: float) -> None:
        count = len(breadths)
        self.part = part
        vertices = [vertex for layer in part.layers for vertex in layer]
        number = {vertex: position for position, vertex in enumerate(vertices)}
        before, after = neighbours(part)
        room = [breadths[v] + ACROSS_GAP if v < count else BEND_BREADTH for v in vertices]
        centres = place(
            [[number[vertex] for vertex in layer] for layer in part.layers],
            [[number[u] for u in before.get(vertex, [])] for vertex in vertices],
            [[number[u] for u in after.get(vertex, [])] for vertex in vertices],
            room,
            [vertex >= count for vertex in vertices],
        )
        pull_bends(
            [[number[vertex] for vertex in layer] for layer in part.layers],
            [[number[v] for v in (a, *bends, b)] for (a, b), bends in part.chains.items() if bends],
            centres,
            room,
        )
        low = min(centre - space / 2 for centre, space in zip(centres, room, strict=True))
        self.centre = {vertex: centre - low for vertex, centre in zip(vertices, centres, strict=True)}
        self.breadth = max(self.centre[v] + space / 2 for v, space in zip(vertices, room, strict=True))
        deep = [max([lengths[v] for v in layer if v < count], default=0.0) for layer in part.layers]
        crowd = [min(40.0, 1.5 * max(0, len(layer) - 4)) for layer in part.layers]  # slanting edges need room
        tops = list(accumulate((d + gap + c for d, c in zip(deep, crowd, strict=True)), initial=0.0))
        self.top = tops[:-1]
        self.bottom = [top + d for top, d in zip(self.top, deep, strict=True)]
        self.length = self.bottom[-1]
        self.layer_of = {vertex: number for number, layer in enumerate(part.layers) for vertex in layer}
        self.move = (0.0, 0.0)

    def start(self, vertex: int, length: float) -> float:
        """Return where a box begins along the flow: boxes are centred in their layer."""
        layer = self.layer_of[vertex]
        return (self.top[layer] + self.bottom[layer] - length) / 2

    def way(self, source: int, target: int) -> list[int]:
        """Return the vertices of an edge, its boxes included; an edge that was turned round goes up."""
        bends = self.part.chains.get((source, target))
        if bends is not None:
            return [source, *bends, target]
        return [source, *self.part.chains[target, source][::-1], target]

    def route(self, edge: Pair, lengths: list[float], shift: float) -> list[tuple[float, float]]:
        """Return the polyline of an edge that leaves its source ``shift`` off the middle."""
        source, target = edge
        if edge not in self.part.chains:
            return self._route(target, source, lengths, (0.0, shift))[::-1]
        return self._route(source, target, lengths, (shift, 0.0))

    def _route(
        self, source: int, target: int, lengths: list[float], shifts: tuple[float, float]
    ) -> list[tuple[float, float]]:
        x, layer = self.centre[source] + shifts[0], self.layer_of[source]
        points = [(x, self.start(source, lengths[source]) + lengths[source]), (x, self.bottom[layer])]
        for bend in self.part.chains[source, target]:
            x, layer = self.centre[bend], self.layer_of[bend]
            points += [(x, self.top[layer]), (x, self.bottom[layer])]
        x, layer = self.centre[target] + shifts[1], self.layer_of[target]
        points += [(x, self.top[layer]), (x, self.start(target, lengths[target]))]
        return _simple(points)


def _simple(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave out points in the middle of a straight line along the flow."""
    kept = [points[0]]
    for point, following in pairwise(points[1:]):
        if not (abs(kept[-1][0] - point[0]) < 0.01 and abs(point[0] - following[0]) < 0.01):
            kept.append(point)
    return [*kept, points[-1]]


def _rows_of(lonely: list[int], breadths: list[float]) -> list[list[int]]:
    """Return boxes without edges in rows of about equal length, so that they make a block."""
    limit = max(600.0, (sum(breadths[v] + ACROSS_GAP for v in lonely) * 60) ** 0.5)
    rows: list[list[int]] = []
    used = limit
    for vertex in lonely:
        if used + breadths[vertex] > limit:
            rows.append([])
            used = 0.0
        rows[-1].append(vertex)
        used += breadths[vertex] + ACROSS_GAP
    return rows


def _pack(drawings: list[_Drawing]) -> None:
    """Put the parts side by side, in further rows when they would become wider than about twice the height."""
    area = sum((d.breadth + PART_GAP) * (d.length + PART_GAP) for d in drawings)
    limit = max([(area * 2) ** 0.5, *(d.breadth for d in drawings)]) if drawings else 0.0
    across = along = deepest = 0.0
    for drawing in sorted(drawings, key=lambda d: -d.length):
        if across and across + drawing.breadth > limit:
            across, along, deepest = 0.0, along + deepest + PART_GAP, 0.0
        drawing.move = (across, along)
        across += drawing.breadth + PART_GAP
        deepest = max(deepest, drawing.length)


def _exit_shifts(home: dict[int, _Drawing], breadths: list[float], edges: list[Pair], exits: list[int]) -> list[float]:
    """Return how far from the middle each edge leaves its box: outputs side by side, ordered by where they go."""
    outputs: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, (source, target) in enumerate(edges):
        if source != target:
            outputs[source][exits[number]].append(number)
    shifts = [0.0] * len(edges)

    def heading(group: list[int]) -> float:
        drawing = home[edges[group[0]][0]]
        return drawing.centre[drawing.way(*edges[group[0]])[1]]

    for source, groups in outputs.items():
        if len(groups) < 2:
            continue
        breadth = breadths[source]
        step = min(22.0, (breadth - min(24.0, breadth * 0.4)) / (len(groups) - 1))
        for position, group in enumerate(sorted(groups.values(), key=heading)):
            for number in group:
                shifts[number] = (position - (len(groups) - 1) / 2) * step
    return shifts


def _collect(
    drawings: list[_Drawing],
    home: dict[int, _Drawing],
    sizes: tuple[list[float], list[float]],
    edges: list[Pair],
    shifts: list[float],
) -> Arrangement:
    breadths, lengths = sizes
    rects = np.zeros((len(breadths), 4), np.float32)
    for vertex, drawing in home.items():
        across = drawing.centre[vertex] - breadths[vertex] / 2 + drawing.move[0]
        along = drawing.start(vertex, lengths[vertex]) + drawing.move[1]
        rects[vertex] = (across, along, breadths[vertex], lengths[vertex])
    points: list[tuple[float, float]] = []
    starts = [0]
    for (source, target), shift in zip(edges, shifts, strict=True):
        drawing = home[source]
        if source == target:
            points += _loop(rects[source])
        else:
            way = drawing.route((source, target), lengths, shift)
            points += [(x + drawing.move[0], y + drawing.move[1]) for x, y in way]
        starts.append(len(points))
    flat = np.array(points, np.float32).reshape(-1, 2)
    width = max((d.move[0] + d.breadth for d in drawings), default=0.0)
    height = max((d.move[1] + d.length for d in drawings), default=0.0)
    return Arrangement(rects, flat, np.array(starts, np.int32), width, height)


def _turned(arranged: Arrangement) -> Arrangement:
    """Return it with the flow to the right."""
    rects, points = arranged.rects[:, [1, 0, 3, 2]], arranged.points[:, ::-1]
    return Arrangement(
        np.ascontiguousarray(rects), np.ascontiguousarray(points), arranged.starts, arranged.height, arranged.width
    )


def _loop(rect: Floats) -> list[tuple[float, float]]:
    """Return a way out of a box's end and back into its start, along its side."""
    across, along, breadth, length = (float(number) for number in rect)
    middle, side = across + breadth / 2, across + breadth + ACROSS_GAP / 3
    return [(middle, along + length), (side, along + length + 8), (side, along - 8), (middle, along)]
