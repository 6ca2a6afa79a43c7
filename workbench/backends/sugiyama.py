"""Layer and order a directed graph with fast-sugiyama (Rust), guarded against its stack overflow on deep graphs."""

from __future__ import annotations

import threading
from typing import Any

from fast_sugiyama import from_edges

from workbench.core.layered import Layered, Pair, order_simply

STACK_PER_VERTEX = 20_000
"""Bytes: the library recurses along the graph; 50,000 layers need far more than a thread's usual 8 MB."""
LARGEST_STACK = 1 << 30
LARGEST = 150_000
"""Edge pieces up to which the library is used; above, the plain ordering, which cannot overflow."""

_STACK_SIZE = threading.Lock()


def layered(count: int, edges: list[Pair], pieces: int) -> list[Layered]:
    """Return each connected part that has edges, in layers and ordered to cross little.

    Args:
        count: number of boxes; bends are numbered from there on.
        edges: pairs of different boxes without cycles, each pair once.
        pieces: about how many edges there are when long ones are cut at each layer.
    """
    if not edges:
        return []
    if pieces > LARGEST:
        return order_simply(count, edges)
    used = sorted({vertex for edge in edges for vertex in edge})
    number = {vertex: position for position, vertex in enumerate(used)}
    dense = [(number[source], number[target]) for source, target in edges]
    layouts: list[Any] = []
    with _STACK_SIZE:
        usual = threading.stack_size(min(LARGEST_STACK, (64 << 20) + pieces * STACK_PER_VERTEX))
        try:
            thread = threading.Thread(target=lambda: layouts.extend(_call(dense)), name="layout")
            thread.start()
        finally:
            threading.stack_size(usual)
    thread.join()
    return _parts(layouts, used, count)


def _call(edges: list[Pair]) -> list[Any]:
    return list(
        from_edges(edges, minimum_length=1, vertex_spacing=1, dummy_vertices=True, dummy_size=1, check_layout=False)
    )


def _parts(layouts: list[Any], used: list[int], count: int) -> list[Layered]:
    parts = []
    fresh = count
    for positions, _width, _height, links in layouts:
        names: dict[int, int] = {}
        for vertex, _place in positions:
            if vertex < len(used):
                names[vertex] = used[vertex]
            else:  # a bend: our own number, since the library's are not promised to be unique
                names[vertex] = fresh
                fresh += 1
        rows: dict[float, list[tuple[float, int]]] = {}
        for vertex, (x, y) in positions:
            rows.setdefault(y, []).append((x, names[vertex]))
        layers = [[vertex for _x, vertex in sorted(rows[y])] for y in sorted(rows, reverse=True)]
        parts.append(Layered(layers, _chains([(names[a], names[b]) for a, b in links], count)))
    return parts


def _chains(links: list[Pair], count: int) -> dict[Pair, list[int]]:
    follower = {source: target for source, target in links if source >= count}
    chains = {}
    for source, target in links:
        if source < count:
            bends = []
            end = target
            while end >= count:
                bends.append(end)
                end = follower[end]
            chains[source, end] = bends
    return chains
