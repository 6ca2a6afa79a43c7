"""Layer and order a directed graph with fast-sugiyama (Rust), guarded against its stack overflow and mixed-up numbers.

It is given one connected part at a time: with several, 0.5.3 numbers bends of a later part like boxes of an earlier.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any

from fast_sugiyama import from_edges

from workbench.core.layered import Layered, Pair, components, order_simply

STACK_PER_PIECE = 20_000
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
    part_of = {vertex: number for number, part in enumerate(components(count, edges)) for vertex in part}
    grouped: dict[int, list[Pair]] = defaultdict(list)
    for edge in edges:
        grouped[part_of[edge[0]]].append(edge)
    parts: list[Layered] = []
    problems: list[BaseException] = []

    def work() -> None:
        try:
            _lay_out(count, list(grouped.values()), parts)
        except BaseException as error:  # noqa: BLE001 - carried over; a panic in Rust is no Exception
            problems.append(error)

    with _STACK_SIZE:
        usual = threading.stack_size(min(LARGEST_STACK, (64 << 20) + pieces * STACK_PER_PIECE))
        try:
            thread = threading.Thread(target=work, name="layout")
            thread.start()
        finally:
            threading.stack_size(usual)
    thread.join()
    if problems:
        raise RuntimeError("the layout library failed") from problems[0]
    return parts


def _lay_out(count: int, groups: list[list[Pair]], parts: list[Layered]) -> None:
    fresh = count
    for edges in groups:
        part = _part(edges, fresh)
        parts.append(part)
        fresh += sum(len(bends) for bends in part.chains.values())


def _part(edges: list[Pair], fresh: int) -> Layered:
    """Lay out one connected part; its bends are numbered from ``fresh`` on."""
    used = sorted({vertex for edge in edges for vertex in edge})
    number = {vertex: position for position, vertex in enumerate(used)}
    dense = [(number[source], number[target]) for source, target in edges]
    found = from_edges(dense, minimum_length=1, vertex_spacing=1, dummy_vertices=True, dummy_size=1, check_layout=False)
    part = _read(found[0], used, fresh) if len(found) == 1 else None
    if part is not None and part.chains.keys() == set(edges):
        return part
    simple = order_simply(len(used), dense)[0]  # the library has mixed up its numbers after all
    names = {vertex: vertex - len(used) + fresh for layer in simple.layers for vertex in layer} | dict(enumerate(used))
    return Layered(
        [[names[vertex] for vertex in layer] for layer in simple.layers],
        {(names[a], names[b]): [names[bend] for bend in bends] for (a, b), bends in simple.chains.items()},
    )


def _read(layout: Any, used: list[int], fresh: int) -> Layered | None:
    positions, _width, _height, links = layout
    names: dict[int, int] = dict(enumerate(used))
    rows: dict[float, list[tuple[float, int]]] = defaultdict(list)
    for vertex, (x, y) in positions:
        if vertex >= len(used):
            names[vertex] = fresh
            fresh += 1
        rows[y].append((x, names[vertex]))
    if len(names) != len(positions):
        return None
    layers = [[vertex for _x, vertex in sorted(rows[y])] for y in sorted(rows, reverse=True)]
    boxes = set(used)
    return Layered(layers, _chains([(names[a], names[b]) for a, b in links], boxes))


def _chains(links: list[Pair], boxes: set[int]) -> dict[Pair, list[int]]:
    follower = {source: target for source, target in links if source not in boxes}
    chains = {}
    for source, target in links:
        if source in boxes:
            bends: list[int] = []
            end = target
            while end not in boxes and end in follower and len(bends) < len(links):
                bends.append(end)
                end = follower[end]
            chains[source, end] = bends
    return chains
