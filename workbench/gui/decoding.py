"""Decode a job's result away from the GUI thread, a big one in pieces: each call keeps all other threads waiting."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import islice
from typing import Any, get_args, get_origin

import msgspec

from workbench.core import wire

PIECE_BYTES = 64_000
"""So much JSON is decoded in one call: about 4 ms."""
BIG_BYTES = 4 * PIECE_BYTES


def decoded(raw: msgspec.Raw, kind: Any) -> Any:
    """Return ``raw`` as ``kind``, as ``wire.decode`` does.

    The objects of a big result live long: they are put out of sight of the garbage collector, which would stop the
    window for a tenth of a second each time that it looks through a graph of 50,000 nodes.
    """
    if len(memoryview(raw)) < BIG_BYTES:
        return wire.decode(raw, kind)
    enabled = gc.isenabled()
    gc.disable()
    try:
        return _in_pieces(raw, kind)
    finally:
        keep_out_of_collection()
        if enabled:
            gc.enable()


def keep_out_of_collection() -> None:
    """Let the garbage collector pass over everything that exists now; what is not used any more still goes."""
    gc.freeze()


def _in_pieces(raw: msgspec.Raw, kind: Any) -> Any:
    if len(memoryview(raw)) < BIG_BYTES:
        return wire.decode(raw, kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is list:
        items = wire.decode(raw, list[msgspec.Raw])
        return [item for part in _parts(items) for item in wire.decode(msgspec.json.encode(part), kind)]
    if origin is dict and arguments[0] is str:
        return _dictionary(wire.decode(raw, dict[str, msgspec.Raw]), arguments[1])
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and not kind.__struct_config__.array_like:
        given = wire.decode(raw, dict[str, msgspec.Raw])
        fields = msgspec.structs.fields(kind)
        if kind.__struct_config__.tag is None:
            return kind(**{
                field.name: _in_pieces(given[field.encode_name], field.type)
                for field in fields if field.encode_name in given
            })  # fmt: skip
    return wire.decode(raw, kind)


def _dictionary(given: dict[str, msgspec.Raw], kind: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    small: dict[str, msgspec.Raw] = {}
    for key, raw in given.items():
        if len(memoryview(raw)) >= BIG_BYTES:
            found[key] = _in_pieces(raw, kind)
        else:
            found[key] = None  # keeps its place in the order
            small[key] = raw
    names = iter(small)
    for part in _parts(list(small.values())):
        chosen = dict(zip(islice(names, len(part)), part, strict=True))
        found.update(wire.decode(msgspec.json.encode(chosen), dict[str, kind]))
    return found


def _parts(items: list[msgspec.Raw]) -> Iterator[list[msgspec.Raw]]:
    """Yield neighbours whose JSON is about ``PIECE_BYTES`` long together."""
    part: list[msgspec.Raw] = []
    size = 0
    for item in items:
        part.append(item)
        size += len(memoryview(item))
        if size >= PIECE_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part
