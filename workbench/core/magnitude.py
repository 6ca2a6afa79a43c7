"""Magnitude pruning: set exactly the asked share of the smallest numbers of some tensors to zero."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

Read = Callable[[], NDArray[Any]]

LOW_BITS = 16


class Cut(msgspec.Struct):
    """What is pruned: numbers whose key is below ``threshold``, and the first ``ties`` whose key equals it.

    Ties are used up from tensor to tensor, so tensors must be pruned in the order in which they were counted.
    """

    threshold: int
    ties: int

    def prune(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return a copy of ``values`` with zeros in place of what is cut."""
        keys = magnitude_keys(values).reshape(-1)
        mask = keys < self.threshold
        if self.ties:
            equal = np.flatnonzero(keys == self.threshold)[: self.ties]
            mask[equal] = True
            self.ties -= len(equal)
        pruned = values.copy()
        pruned.reshape(-1)[mask] = np.zeros((), dtype=values.dtype)
        return pruned


def magnitude_keys(values: NDArray[Any]) -> NDArray[np.uint32]:
    """Return integers that are ordered as the absolute values: float32 bits without the sign; NaN comes last.

    bfloat16 may come as numpy knows it or as two opaque bytes (HDF5).
    """
    if values.dtype.kind == "V" and values.dtype.itemsize == 2 and values.dtype.names is None:
        bits = np.ascontiguousarray(values).view(np.uint16).astype(np.uint32) << np.uint32(LOW_BITS)
    else:
        with np.errstate(over="ignore"):
            bits = np.ascontiguousarray(values.astype(np.float32)).view(np.uint32)
    return np.asarray(bits & np.uint32(0x7FFFFFFF), dtype=np.uint32)


def cut_for(tensors: Sequence[Read], count: int) -> Cut:
    """Return the cut that takes exactly the ``count`` smallest magnitudes of all tensors together.

    Each tensor is read twice, one in memory at a time: a histogram of the keys' upper 16 bits, then of the lower
    ones within the bin where the count is reached.
    """
    if count <= 0:
        return Cut(0, 0)
    upper = _histogram(magnitude_keys(read()).reshape(-1) >> np.uint32(LOW_BITS) for read in tensors)
    before, high = _position(upper, count)
    lower = _histogram(_lower_bits(magnitude_keys(read()).reshape(-1), high) for read in tensors)
    ahead, low = _position(lower, count - before)
    return Cut((high << LOW_BITS) | low, count - before - ahead)


def share_counts(sizes: Iterable[int], sparsity: float) -> list[int]:
    """Return how many numbers of each tensor make up ``sparsity``: each within one of its own share, exact in total."""
    counts, seen, taken = [], 0, 0
    for size in sizes:
        seen += size
        wanted = min(round(sparsity * seen) - taken, size)
        counts.append(wanted)
        taken += wanted
    return counts


def zeros_in(values: NDArray[Any]) -> int:
    """Return the number of exact zeros of either sign."""
    return int(np.count_nonzero(magnitude_keys(values) == 0))


def _lower_bits(keys: NDArray[np.uint32], high: int) -> NDArray[np.uint32]:
    return np.asarray(keys[(keys >> np.uint32(LOW_BITS)) == high] & np.uint32(0xFFFF), dtype=np.uint32)


def _histogram(parts: Iterable[NDArray[np.uint32]]) -> NDArray[np.int64]:
    total = np.zeros(1 << LOW_BITS, dtype=np.int64)
    for part in parts:
        total += np.bincount(part, minlength=len(total))
    return total


def _position(histogram: NDArray[np.int64], count: int) -> tuple[int, int]:
    """Return how many lie before the bin in which the ``count``-th number lies, and that bin."""
    running = np.cumsum(histogram)
    position = int(np.searchsorted(running, count))
    return int(running[position - 1]) if position else 0, position
