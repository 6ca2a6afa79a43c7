"""Walk the top level of a protobuf file by its tags and lengths, without decoding or loading what is inside."""

from __future__ import annotations

from typing import BinaryIO, NamedTuple


class TopLevel(NamedTuple):
    """The skeleton of a message."""

    fields: tuple[int, ...]
    """Field numbers in order of first appearance."""
    lengths: dict[int, int]
    """Bytes in all length-delimited occurrences of a field."""
    varints: dict[int, int]
    """Last value of each varint field."""
    complete: bool
    """False when the last field reaches beyond the end of the file."""


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Decode a base-128 varint at ``at``; return value and the position after it. Raises IndexError or ValueError."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("varint longer than ten bytes")


def top_level(file: BinaryIO, size: int, limit: int = 200_000) -> TopLevel | None:
    """Return the top-level fields of a protobuf file of ``size`` bytes, or None when it cannot be one."""
    found: dict[int, None] = {}
    lengths: dict[int, int] = {}
    varints: dict[int, int] = {}
    at = 0
    for _count in range(limit):
        if at >= size:
            break
        file.seek(at)
        piece = file.read(20)
        try:
            tag, used = read_varint(piece, 0)
            number, wire_type = tag >> 3, tag & 7
            if number == 0 or number > 0xFFFF:
                return None
            end = at + used
            if wire_type == 2:
                length, used = read_varint(piece, used)
                end = at + used + length
                lengths[number] = lengths.get(number, 0) + length
            elif wire_type == 0:
                varints[number], used = read_varint(piece, used)
                end = at + used
            elif wire_type in (1, 5):
                end += 8 if wire_type == 1 else 4
            else:
                return None
        except (IndexError, ValueError):
            return None
        found[number] = None
        at = end
    return TopLevel(tuple(found), lengths, varints, at <= size) if found else None
