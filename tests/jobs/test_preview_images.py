"""Pictures are made of what looks like images, and of nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.jobs.preview_images import as_pictures


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((5, 28, 28, 1), (5, 28, 28, 3)),
        ((5, 3, 32, 40), (5, 32, 40, 3)),
        ((5, 28, 28), (5, 28, 28, 3)),
        ((2, 224, 224, 3), (2, 75, 75, 3)),
        ((5, 100), None),
        ((5, 28, 28, 7), None),
        ((5, 4, 4, 1), None),
        ((5, 100, 3), None),
    ],
)
def test_shapes(shape: tuple[int, ...], expected: tuple[int, ...] | None) -> None:
    pictures = as_pictures(np.random.default_rng(0).normal(size=shape).astype(np.float32))
    assert (None if pictures is None else pictures.shape) == expected


def test_each_picture_uses_the_whole_range_and_keeps_its_layout() -> None:
    stacked = np.zeros((2, 3, 8, 16), dtype=np.float32)
    stacked[0, 0, 2, 5] = 3.0
    stacked[1] = 7.0
    pictures = as_pictures(stacked)
    assert pictures is not None
    assert pictures[0, 2, 5].tolist() == [255, 0, 0]
    assert pictures[0].sum() == 255
    assert not pictures[1].any()
