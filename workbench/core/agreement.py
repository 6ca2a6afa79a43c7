"""Compare two sets of outputs numerically: the figures behind every "verified" in the app."""

from __future__ import annotations

import sys

import msgspec
import numpy as np
from numpy.typing import NDArray


class OutputAgreement(msgspec.Struct, frozen=True):
    """How far one output of B is from the same output of A."""

    name: str
    shape: list[int]
    max_abs_error: float
    max_rel_error: float
    cosine: float


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How far model B is from model A on the same inputs; the worst output counts."""

    runtime: str
    """Where B ran."""
    max_abs_error: float
    """max |b - a| over all outputs and samples."""
    max_rel_error: float
    """max |b - a| / max |a| per output (the largest magnitude of the reference output), worst output."""
    cosine: float
    """Smallest cosine similarity of the flattened outputs."""
    samples: int
    passed: bool
    tolerance: float | None = None
    """Bound on max_rel_error that ``passed`` was judged by; None when a change is intended (int8, pruning)."""
    top1_agreement: float | None = None
    """Share of samples with the same arg max, when the first output looks like class scores."""
    data: str = "random"
    """What the inputs were: a data set's path, or "random"."""
    outputs: list[OutputAgreement] = []
    notes: list[str] = []
    """What the person should know about the comparison (translated): random input, lengths tried, failure to run."""


UNBOUNDED = sys.float_info.max
"""Stands for an infinite error: JSON knows no infinity."""


def compare_outputs(name: str, a: NDArray[np.generic], b: NDArray[np.generic]) -> OutputAgreement:
    """Compare one output; shapes must be equal. NaN or infinity in the same place on both sides counts as equal.

    Texts are equal (error 0) or not (error 1). An error without bound is given as ``UNBOUNDED``.
    """
    if np.asarray(a).dtype.kind in "OSU" or np.asarray(b).dtype.kind in "OSU":
        a, b = np.zeros(np.shape(a)), (np.asarray(a).astype(str) != np.asarray(b).astype(str)).astype(np.float64)
    left, right = np.asarray(a, dtype=np.float64).ravel(), np.asarray(b, dtype=np.float64).ravel()
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    gap = np.where(same, 0.0, np.abs(np.where(same, 0.0, right) - np.where(same, 0.0, left)))
    largest = float(np.max(gap, initial=0.0))
    magnitude = float(np.max(np.abs(left[np.isfinite(left)]), initial=0.0))
    worst = largest if np.isfinite(largest) else UNBOUNDED
    relative = min(worst / magnitude, UNBOUNDED) if magnitude > 0 else (0.0 if worst == 0 else UNBOUNDED)
    return OutputAgreement(name, list(np.shape(a)), worst, relative, _cosine(left, right))


def _cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    finite = np.isfinite(a) & np.isfinite(b)
    x, y = a[finite], b[finite]
    norm = float(np.linalg.norm(x) * np.linalg.norm(y))
    if norm == 0.0:
        return 1.0 if np.array_equal(x, y) else 0.0
    return float(np.clip(np.dot(x, y) / norm, -1.0, 1.0))


def top1_agreement(a: NDArray[np.generic], b: NDArray[np.generic]) -> float | None:
    """Return the share of rows with the same arg max, or None when the output is not (samples, classes > 1)."""
    if a.ndim != 2 or a.shape[1] < 2 or a.shape != b.shape or len(a) == 0:
        return None
    return float(np.mean(np.argmax(a, axis=1) == np.argmax(b, axis=1)))
