"""Layers of a directed graph: cycles broken, long edges found, and a plain linear-time ordering."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import msgspec

Pair = tuple[int, int]


class Layered(msgspec.Struct):
    """A connected part of a graph in layers. Numbers below the number of boxes are boxes, the others bends of edges."""

    layers: list[list[int]]
    """Vertices of each layer along the flow, in their order across it."""
    chains: dict[Pair, list[int]]
    """The bends of each edge, from its first to its second box; every edge between neighbouring layers has none."""


def forward(count: int, edges: list[Pair]) -> list[Pair]:
    """Return ``edges`` so that there is no cycle: edges that close one are turned round. Pairs may come twice then."""
    after = _followers(count, edges)
    state = bytearray(count)  # 0 not seen, 1 on the way, 2 done
    turned: set[Pair] = set()
    for start in range(count):
        if state[start]:
            continue
        state[start] = 1
        way = [(start, iter(after[start]))]
        while way:
            vertex, rest = way[-1]
            for follower in rest:
                if state[follower] == 1:
                    turned.add((vertex, follower))
                elif state[follower] == 0:
                    state[follower] = 1
                    way.append((follower, iter(after[follower])))
                    break
            else:
                state[vertex] = 2
                way.pop()
    return [(target, source) if (source, target) in turned else (source, target) for source, target in edges]


def _followers(count: int, edges: list[Pair]) -> list[list[int]]:
    after: list[list[int]] = [[] for _vertex in range(count)]
    for source, target in edges:
        after[source].append(target)
    return after


def depths(count: int, edges: list[Pair]) -> list[int]:
    """Return a layer for each vertex of a graph without cycles: as early as can be, sources as late as can be."""
    after = _followers(count, edges)
    waiting = [0] * count
    for _source, target in edges:
        waiting[target] += 1
    sources = [vertex for vertex in range(count) if waiting[vertex] == 0]
    depth = [0] * count
    order = list(sources)
    for vertex in order:  # grows while it is walked
        for follower in after[vertex]:
            depth[follower] = max(depth[follower], depth[vertex] + 1)
            waiting[follower] -= 1
            if waiting[follower] == 0:
                order.append(follower)
    for vertex in sources:
        if after[vertex]:
            depth[vertex] = min(depth[follower] for follower in after[vertex]) - 1
    return depth


def components(count: int, edges: list[Pair]) -> list[list[int]]:
    """Return the vertices of each connected part, in the order of their first vertex."""
    parent = list(range(count))

    def find(vertex: int) -> int:
        while parent[vertex] != vertex:
            parent[vertex] = parent[parent[vertex]]
            vertex = parent[vertex]
        return vertex

    for source, target in edges:
        parent[find(source)] = find(target)
    parts: dict[int, list[int]] = defaultdict(list)
    for vertex in range(count):
        parts[find(vertex)].append(vertex)
    return list(parts.values())


def order_simply(count: int, edges: list[Pair]) -> list[Layered]:
    """Layer by depth and order by the mean of the neighbours, a few sweeps: for graphs too large for better methods.

    Takes edges without cycles; parts without edges are left out.
    """
    depth = depths(count, edges)
    part_of = [0] * count
    parts = [part for part in components(count, edges) if len(part) > 1]
    for number, part in enumerate(parts):
        for vertex in part:
            part_of[vertex] = number
    found = [Layered(layers=[], chains={}) for _part in parts]
    for number, part in enumerate(parts):
        lowest = min(depth[vertex] for vertex in part)
        deepest = max(depth[vertex] for vertex in part)
        found[number].layers = [[] for _layer in range(deepest - lowest + 1)]
        for vertex in part:
            depth[vertex] -= lowest
            found[number].layers[depth[vertex]].append(vertex)
    fresh = count
    for source, target in edges:
        layered = found[part_of[source]]
        bends = list(range(fresh, fresh + depth[target] - depth[source] - 1))
        fresh += len(bends)
        for step, bend in enumerate(bends):
            layered.layers[depth[source] + 1 + step].append(bend)
        layered.chains[source, target] = bends
    for layered in found:
        _sweep(layered)
    return found


def _sweep(layered: Layered) -> None:
    before, after = neighbours(layered)
    for sweep in range(4):
        rank = {vertex: float(position) for layer in layered.layers for position, vertex in enumerate(layer)}
        sides, layers = (before, layered.layers) if sweep % 2 == 0 else (after, layered.layers[::-1])
        for layer in layers:
            keys = {}
            for vertex in layer:
                ends = sides.get(vertex, [])
                keys[vertex] = sum(rank[end] for end in ends) / len(ends) if ends else rank[vertex]
            layer.sort(key=keys.__getitem__)
            rank.update((vertex, float(position)) for position, vertex in enumerate(layer))


def neighbours(layered: Layered) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Return the neighbours of each vertex in the layer before and in the layer after."""
    before: dict[int, list[int]] = defaultdict(list)
    after: dict[int, list[int]] = defaultdict(list)
    for (source, target), bends in layered.chains.items():
        way = [source, *bends, target]
        for left, right in pairwise(way):
            after[left].append(right)
            before[right].append(left)
    return before, after
