"""Compare two sets of outputs numerically: the figures behind every "verified" in the app."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.core.i18n import _
from workbench.core.npz import without_objects

Outputs = Mapping[str, NDArray[np.generic]]
"""Outputs by name, samples along the first axis."""


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


UNBOUNDED = math.inf
"""An error without bound: one side is not finite, or does not run (``core.wire`` keeps it in JSON)."""


def compare_outputs(name: str, a: NDArray[np.generic], b: NDArray[np.generic]) -> OutputAgreement:
    """Compare one output; shapes must be equal. NaN or infinity in the same place on both sides counts as equal.

    Texts are equal (error 0) or not (error 1). An error without bound is given as ``UNBOUNDED``.
    """
    if np.asarray(a).dtype.kind in "OSU" or np.asarray(b).dtype.kind in "OSU":
        differ = without_objects(np.asarray(a)).astype(str) != without_objects(np.asarray(b)).astype(str)
        a, b = np.zeros(np.shape(a)), differ.astype(np.float64)
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


def judge(
    a: Sequence[Outputs],
    b: Sequence[Outputs],
    *,
    runtime: str,
    tolerance: float | None,
    data: str,
    notes: Sequence[str] = (),
) -> Agreement:
    """Compare the outputs of A with those of B, given as one or more sets of samples with equal names.

    Passed means: same shapes, and within ``tolerance`` (bound on max_rel_error); without one, all of B's numbers are
    finite where A's are.
    """
    said = list(notes)
    found: dict[str, OutputAgreement] = {}
    sound = True
    for left, right in zip(a, b, strict=True):
        for name, value in left.items():
            other = right[name]
            if np.shape(value) != np.shape(other):
                sound = False
                said.append(
                    _("The output {name} has the shape {b} instead of {a}.").format(
                        name=name, a=list(np.shape(value)), b=list(np.shape(other))
                    )
                )
                found[name] = OutputAgreement(name, list(np.shape(value)), UNBOUNDED, UNBOUNDED, 0.0)
                continue
            if _broken(value, other):
                sound = False
                said.append(_("The output {name} has numbers that are not finite.").format(name=name))
            found[name] = _worse(found.get(name), compare_outputs(name, value, other))
    worst = max((each.max_rel_error for each in found.values()), default=0.0)
    return Agreement(
        runtime=runtime,
        max_abs_error=max((each.max_abs_error for each in found.values()), default=0.0),
        max_rel_error=worst,
        cosine=min((each.cosine for each in found.values()), default=1.0),
        samples=sum(_samples(each) for each in a),
        passed=sound and (tolerance is None or worst <= tolerance),
        tolerance=tolerance,
        top1_agreement=_top1(a, b),
        data=data,
        outputs=list(found.values()),
        notes=list(dict.fromkeys(said)),
    )


def failed(reason: str, *, runtime: str, tolerance: float | None, data: str) -> Agreement:
    """Return the Agreement of an artifact that did not run at all."""
    return Agreement(
        runtime=runtime,
        max_abs_error=UNBOUNDED,
        max_rel_error=UNBOUNDED,
        cosine=0.0,
        samples=0,
        passed=False,
        tolerance=tolerance,
        data=data,
        notes=[reason],
    )


def _broken(a: NDArray[np.generic], b: NDArray[np.generic]) -> bool:
    if np.asarray(b).dtype.kind not in "fc" or np.asarray(a).dtype.kind not in "fciub":
        return False
    return bool(np.any(~np.isfinite(b) & np.isfinite(a)))


def _worse(one: OutputAgreement | None, other: OutputAgreement) -> OutputAgreement:
    if one is None:
        return other
    return OutputAgreement(
        one.name,
        one.shape,
        max(one.max_abs_error, other.max_abs_error),
        max(one.max_rel_error, other.max_rel_error),
        min(one.cosine, other.cosine),
    )


def _samples(outputs: Outputs) -> int:
    return max((len(value) for value in outputs.values() if np.ndim(value)), default=1)


def _top1(a: Sequence[Outputs], b: Sequence[Outputs]) -> float | None:
    """Return the share of samples with the same arg max of the first output, over all sets."""
    agreeing, total = 0.0, 0
    for left, right in zip(a, b, strict=True):
        name = next(iter(left), "")
        share = top1_agreement(left[name], right[name]) if name else None
        if share is None:
            return None
        agreeing, total = agreeing + share * len(left[name]), total + len(left[name])
    return agreeing / total if total else None
