"""How the models of a project descend from each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec


class ModelRecord(msgspec.Struct, frozen=True):
    """One model of a project."""

    id: int
    name: str
    """Unique in the project."""
    path: str
    """Absolute."""
    format: str
    parent: int | None
    step: dict[str, Any] | None
    """How it was made from its parent (JSON of Transformed); None for a model that the person brought."""
    sha256: str
    """"" until some job has read the whole model."""
    bytes: int
    created: str
    """ISO 8601, UTC."""
    mtime_ns: int = 0
    removed: bool = False
    """No longer shown; still known as an ancestor."""

    @property
    def is_model(self) -> bool:
        """Whether it can be opened here; an artifact in no readable format (for a server, say) is only recorded."""
        return bool(self.format) or self.step is None


def ancestry(records: Mapping[int, ModelRecord], model_id: int) -> list[ModelRecord]:
    """Return the models from the first ancestor down to ``model_id`` itself; raises KeyError for an unknown one."""
    chain = {model_id: records[model_id]}
    parent = records[model_id].parent
    while parent is not None and parent in records and parent not in chain:  # a path written again may close a circle
        chain[parent] = records[parent]
        parent = records[parent].parent
    return list(chain.values())[::-1]


def children(records: Collection[ModelRecord], model_id: int | None) -> list[ModelRecord]:
    """Return the models made from ``model_id``, or those that the person brought for None; oldest first."""
    return sorted((record for record in records if record.parent == model_id), key=lambda record: record.id)


def unique_name(wanted: str, taken: Collection[str]) -> str:
    """Return ``wanted``, or "wanted (2)", "wanted (3)" ... when there is one already."""
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted} ({number})", number + 1
    return name
