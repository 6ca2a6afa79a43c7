"""Labels: class indices from numbers, one-hot rows or names."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _
from workbench.datasets.samples import Labels

LABEL_NAMES = ("label", "labels", "y", "target", "targets", "class", "classes")
CLASS_NAMES = ("class_names", "label_names", "target_names", "names")


def is_label_name(name: str) -> bool:
    """Say whether an array or column is called as labels usually are ("y", "y_test", "train_labels")."""
    return any(part in LABEL_NAMES for part in (name.lower(), *name.lower().replace("-", "_").split("_")))


def labels_from(values: NDArray[np.generic], class_names: list[str], *, required: bool, name: str) -> Labels:
    """Return class indices from whole numbers, one-hot rows or texts (sorted, as Keras sorts class folders).

    Numbers that are no class indices (a regression target) give no labels, or WorkbenchError when ``required``.
    """
    column = values.reshape(len(values)) if values.ndim > 1 and values.size == len(values) else values
    if column.ndim == 2 and _is_one_hot(column):
        return Labels(np.argmax(column, axis=1).astype(np.int64), class_names)
    if column.ndim == 1 and column.dtype.kind in "US":
        texts = [text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text) for text in column.tolist()]
        names = class_names or sorted(set(texts))
        position = {text: index for index, text in enumerate(names)}
        if all(text in position for text in texts):
            return Labels(np.array([position[text] for text in texts], dtype=np.int64), names)
    elif column.ndim == 1 and column.dtype.kind in "biuf" and _are_indices(column):
        return Labels(column.astype(np.int64), class_names)
    if required:
        raise WorkbenchError(
            _("{name} does not hold class labels.").format(name=name),
            _("Labels are whole numbers from 0, names, or one-hot rows, one for each sample."),
        )
    return Labels(None, class_names)


def _is_one_hot(rows: NDArray[np.generic]) -> bool:
    if rows.dtype.kind not in "biuf":
        return False
    return bool(np.all((rows == 0) | (rows == 1)) and np.all(np.sum(rows, axis=1) == 1))


def _are_indices(values: NDArray[np.generic]) -> bool:
    numbers = values.astype(np.float64)
    return bool(np.all(np.isfinite(numbers)) and np.all(numbers >= 0) and np.all(numbers == np.rint(numbers)))
