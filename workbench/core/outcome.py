"""What a pass or an exporter has to say besides its artifact."""

from __future__ import annotations

import msgspec


class Outcome(msgspec.Struct):
    """What a pass or an exporter has to say about its artifact besides the artifact itself."""

    notes: list[str] = []
    """Translated sentences for the person ("12 of 14 layers were quantized; ...")."""
    figures: dict[str, float] = {}
    """Named figures ("sparsity")."""
    tables: dict[str, dict[str, float]] = {}
    """Named figures per layer ("sparsity": {"conv1": 0.5, ...})."""
