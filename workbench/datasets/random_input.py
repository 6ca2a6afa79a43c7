"""Random input: reproducible numbers in the shape of a model's inputs, for when no data is given."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.core.datasets import RANDOM, DataSpec
from workbench.core.dtypes import kind_of, limits, numpy_dtype
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Port
from workbench.core.i18n import _
from workbench.datasets import Dataset
from workbench.datasets.ports import SampleShape, sample_shapes

DEFAULT_SAMPLES = 16
STEPS = 32
"""Size of an open axis of a vector or a sequence."""
PIXELS = 224
"""Size of an open height or width."""
VOXELS = 16
"""Size of an open axis of a volume or a video."""
LARGEST_INDEX = 9
"""Integers wider than 8 bits are drawn from 0 to this: they may be indices into a small table."""


class RandomInput(Dataset):
    """Standard normal floats, booleans, integers from 0 to 9 (8-bit ones: all values), the same ones for each seed.

    Open axes get a usual size: 32 for vectors and sequences, 224 x 224 x 3 for images, 16 for volumes.
    """

    def __init__(self, spec: DataSpec, ports: Sequence[Port]) -> None:
        self.name = RANDOM
        self.class_names = []
        self.labels = None
        self._seed = spec.seed
        self._count = DEFAULT_SAMPLES if spec.limit is None else max(1, spec.limit)
        shapes = sample_shapes(ports)
        batch_names = {shape.port.shape[0] for shape in shapes if shape.batched and shape.port.shape}
        self._inputs = [(shape, _closed(shape, batch_names)) for shape in shapes]
        for shape in shapes:
            _dtype(shape.port)

    def __len__(self) -> int:
        """Return the number of samples: ``limit``, or 16."""
        return self._count

    def feeds(self, indices: Sequence[int]) -> dict[str, NDArray[np.generic]]:
        """Return the same numbers for the same index, whatever the other indices are."""
        feeds = {}
        for position, (shape, size) in enumerate(self._inputs):
            wanted = indices if shape.batched else indices[:1]
            drawn = [self._draw(shape.port, size, position=position, index=index) for index in wanted]
            feeds[shape.port.name] = np.stack(drawn) if shape.batched else drawn[0]
        return feeds

    def digest(self) -> str:
        """Return a SHA-256 over seed, number of samples, and the inputs' names, types and shapes."""
        described = [(shape.port.name, shape.port.dtype, size) for shape, size in self._inputs]
        return hashlib.sha256(repr((RANDOM, self._seed, self._count, described)).encode()).hexdigest()

    def _draw(self, port: Port, size: tuple[int, ...], *, position: int, index: int) -> NDArray[np.generic]:
        generator = np.random.default_rng((abs(self._seed), position, index))
        dtype = _dtype(port)
        if dtype.kind == "b":
            return generator.integers(0, 2, size).astype(bool)
        if kind_of(dtype) in "iu":
            low, high = limits(dtype) if dtype.itemsize == 1 else (0, LARGEST_INDEX)
            return generator.integers(low, high, size, endpoint=True).astype(dtype)
        return generator.standard_normal(size).astype(dtype)


def _dtype(port: Port) -> np.dtype[np.generic]:
    try:
        dtype = numpy_dtype(port.dtype or "float32")
    except TypeError:
        dtype = np.dtype(object)
    if kind_of(dtype) not in "biufc":
        raise WorkbenchError(
            _("There is no random input for {name}, which takes {dtype}.").format(name=port.name, dtype=port.dtype),
            _("Give a data set instead (.npz with an array called {name}).").format(name=port.name),
        )
    return dtype


def _closed(shape: SampleShape, batch_names: set[int | str | None]) -> tuple[int, ...]:
    """Give every open axis a size; an axis called as another input's batch axis is 1."""
    rank = len(shape.shape) + (1 if shape.batched else 0)
    open_size = {4: PIXELS, 5: VOXELS}.get(rank, STEPS)
    sizes = [1 if name and name in batch_names else size for size, name in zip(shape.shape, shape.names, strict=True)]
    if rank in (4, 5) and sizes and sizes[-1] is None and not (sizes[0] is not None and sizes[0] <= 4):
        sizes[-1] = 3  # the channels of an image or a video, last
    return tuple(open_size if size is None else size for size in sizes)
