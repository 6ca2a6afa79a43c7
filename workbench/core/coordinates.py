"""Place the vertices of a layered graph across their layers: Brandes and Koepf's method, with real box widths.

U. Brandes, B. Koepf, "Fast and Simple Horizontal Coordinate Assignment", Graph Drawing 2001: four alignments (towards
the layer before or after, leftmost or rightmost), each compacted, and per vertex the mean of the two middle ones. Long
edges come out straight. Linear in vertices and edges.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Layers = list[list[int]]
Adjacency = list[list[int]]


def place(layers: Layers, before: Adjacency, after: Adjacency, breadths: list[float], inner: list[bool]) -> list[float]:
    """Return the centre of each vertex across the flow, in the unit of ``breadths`` (which hold the gaps already).

    Args:
        layers: vertices of each layer in their order.
        before: neighbours of each vertex in the layer before; ``after`` likewise.
        breadths: room that each vertex needs across the flow.
        inner: whether the vertex is a bend of a long edge.
    """
    rank = _ranks(layers, len(breadths))
    conflicts = _conflicts(layers, before, rank, inner)
    runs: list[NDArray[np.float64]] = []
    for upward in (False, True):
        for leftward in (False, True):
            ordered = layers[::-1] if upward else layers
            if leftward:
                ordered = [layer[::-1] for layer in ordered]
            neighbours = after if upward else before
            root = _align(ordered, neighbours, conflicts)
            xs = _compact(ordered, root, breadths)
            runs.append(-xs if leftward else xs)
    return _balance(runs, np.asarray(breadths))


def _ranks(layers: Layers, count: int) -> list[int]:
    rank = [0] * count
    for layer in layers:
        for position, vertex in enumerate(layer):
            rank[vertex] = position
    return rank


def _conflicts(layers: Layers, before: Adjacency, rank: list[int], inner: list[bool]) -> set[tuple[int, int]]:
    """Return the edges (from, to) that cross a piece of a long edge: the long edge goes straight, they do not."""
    found: set[tuple[int, int]] = set()
    for above, layer in pairwise(layers):
        left, start, last = 0, 0, len(layer) - 1
        for position, vertex in enumerate(layer):
            ends = [u for u in before[vertex] if inner[u]] if inner[vertex] else []
            if not ends and position != last:
                continue
            right = rank[ends[0]] if ends else len(above) - 1
            for other in layer[start : position + 1]:
                for end in before[other]:
                    crosses = rank[end] < left or rank[end] > right
                    if crosses and not (inner[end] and inner[other]):
                        found.add((end, other))
            start, left = position + 1, right
    return found


def _align(layers: Layers, neighbours: Adjacency, conflicts: set[tuple[int, int]]) -> list[int]:
    """Join each vertex with the median of its neighbours, as far as blocks do not cross; return the roots."""
    count = len(neighbours)
    root, align = list(range(count)), list(range(count))
    rank = _ranks(layers, count)
    for layer in layers:
        reached = -1
        for vertex in layer:
            ends = neighbours[vertex]
            if len(ends) > 2:
                ends = sorted(ends, key=rank.__getitem__)
                ends = ends[(len(ends) - 1) // 2 : len(ends) // 2 + 1]
            elif len(ends) == 2 and rank[ends[0]] > rank[ends[1]]:
                ends = [ends[1], ends[0]]
            for end in ends:
                free = align[vertex] == vertex and reached < rank[end]
                if free and (end, vertex) not in conflicts and (vertex, end) not in conflicts:
                    align[end], root[vertex] = vertex, root[end]
                    align[vertex] = root[vertex]
                    reached = rank[end]
    return root


def _compact(layers: Layers, root: list[int], breadths: list[float]) -> NDArray[np.float64]:
    """Push blocks as far to the left as their neighbours allow, then back to the right as far as nothing moves on."""
    followers: dict[int, dict[int, float]] = {vertex: {} for vertex in set(root)}
    waiting = dict.fromkeys(followers, 0)
    for layer in layers:
        for left, right in pairwise(layer):
            gap = (breadths[left] + breadths[right]) / 2
            links = followers[root[left]]
            known = links.get(root[right])
            if known is None:
                waiting[root[right]] += 1
            links[root[right]] = gap if known is None else max(known, gap)
    order = [vertex for vertex, count in waiting.items() if count == 0]
    xs = dict.fromkeys(followers, 0.0)
    for vertex in order:  # grows while it is walked: a topological order of the blocks
        for follower, gap in followers[vertex].items():
            xs[follower] = max(xs[follower], xs[vertex] + gap)
            waiting[follower] -= 1
            if waiting[follower] == 0:
                order.append(follower)
    for vertex in reversed(order):
        if followers[vertex]:
            xs[vertex] = max(xs[vertex], min(xs[follower] - gap for follower, gap in followers[vertex].items()))
    return np.array([xs[vertex] for vertex in root])


def _balance(runs: list[NDArray[np.float64]], breadths: NDArray[np.float64]) -> list[float]:
    """Align the four placements to the narrowest and take the mean of the two middle ones."""
    half = breadths / 2
    spans = [((xs - half).min(), (xs + half).max()) for xs in runs]
    low, high = min(spans, key=lambda span: float(span[1] - span[0]))
    shifted = [
        xs + (low - span[0] if index % 2 == 0 else high - span[1])
        for index, (xs, span) in enumerate(zip(runs, spans, strict=True))
    ]
    ordered = np.sort(np.stack(shifted), axis=0)
    centres: list[float] = ((ordered[1] + ordered[2]) / 2).tolist()
    return centres


def pull_bends(layers: Layers, chains: list[list[int]], centres: list[float], breadths: list[float]) -> None:
    """Move straight pieces of long edges towards the ends of their edge, as far as their neighbours leave room.

    The four-way mean may leave a bypass far out although there is room beside the boxes that it passes.

    Args:
        layers: vertices of each layer in their order.
        chains: of each long edge its first box, bends and last box.
        centres: from ``place``; changed in place.
        breadths: as for ``place``.
    """
    left: dict[int, int] = {}
    right: dict[int, int] = {}
    for layer in layers:
        for a, b in pairwise(layer):
            left[b], right[a] = a, b
    for _round in range(3):
        for chain in chains:
            for piece in _straight(chain[1:-1], centres):
                before = [(centres[left[v]], breadths[left[v]] + breadths[v]) for v in piece if v in left]
                behind = [(centres[right[v]], breadths[right[v]] + breadths[v]) for v in piece if v in right]
                low = max((x + room / 2 for x, room in before), default=-np.inf)
                high = min((x - room / 2 for x, room in behind), default=np.inf)
                here = centres[piece[0]]
                goals = sorted((centres[chain[0]], centres[chain[-1]]))
                goal = min(max(here, goals[0]), goals[1])
                if low <= high:
                    there = float(min(max(goal, low), high))
                    for vertex in piece:
                        centres[vertex] = there


def _straight(bends: list[int], centres: list[float]) -> list[list[int]]:
    pieces: list[list[int]] = []
    for bend in bends:
        if pieces and abs(centres[pieces[-1][-1]] - centres[bend]) < 0.01:
            pieces[-1].append(bend)
        else:
            pieces.append([bend])
    return pieces
