"""Run a model on data once, and say what comes out in readable form."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.core.datasets import DataSpec
from workbench.core.events import Report
from workbench.core.i18n import _
from workbench.core.npz import save_npz
from workbench.core.scores import Scores, best, class_scores, looks_like_probabilities, reorder
from workbench.core.writing import atomic_target
from workbench.datasets import Dataset
from workbench.jobs import Job
from workbench.jobs.labels import labels_in_model, names_of_classes
from workbench.jobs.trial import open_for
from workbench.runtimes import Arrays, Session
from workbench.runtimes.batches import chunk
from workbench.runtimes.select import open_session, run_dataset


class TopClass(msgspec.Struct):
    """One of the most likely classes of one sample."""

    index: int
    label: str
    """"" when labels are not known."""
    score: float


class OutputSummary(msgspec.Struct):
    """One output over all samples that ran; the figures are of its finite numbers (0 when it is text)."""

    name: str
    dtype: str
    shape: list[int]
    minimum: float
    maximum: float
    mean: float
    not_finite: int = 0
    """How many numbers are NaN or infinite."""


class Inferred(msgspec.Struct):
    """What came out."""

    outputs_path: str
    """.npz with every output, samples along the first axis."""
    outputs: list[OutputSummary]
    top: list[list[TopClass]]
    """Per sample the five best classes, when the first output looks like class scores; else [].

    A sample with NaN among its scores has none.
    """
    labels: list[int]
    """True class of each sample when the data has labels."""
    samples: int
    runtime: str
    device: str
    device_label: str
    seconds: float


class Infer(Job, frozen=True):
    """Run ``model`` in ``runtime`` on ``data``."""

    result_type: ClassVar[type] = Inferred
    keeps_scratch: ClassVar[bool] = True
    model: str
    runtime: str = ""
    """"" takes the first installed runtime that opens the format."""
    device: str = "cpu"
    threads: int | None = None
    data: DataSpec = DataSpec()
    out: str = ""
    """Where to write the .npz; "" for the job's scratch folder."""
    class_names: list[str] = []

    def title(self) -> str:
        """Return what the jobs panel calls it."""
        return _("Run {name}").format(name=Path(self.model).name)

    def run(self, report: Report) -> Inferred:
        """Run all samples, batch by batch where the model takes only fixed batches."""
        runtime, session = open_session(Path(self.model), self.runtime, device=self.device, threads=self.threads)
        dataset = open_for(session, self.data)
        began = time.perf_counter()
        outputs = run_all(session, dataset, report)
        seconds = time.perf_counter() - began
        path = Path(self.out) if self.out else report.scratch / "outputs.npz"
        with atomic_target(path) as partial:
            save_npz(partial, outputs)
        return Inferred(
            outputs_path=str(path),
            outputs=[summary_of(name, value) for name, value in outputs.items()],
            top=self._top(next(iter(outputs.values())), dataset),
            labels=[] if dataset.labels is None else self._labels(dataset.labels, dataset),
            samples=len(dataset),
            runtime=runtime.id,
            device=session.device,
            device_label=session.device_label,
            seconds=seconds,
        )

    def _labels(self, labels: NDArray[np.int64], dataset: Dataset) -> list[int]:
        ordered: list[int] = reorder(labels, dataset.class_names, labels_in_model(self.model)).tolist()
        return ordered

    def _top(self, output: NDArray[np.generic], dataset: Dataset) -> list[list[TopClass]]:
        scores = class_scores(output)
        if scores is None:
            return []
        names = names_of_classes(self.model, scores.shape[1], given=self.class_names, data=dataset.class_names)
        if names or dataset.labels is not None or looks_like_probabilities(scores):
            return top_classes(scores, names)
        return []


def run_all(session: Session, dataset: Dataset, report: Report) -> Arrays:
    """Run every sample, saying how far it is; return outputs with samples along the first axis."""
    parts = []
    done = 0
    for piece in chunk(range(len(dataset)), session.inputs):
        report.progress(done / len(dataset), _("{done} of {count} samples").format(done=done, count=len(dataset)))
        parts.append(run_dataset(session, dataset, piece))
        done += len(piece)
    report.progress(1.0, _("{done} of {count} samples").format(done=done, count=len(dataset)))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def summary_of(name: str, value: NDArray[np.generic]) -> OutputSummary:
    """Return what a table says of one output."""
    if value.dtype.kind not in "fiub":
        return OutputSummary(name, str(value.dtype), list(value.shape), 0.0, 0.0, 0.0)
    numbers = value.astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    low, high, mean = (float(finite.min()), float(finite.max()), float(finite.mean())) if finite.size else (0.0,) * 3
    return OutputSummary(name, str(value.dtype), list(value.shape), low, high, mean, int(numbers.size - finite.size))


def top_classes(scores: Scores, names: list[str], *, count: int = 5) -> list[list[TopClass]]:
    """Return the best classes of each sample, best first; none of a sample with a score that is not a number."""
    chosen = best(scores, count)
    return [
        []
        if np.isnan(row).any()
        else [TopClass(int(index), names[index] if names else "", float(row[index])) for index in indices]
        for row, indices in zip(scores, chosen, strict=True)
    ]
