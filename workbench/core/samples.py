"""Samples that fit a model's inputs: what every data set reader makes and every job takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Dataset:
    """Samples that fit a model's inputs. Reads lazily: a large folder never fills the memory."""

    name: str
    """Path, or "random"."""
    class_names: list[str]
    """Readable names by class index; [] when unknown."""
    labels: NDArray[np.int64] | None
    """Class index of each sample, when the set has labels."""
    notes: Sequence[str] = ()
    """What the person should know of how samples were fitted (translated): "resized from 25 x 25 to 64 x 64"."""

    def __len__(self) -> int:
        """Return the number of samples in use (after ``limit``)."""
        raise NotImplementedError

    def feeds(self, indices: Sequence[int]) -> dict[str, NDArray[np.generic]]:
        """Return the model's inputs by name for these samples, stacked along the first axis."""
        raise NotImplementedError

    def digest(self) -> str:
        """Return a SHA-256 (hex) over the content in use and the preprocessing."""
        raise NotImplementedError
