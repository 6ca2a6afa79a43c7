"""What the names of number types in models mean in numpy, those included that numpy itself does not have."""

from __future__ import annotations

from typing import Any

import numpy as np

STORED_AS = {"qint8": "int8", "quint8": "uint8", "qint16": "int16", "quint16": "uint16", "qint32": "int32"}
"""TensorFlow's quantized types, which are stored as plain integers."""

PACKED_BITS = {"int4": 4, "uint4": 4, "int2": 2, "uint2": 2}
"""Integers of which several share a byte in a file."""


def numpy_dtype(name: str) -> np.dtype[Any]:
    """Return the dtype for a name as in ``Value.dtype``; raises TypeError when it is no number ("string", "")."""
    import ml_dtypes  # brings bfloat16, the 8-bit floats and the 2- and 4-bit integers

    return np.dtype(getattr(ml_dtypes, name, None) or STORED_AS.get(name, name))


def kind_of(dtype: np.dtype[Any]) -> str:
    """Return the kind of a dtype as in ``dtype.kind``; numpy knows none for bfloat16 and its like."""
    if dtype.kind != "V":
        return dtype.kind
    kinds = (("uint", "u"), ("int", "i"), ("float", "f"), ("bfloat", "f"))
    return next((kind for start, kind in kinds if dtype.name.startswith(start)), "V")


def limits(dtype: np.dtype[Any]) -> tuple[int, int]:
    """Return the smallest and the largest number of an integer dtype."""
    import ml_dtypes

    found = ml_dtypes.iinfo(dtype)  # type: ignore[no-untyped-call]
    return int(found.min), int(found.max)
