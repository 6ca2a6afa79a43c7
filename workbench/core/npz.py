"""Write .npz files whatever the arrays are called, and never with pickled objects in them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def save_npz(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write ``arrays`` under their names (numpy's own ``savez`` has no room for an array called "file").

    Texts kept as Python objects become fixed-width unicode.
    """
    with zipfile.ZipFile(path, "w", allowZip64=True) as archive:
        for name, value in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, without_objects(np.asanyarray(value)), allow_pickle=False)


def load_npz(path: Path) -> dict[str, NDArray[np.generic]]:
    """Return the arrays of an .npz in the order in which they were written."""
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def without_objects(value: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return texts kept as Python objects or as UTF-8 bytes as fixed-width unicode; anything else unchanged."""
    if value.dtype.kind not in "OS":
        return value
    texts = [item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item) for item in value.ravel()]
    return np.asarray(texts, dtype=np.str_).reshape(value.shape)
