"""Values of node attributes as a Graph holds them: JSON-safe, long lists and texts in short."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from workbench.core.i18n import _

LONGEST_LIST = 64
LONGEST_TEXT = 300


def list_value(values: Sequence[Any], convert: Callable[[Any], Any] = lambda item: item) -> list[Any] | str:
    """Return the items, or how many there are when they are many."""
    if len(values) > LONGEST_LIST:
        return _("list of {count}").format(count=len(values))
    return [convert(item) for item in values]


def text_value(content: bytes) -> str:
    """Return a text, or how long it is when it is long (packed data, serialized programs)."""
    if len(content) > LONGEST_TEXT:
        return _("text, {count} bytes").format(count=len(content))
    return decoded(content)


def decoded(content: bytes | None) -> str:
    """Return a text as it is stored, "" when there is none; bytes that are no UTF-8 become replacement marks."""
    return content.decode("utf-8", "replace") if content else ""
