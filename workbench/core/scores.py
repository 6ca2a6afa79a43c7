"""Class scores: which output of a classifier holds them, the best classes, and whether labels fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _
from workbench.core.shapes import bracketed

Scores = NDArray[np.float64]


def class_scores(output: NDArray[np.generic]) -> Scores | None:
    """Return an output as (samples, classes), or None when it is not of that shape.

    Axes of size 1 behind the samples are dropped, (n, 1, 1, c) becomes (n, c). One number a sample is the score of
    the second of two classes (a sigmoid, or its logit): it becomes two columns.
    """
    if output.dtype.kind not in "fiub" or output.ndim < 1:
        return None
    inner = [size for size in output.shape[1:] if size != 1]
    if len(inner) > 1:
        return None
    scores = output.astype(np.float64).reshape(len(output), inner[0] if inner else 1)
    if scores.shape[1] > 1:
        return scores
    positive = scores[:, 0]
    logits = bool(np.any((positive < 0) | (positive > 1)))  # then the two classes part at 0, not at 0.5
    return np.stack([-positive if logits else 1 - positive, positive], axis=1)


def scored_output(outputs: Mapping[str, NDArray[np.generic]]) -> NDArray[np.generic]:
    """Return the first output that can hold class scores; raises WorkbenchError naming what there is."""
    for output in outputs.values():
        if class_scores(output) is not None:
            return output
    raise no_scores(outputs)


def no_scores(outputs: Mapping[str, NDArray[np.generic]]) -> WorkbenchError:
    """Return the error that says which outputs there are instead of class scores."""
    found = ", ".join(f"{name} {bracketed(output.shape)}" for name, output in outputs.items())
    return WorkbenchError(
        _("No output looks like class scores (samples, classes): {outputs}.").format(outputs=found),
        _("Accuracy can only be measured of a classifier."),
    )


def looks_like_probabilities(scores: Scores) -> bool:
    """Say whether every row is within 0 to 1 and adds up to 1 (loosely: int8 outputs are rounded)."""
    inside = bool(np.all((scores >= -1e-3) & (scores <= 1 + 1e-3)))
    return inside and bool(np.all(np.abs(scores.sum(axis=1) - 1) < 0.05))


def best(scores: Scores, count: int) -> NDArray[np.intp]:
    """Return (samples, count) class indices, best first; of equal scores the lower index first."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :count]


def check_labels(labels: NDArray[np.int64], classes: int) -> None:
    """Raise WorkbenchError when a label is no class of the model."""
    low, high = int(labels.min()), int(labels.max())
    if low >= 0 and high < classes:
        return
    text = _("The labels go from {low} to {high}, but the model has {classes} classes (0 to {last}).")
    hint = _("Check that the data belongs to this model.")
    if low == 1 and high == classes:
        hint = _("The labels seem to count from 1: subtract 1 from each.")
    raise WorkbenchError(text.format(low=low, high=high, classes=classes, last=classes - 1), hint)


def reorder(labels: NDArray[np.int64], data_names: Sequence[str], model_names: Sequence[str]) -> NDArray[np.int64]:
    """Return labels as the model counts its classes, when both sides name the same classes in another order."""
    data, model = ([name.strip().casefold() for name in names] for names in (data_names, model_names))
    unique = len(set(data)) == len(data) and len(set(model)) == len(model)
    if not data or data == model or not unique or not set(data) <= set(model) or int(labels.max()) >= len(data):
        return labels
    place = np.asarray([model.index(name) for name in data], dtype=np.int64)
    return place[labels]
