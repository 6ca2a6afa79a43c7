"""Compare two sets of outputs numerically: the figures behind every "verified" in the app."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.core.datasets import RANDOM
from workbench.core.i18n import _
from workbench.core.npz import without_objects
from workbench.core.scores import looks_like_probabilities

Outputs = Mapping[str, NDArray[np.generic]]
"""Outputs by name, samples along the first axis."""


Cause = Literal["", "not-run", "shape", "not-finite", "tolerance", "unrelated"]
"""Why B did not pass: it did not run, other shapes, numbers that are not finite, an error beyond the tolerance, or
outputs that are far from A's."""


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
    """Share of samples with the same arg max, when the first output is class scores (see ``Comparison``)."""
    data: str = "random"
    """What the inputs were: a data set's path, or "random"."""
    outputs: list[OutputAgreement] = []
    notes: list[str] = []
    """What the person should know about the comparison (translated): random input, lengths tried, failure to run."""
    cause: Cause = ""
    """Why it did not pass; "" when it did (and in what older versions stored)."""


UNBOUNDED = math.inf
"""An error without bound: one side is not finite, or does not run (``core.wire`` keeps it in JSON)."""


def _numbers(a: NDArray[np.generic], b: NDArray[np.generic]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both flat as float64; of texts, zeros and where they differ."""
    if a.dtype.kind in "OSU" or b.dtype.kind in "OSU":
        differ = without_objects(a).astype(str) != without_objects(b).astype(str)
        return np.zeros(a.size), differ.astype(np.float64).ravel()
    return np.asarray(a, dtype=np.float64).ravel(), np.asarray(b, dtype=np.float64).ravel()


def _gap(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    gap = np.where(same, 0.0, np.abs(np.where(same, 0.0, right) - np.where(same, 0.0, left)))
    largest = float(np.max(gap, initial=0.0))
    return largest if np.isfinite(largest) else UNBOUNDED


def _magnitude(values: NDArray[np.float64]) -> float:
    return float(np.max(np.abs(values[np.isfinite(values)]), initial=0.0))


def _relative(largest: float, magnitude: float) -> float:
    return min(largest / magnitude, UNBOUNDED) if magnitude > 0 else (0.0 if largest == 0 else UNBOUNDED)


def top1_agreement(a: NDArray[np.generic], b: NDArray[np.generic]) -> float | None:
    """Return the share of rows with the same arg max, or None when the output is not numbers (samples, classes > 1).

    A row with NaN on either side chooses no class, and agrees with none.
    """
    if a.ndim != 2 or a.shape[1] < 2 or a.shape != b.shape or len(a) == 0 or {a.dtype.kind, b.dtype.kind} - set("fiub"):
        return None
    numbers = ~(np.isnan(a).any(axis=1) | np.isnan(b).any(axis=1))
    return float(np.mean(numbers & (np.argmax(a, axis=1) == np.argmax(b, axis=1))))


RELATED = 0.9
"""Cosine similarity on real data below which a quantized or pruned model no longer does what its source does."""
RELATED_ON_NOISE = 0.5
"""The same on random input, of which models make less sense."""


class Comparison:
    """Compares outputs piece by piece, so that a large data set never fills the memory with its outputs.

    NaN or infinity in the same place on both sides counts as equal; texts are equal (error 0) or not (error 1); an
    error without bound is ``UNBOUNDED``. The first output is taken for class scores, so that "the same class" can be
    said of it, when its rows are probabilities that add up to 1, or when the data has labels and a column for each:
    an embedding or a box has an arg max too, but decides nothing.
    """

    def __init__(self, *, classes: int = 0) -> None:
        """``classes`` is how many the data's labels need; 0 without labels."""
        self.samples = 0
        self._classes = classes
        self._outputs: dict[str, _Tally] = {}
        self._agreeing: float | None = 0.0
        self._notes: list[str] = []

    def add(self, a: Outputs, b: Outputs) -> None:
        """Take in the outputs of both models on the same samples, under the same names."""
        for name, value in a.items():
            self._outputs.setdefault(name, _Tally(name)).add(value, b[name])
        count = max((len(value) for value in a.values() if np.ndim(value)), default=1)
        first = next(iter(a), "")
        share = top1_agreement(a[first], b[first]) if first and self._decides(a[first], b[first]) else None
        self._agreeing = None if share is None or self._agreeing is None else self._agreeing + share * count
        self.samples += count

    def _decides(self, a: NDArray[np.generic], b: NDArray[np.generic]) -> bool:
        if 2 <= self._classes <= (a.shape[1] if a.ndim == 2 else 0):
            return True
        return any(looks_like_probabilities(each.astype(np.float64)) for each in (a, b) if _is_table(each))

    def agreement(self, *, runtime: str, tolerance: float | None, data: str, notes: Sequence[str] = ()) -> Agreement:
        """Judge what was added.

        Passed means: same shapes, and within ``tolerance`` (bound on max_rel_error); without one, all of B's numbers
        are finite where A's are, and every output still points the way A's does (cosine of at least ``RELATED``, or
        ``RELATED_ON_NOISE``).
        """
        tallies = self._outputs.values()
        found = [tally.result() for tally in tallies]
        worst = max((each.max_rel_error for each in found), default=0.0)
        said = [note for tally in tallies for note in tally.notes]
        cosine = min((each.cosine for each in found), default=1.0)
        cause = self._cause(found, tolerance, RELATED_ON_NOISE if data == RANDOM else RELATED)
        if cause == "unrelated":
            said.append(_("The outputs are far from those of the source: do not use this result as it is."))
        return Agreement(
            runtime=runtime,
            max_abs_error=max((each.max_abs_error for each in found), default=0.0),
            max_rel_error=worst,
            cosine=cosine,
            samples=self.samples,
            passed=not cause,
            tolerance=tolerance,
            top1_agreement=self._agreeing / self.samples if self._agreeing is not None and self.samples else None,
            data=data,
            outputs=found,
            notes=[*notes, *said],
            cause=cause,
        )

    def _cause(self, found: Sequence[OutputAgreement], tolerance: float | None, related: float) -> Cause:
        faults = {tally.fault for tally in self._outputs.values()}
        for fault in FAULTS:
            if fault in faults:
                return fault
        if tolerance is None:
            return "unrelated" if any(each.cosine < related for each in found) else ""
        if any(not math.isfinite(each.max_abs_error) for each in found):
            return "not-finite"
        return "" if all(each.max_rel_error <= tolerance for each in found) else "tolerance"


def _is_table(output: NDArray[np.generic]) -> bool:
    return output.ndim == 2 and output.shape[1] > 1 and len(output) > 0 and output.dtype.kind in "fiub"


FAULTS: tuple[Cause, ...] = ("shape", "not-finite")


def judge(
    a: Sequence[Outputs],
    b: Sequence[Outputs],
    *,
    runtime: str,
    tolerance: float | None,
    data: str,
    notes: Sequence[str] = (),
    classes: int = 0,
) -> Agreement:
    """Compare the outputs of A with those of B, given as one or more sets of samples (see ``Comparison``)."""
    comparison = Comparison(classes=classes)
    for left, right in zip(a, b, strict=True):
        comparison.add(left, right)
    return comparison.agreement(runtime=runtime, tolerance=tolerance, data=data, notes=notes)


class _Tally:
    """What is known of one output so far."""

    def __init__(self, name: str) -> None:
        self.notes: list[str] = []
        self.fault: Cause = ""
        self._name = name
        self._shape: list[int] = []
        self._largest = 0.0
        self._magnitude = 0.0
        self._products = np.zeros(3)
        self._equal = True

    def add(self, a: NDArray[np.generic], b: NDArray[np.generic]) -> None:
        """Take in both sides of some samples."""
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape:
            text = _("The output {name} has the shape {b} instead of {a}.")
            self._note(text.format(name=self._name, a=list(a.shape), b=list(b.shape)))
            self._largest, self._equal, self.fault = UNBOUNDED, False, "shape"
            return
        self._shape = _joined(self._shape, list(a.shape))
        left, right = _numbers(a, b)
        if np.any(~np.isfinite(right) & np.isfinite(left)):
            self._note(_("The output {name} has numbers that are not finite.").format(name=self._name))
            self.fault = self.fault or "not-finite"
        gap = _gap(left, right)
        self._largest = max(self._largest, gap)
        self._magnitude = max(self._magnitude, _magnitude(left))
        finite = np.isfinite(left) & np.isfinite(right)
        x, y = left[finite], right[finite]
        self._products += (np.dot(x, y), np.dot(x, x), np.dot(y, y))
        self._equal = self._equal and gap == 0

    def result(self) -> OutputAgreement:
        """Return the figures over all samples."""
        relative = _relative(self._largest, self._magnitude)
        return OutputAgreement(self._name, self._shape, self._largest, relative, self._cosine())

    def _cosine(self) -> float:
        product, left, right = (float(value) for value in self._products)
        norm = math.sqrt(left) * math.sqrt(right)
        if norm == 0.0:
            return 1.0 if self._equal else 0.0
        return min(max(product / norm, -1.0), 1.0)

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _joined(one: list[int], other: list[int]) -> list[int]:
    """Return the shape of both put together along the samples; the first one's where that is not possible."""
    if not one:
        return other
    return [one[0] + other[0], *one[1:]] if other and one[1:] == other[1:] else one


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
        cause="not-run",
    )
