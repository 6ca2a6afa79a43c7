"""JSON that keeps infinity and NaN, which plain JSON turns into null: for events, step.json and the database."""

from __future__ import annotations

import math
import re
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_NOT_FINITE = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]")
"""MessagePack's spelling of a double whose exponent is all ones; what else looks so costs time only."""


def encode(value: Any) -> bytes:
    """Return JSON; a float that is not finite becomes the text "Infinity", "-Infinity" or "NaN"."""
    if _NOT_FINITE.search(msgspec.msgpack.encode(value)):
        value = _spelled(msgspec.to_builtins(value))
    return msgspec.json.encode(value)


def decode(line: bytes | str | msgspec.Raw, type: type[T]) -> T:  # noqa: A002 - msgspec's word
    """Return the value that ``encode`` was given; raises msgspec.ValidationError or DecodeError."""
    text = bytes(line) if isinstance(line, msgspec.Raw) else line
    try:
        return msgspec.json.decode(text, type=type)
    except msgspec.ValidationError:
        return msgspec.json.decode(text, type=type, strict=False)


def _spelled(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, dict):
        return {key: _spelled(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(item) for item in value]
    return value


_SPELLINGS = {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}


def restored(value: Any) -> Any:
    """Return plain JSON values, decoded without a type, with the floats that ``encode`` had to spell out."""
    if isinstance(value, str):
        return _SPELLINGS.get(value, value)
    if isinstance(value, dict):
        return {key: restored(item) for key, item in value.items()}
    if isinstance(value, list):
        return [restored(item) for item in value]
    return value
