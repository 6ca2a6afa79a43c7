"""What the names of number types mean in numpy."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.core.dtypes import kind_of, limits, numpy_dtype


@pytest.mark.parametrize(
    ("name", "size", "kind"),
    [
        ("float32", 4, "f"),
        ("bfloat16", 2, "f"),
        ("float8_e4m3fn", 1, "f"),
        ("int64", 8, "i"),
        ("qint8", 1, "i"),
        ("quint16", 2, "u"),
        ("uint4", 1, "u"),
        ("int2", 1, "i"),
        ("bool", 1, "b"),
        ("complex64", 8, "c"),
    ],
)
def test_every_number_type_of_a_model_has_a_dtype_and_a_kind(name: str, size: int, kind: str) -> None:
    dtype = numpy_dtype(name)
    assert dtype.itemsize == size
    assert kind_of(dtype) == kind


@pytest.mark.parametrize("name", ["string", "", "resource"])
def test_what_is_no_number_has_none(name: str) -> None:
    with pytest.raises(TypeError):
        numpy_dtype(name)


def test_limits_of_integers() -> None:
    assert limits(np.dtype(np.uint8)) == (0, 255)
    assert limits(numpy_dtype("int4")) == (-8, 7)
