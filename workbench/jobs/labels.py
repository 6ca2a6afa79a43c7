"""What the classes of a model are called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.formats.identify import read_model


def labels_in_model(model: str) -> list[str]:
    """Return the class names that the model file itself carries, in order; [] when it carries none."""
    text = read_model(Path(model)).metadata.get("labels", "")
    return [line.strip() for line in text.splitlines() if line.strip()]


def names_of_classes(model: str, classes: int, *, given: Sequence[str] = (), data: Sequence[str] = ()) -> list[str]:
    """Return the first list of names that is as long as there are classes: given, the model's own, the data's."""
    for names in (list(given), labels_in_model(model), list(data)):
        if len(names) == classes:
            return names
    return []
