"""Accuracy of a classifier on labelled data."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.events import Report
from workbench.core.i18n import _, ngettext
from workbench.core.scores import best, check_labels, class_scores, no_scores, reorder, scored_output
from workbench.datasets import Dataset
from workbench.datasets.select import open_dataset
from workbench.jobs import Job
from workbench.jobs.labels import labels_in_model, names_of_classes
from workbench.runtimes import Session
from workbench.runtimes.batches import chunk
from workbench.runtimes.quantized import real_ports
from workbench.runtimes.select import open_session, run_dataset


class Evaluated(msgspec.Struct):
    """How often the best class is the true one."""

    model: str
    runtime: str
    device: str
    samples: int
    top1: float
    """Share, 0 to 1."""
    top5: float | None
    """None with fewer than six classes."""
    confusion: list[list[int]]
    """Rows: true class; columns: predicted class. Samples whose scores are not numbers (NaN) are in none."""
    class_names: list[str]
    data: str
    data_sha256: str
    seconds: float
    notes: list[str] = []
    """What the person should know (translated)."""


class Evaluate(Job, frozen=True):
    """Measure top-1 and top-5 accuracy."""

    result_type: ClassVar[type] = Evaluated
    model: str
    runtime: str = ""
    device: str = "cpu"
    data: DataSpec = DataSpec()

    def title(self) -> str:
        """Return what the jobs panel calls it."""
        return _("Evaluate {name}").format(name=Path(self.model).name)

    def run(self, report: Report) -> Evaluated:
        """Evaluate; raises WorkbenchError when the data has no labels or the output is not class scores."""
        runtime, session = open_session(Path(self.model), self.runtime, device=self.device)
        dataset = open_dataset(self.data, real_ports(session.inputs))
        if dataset.labels is None:
            raise WorkbenchError(
                _("{data} has no labels: accuracy cannot be measured.").format(data=dataset.name),
                _("Give labelled data, or name the array or column that holds the labels."),
            )
        began = time.perf_counter()
        tally = count_hits(session, dataset, dataset.labels, labels_in_model(self.model), report)
        seconds = time.perf_counter() - began
        classes = len(tally.confusion)
        return Evaluated(
            model=self.model,
            runtime=runtime.id,
            device=session.device,
            samples=tally.samples,
            top1=float(np.trace(tally.confusion)) / tally.samples,
            top5=tally.top5 / tally.samples if classes > 5 else None,
            confusion=tally.confusion.tolist(),
            class_names=names_of_classes(self.model, classes, data=dataset.class_names),
            data=dataset.name,
            data_sha256=dataset.digest(),
            seconds=seconds,
            notes=tally.notes,
        )


class Tally:
    """Hits so far."""

    def __init__(self, classes: int) -> None:
        self.confusion = np.zeros((classes, classes), np.int64)
        self.top5 = 0
        self.samples = 0
        self.notes: list[str] = []

    def add(self, scores: NDArray[np.float64], labels: NDArray[np.int64]) -> None:
        """Count these samples; one with a score that is not a number is a miss, and in no column of the confusion."""
        self.samples += len(labels)
        known = ~np.isnan(scores).any(axis=1)
        lost = int(np.sum(~known))
        if lost:
            text = ngettext(
                "{n} sample has scores that are not numbers (NaN): it counts as wrong.",
                "{n} samples have scores that are not numbers (NaN): they count as wrong.",
                lost,
            )
            self.notes.append(text.format(n=lost))
        ranked, told = best(scores[known], 5), labels[known]
        np.add.at(self.confusion, (told, ranked[:, 0]), 1)
        self.top5 += int((ranked == told[:, np.newaxis]).any(axis=1).sum())


def count_hits(
    session: Session, dataset: Dataset, labels: NDArray[np.int64], model_names: list[str], report: Report
) -> Tally:
    """Run all samples and count; raises WorkbenchError when labels and classes do not fit together."""
    parts: list[NDArray[np.generic]] = []
    for piece in chunk(range(len(dataset)), session.inputs):
        text = _("{done} of {count} samples").format(done=piece[0], count=len(dataset))
        report.progress(piece[0] / len(dataset), text)
        parts.append(scored_output(run_dataset(session, dataset, piece)))
    if not parts:
        raise WorkbenchError(_("There are no samples to run."), _("Give a data set with at least one sample."))
    output = np.concatenate(parts)  # whether one number a sample is a sigmoid or a logit shows only over all of them
    scores = class_scores(output)
    if scores is None:
        raise no_scores({"": output})
    tally = Tally(scores.shape[1])
    ordered = reorder(labels, dataset.class_names, model_names)
    if ordered is not labels:
        tally.notes.append(_("The data lists its classes in another order: they were matched by name."))
    check_labels(ordered, scores.shape[1])
    tally.add(scores, ordered)
    return tally
