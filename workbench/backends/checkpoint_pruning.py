"""Prune the variables of a SavedModel: the checkpoint is written anew with the same keys, the graph stays as it is."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from workbench.backends.pruning import Place, Plan, Pruned, prune
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _

Array = NDArray[Any]


def prune_saved_model(source: Path, target: Path, sources: Mapping[str, str], plan: Plan) -> Pruned:
    """Write a pruned copy of the folder. ``sources``: checkpoint keys by variable name.

    Keras stores some variables under two keys: a copy with the same numbers is pruned alike. ``fingerprint.pb`` is left
    out, because it holds a hash of the old variables.
    """
    reader = _reader(source / "variables" / "variables")
    keys = reader.get_variable_to_shape_map()
    changed: dict[str, Array] = {}
    twins = _twins(reader, keys, set(sources.values()))

    def place(name: str, key: str) -> Place:
        def write(values: Array) -> None:
            for twin in twins[key]:
                changed[twin] = values

        return Place(name, int(np.prod(keys[key], dtype=np.int64)), lambda: reader.get_tensor(key), write)

    pruned = prune([place(name, key) for name, key in sources.items()], plan)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("variables", "fingerprint.pb"))
    (target / "variables").mkdir()
    names = sorted(keys)
    try:
        tf.raw_ops.SaveV2(
            prefix=str(target / "variables" / "variables"),
            tensor_names=names,
            shape_and_slices=[""] * len(names),
            tensors=[changed[name] if name in changed else reader.get_tensor(name) for name in names],
        )
    except tf.errors.OpError as error:
        raise WorkbenchError(
            _("Cannot write the variables: {reason}").format(reason=error.message),
            _("Check the free space on the disk."),
        ) from error
    return pruned


def _reader(prefix: Path) -> Any:
    try:
        return tf.train.load_checkpoint(str(prefix))
    except (ValueError, tf.errors.OpError) as error:
        raise WorkbenchError(
            _("Cannot read the SavedModel's variables: {reason}").format(reason=error),
            _("Copy the whole SavedModel folder again from its source."),
        ) from error


def _twins(reader: Any, shapes: Mapping[str, list[int]], pruned: set[str]) -> dict[str, list[str]]:
    """Return, for each key to prune, the keys that hold the same numbers (itself included)."""
    wanted = {tuple(shapes[key]) for key in pruned}
    by_content: dict[tuple[Any, ...], list[str]] = {}
    own: dict[str, tuple[Any, ...]] = {}
    for key, shape in shapes.items():
        if tuple(shape) in wanted:
            values = np.asarray(reader.get_tensor(key))
            content = (values.dtype.str, tuple(shape), hashlib.sha256(values.tobytes()).digest())
            by_content.setdefault(content, []).append(key)
            own[key] = content
    return {key: [twin for twin in by_content[own[key]] if twin == key or twin not in pruned] for key in pruned}
