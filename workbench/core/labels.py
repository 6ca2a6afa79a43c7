"""Read class names from the forms in which model files carry them."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from typing import Any

LONGEST_TEXT = 4_000_000


def parse_labels(text: str) -> list[str]:
    """Return class names from JSON, a Python literal ({0: 'cat'}), or one a line or comma; [] when it is none."""
    text = text.strip()
    if not text or len(text) > LONGEST_TEXT:
        return []
    if text[0] in "[{":
        return _from_structure(text)
    lines = [line.strip() for line in text.splitlines()]
    if len(lines) > 1:
        return lines
    parts = [part.strip() for part in text.split(",")]
    return parts if len(parts) > 1 else []


def _from_structure(text: str) -> list[str]:
    try:
        content: Any = json.loads(text)
    except ValueError:
        try:
            content = ast.literal_eval(text)  # a literal only: evaluates no names and calls nothing
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            return []
    if isinstance(content, list):
        return _texts(content)
    if isinstance(content, dict):
        return _from_mapping(content)
    return []


def _from_mapping(content: dict[Any, Any]) -> list[str]:
    """Order {number: name} or {name: number} by number; the numbers must be 0, 1, 2 ..."""
    pairs = list(content.items())
    if pairs and all(isinstance(value, int) and not isinstance(value, bool) for _key, value in pairs):
        pairs = [(value, key) for key, value in pairs]
    try:
        ordered = sorted((int(number), name) for number, name in pairs)
    except (ValueError, TypeError):
        return []
    if [number for number, _name in ordered] != list(range(len(ordered))):
        return []
    return _texts(name for _number, name in ordered)


def _texts(items: Iterable[Any]) -> list[str]:
    found = list(items)
    return [str(item) for item in found] if all(isinstance(item, str | int | float) for item in found) else []
