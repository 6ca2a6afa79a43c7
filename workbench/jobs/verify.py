"""Prove an artifact: run its source here, the artifact in a clean process, on the same inputs, and compare."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.core import agreement
from workbench.core.agreement import Agreement
from workbench.core.datasets import RANDOM, DataSpec
from workbench.core.errors import JobCrashed, WorkbenchError
from workbench.core.events import Report
from workbench.core.graph import Port
from workbench.core.i18n import _
from workbench.core.npz import load_npz, save_npz
from workbench.datasets import Dataset
from workbench.datasets.ports import samples_per_call
from workbench.jobs import Job
from workbench.jobs.clean import Spare, run_clean
from workbench.jobs.trial import Trial, trials
from workbench.runtimes import Arrays, Session
from workbench.runtimes.batches import run_feeds
from workbench.runtimes.matching import match_ports, pair_ports
from workbench.runtimes.quantized import real_ports
from workbench.runtimes.select import open_session

MOST_SAMPLES = 100
"""Verification uses at most so many samples of a data set, evenly spread."""
MOST_BYTES = 256_000_000
"""And at most so much input."""


class Reproduced(msgspec.Struct):
    """Where the artifact's outputs are."""

    outputs: list[str]
    """One .npz for each one of ``Reproduce.feeds``, with the source's output names."""
    runtime: str
    device_label: str
    notes: list[str] = []
    """How inputs and outputs were paired with the source's, when not by name."""


class Reproduce(Job, frozen=True, kw_only=True):
    """Run an artifact on inputs that its source was run on; the source's names are matched to its own."""

    result_type: ClassVar[type] = Reproduced
    keeps_scratch: ClassVar[bool] = True
    model: str
    runtime: str = ""
    feeds: list[str]
    """.npz files of real numbers, samples along the first axis."""
    inputs: list[Port]
    outputs: list[Port]
    """The source's ports."""
    signature: str = ""
    """Entry point of the artifact, when it has several; "" for the usual one."""

    def title(self) -> str:
        """Return what the jobs panel calls it."""
        return _("Verify {name}").format(name=Path(self.model).name)

    def run(self, report: Report) -> Reproduced:
        """Run; raises WorkbenchError when the artifact does not open, run, or match."""
        runtime, session = open_session(Path(self.model), self.runtime, signature=self.signature)
        written = []
        for number, path in enumerate(self.feeds):
            report.progress(number / len(self.feeds), _("Running {name}").format(name=Path(self.model).name))
            outputs = run_as(session, load_npz(Path(path)), self.inputs, self.outputs)
            written.append(str(report.scratch / f"{number}.npz"))
            save_npz(Path(written[-1]), outputs)
        said = pairing_notes(session, self.inputs, self.outputs)
        return Reproduced(written, runtime.id, session.device_label, said)


def run_as(session: Session, feeds: Arrays, inputs: Sequence[Port], outputs: Sequence[Port]) -> Arrays:
    """Run ``session`` under the port names of another model, which must match its own (``match_ports``)."""
    given = match_ports(real_ports(inputs), real_ports(session.inputs))
    got = match_ports(real_ports(outputs), real_ports(session.outputs))
    results = run_feeds(session, {own.name: feeds[theirs.name] for theirs, own in given})
    return {theirs.name: results[own.name] for theirs, own in got}


def pairing_notes(session: Session, inputs: Sequence[Port], outputs: Sequence[Port]) -> list[str]:
    """Return what to say of how ``session``'s ports were paired with another model's; [] when names decided."""
    sides = ((inputs, session.inputs), (outputs, session.outputs))
    found = (pair_ports(real_ports(theirs), real_ports(own)).note() for theirs, own in sides)
    return [note for note in found if note]


class Reference(msgspec.Struct):
    """The source's outputs on the inputs that the artifact will be given."""

    inputs: list[Port]
    outputs: list[Port]
    feeds: list[str]
    results: list[Arrays]
    notes: list[str]


def verify(
    source: Path,
    artifact: Path,
    *,
    data: DataSpec,
    dataset: Dataset,
    artifact_inputs: Sequence[Port],
    runtime: str,
    tolerance: float | None,
    report: Report,
    spare: Spare | None = None,
    signature: str = "",
) -> Agreement:
    """Compare ``artifact`` with ``source``; raises WorkbenchError only when the source itself cannot be run.

    ``dataset`` is what ``data`` names, opened for the source. ``tolerance`` None: the change is intended, and passed
    means same shapes and finite numbers. An artifact that does not open, run or match is not passed, with the reason
    among the notes. ``spare`` is a process for it that was started before. ``signature`` is the entry point of the
    source that the artifact was made from; a folder is taken for a copy that has all of them.
    """
    report.progress(None, _("Running {name}").format(name=source.name))
    reference = refer(
        source, data=data, dataset=dataset, artifact_inputs=artifact_inputs, report=report, signature=signature
    )
    report.progress(None, _("Reopening the result in a clean process"))
    job = Reproduce(
        model=str(artifact),
        runtime=runtime,
        feeds=reference.feeds,
        inputs=reference.inputs,
        outputs=reference.outputs,
        signature=signature if artifact.is_dir() else "",
    )
    try:
        reproduced: Reproduced = run_clean(job, report, spare=spare)
    except (WorkbenchError, JobCrashed) as error:
        reason = _("The result does not run: {reason}").format(reason=error.message)
        return agreement.failed(reason, runtime=runtime, tolerance=tolerance, data=dataset.name)
    return agreement.judge(
        reference.results,
        [load_npz(Path(path)) for path in reproduced.outputs],
        runtime=reproduced.runtime,
        tolerance=tolerance,
        data=dataset.name,
        notes=[*reference.notes, *reproduced.notes],
        classes=classes_of(dataset),
    )


def classes_of(dataset: Dataset) -> int:
    """Return how many classes the labels of ``dataset`` need, 0 without labels."""
    return 0 if dataset.labels is None or not len(dataset.labels) else int(np.max(dataset.labels)) + 1


def refer(
    source: Path,
    *,
    data: DataSpec,
    dataset: Dataset,
    artifact_inputs: Sequence[Port],
    report: Report,
    signature: str = "",
) -> Reference:
    """Run the source on samples that suit both models, and keep inputs and outputs."""
    _runtime, session = open_session(source, signature=signature)
    try:
        reference = Reference(real_ports(session.inputs), real_ports(session.outputs), [], [], [])
        for trial in _trials(data, dataset, session.inputs, artifact_inputs):
            results = _attempt(session, trial)
            if results is None:
                continue
            path = report.scratch / f"feeds-{len(reference.feeds)}.npz"
            save_npz(path, trial.feeds)
            reference.feeds.append(str(path))
            reference.results.append(results)
            if trial.note:
                reference.notes.append(trial.note)
            if len(reference.feeds) == 2:
                break
    finally:
        session.close()
    if not reference.feeds:
        raise WorkbenchError(
            _("{name} does not run on random input of any size that was tried.").format(name=source.name),
            _("Give data to compare on."),
        )
    if dataset.name == RANDOM:
        reference.notes.insert(0, _("Compared on random input: real data may show other differences."))
    return reference


def _attempt(session: Session, trial: Trial) -> Arrays | None:
    """Run the source; None when a guess of open sizes does not suit it."""
    try:
        return run_feeds(session, trial.feeds)
    except WorkbenchError:
        if trial.guessed:
            return None
        raise


def _trials(
    data: DataSpec, dataset: Dataset, ports: Sequence[Port], artifact_inputs: Sequence[Port]
) -> Iterable[Trial]:
    step = math.lcm(samples_per_call(ports) or 1, _per_call(artifact_inputs) or 1)
    nbytes = sum(value.nbytes for value in dataset.feeds([0]).values())
    most = min(MOST_SAMPLES, MOST_BYTES // max(nbytes, 1))
    count = min(len(dataset), max(most // step, 1) * step) // step * step
    if dataset.name == RANDOM:
        return trials(ports, artifact_inputs, samples=max(count, step), seed=data.seed)
    if not count:
        raise WorkbenchError(
            _("The model takes {step} samples a call, but the data has {count}.").format(step=step, count=len(dataset)),
            _("Give more samples."),
        )
    indices = np.linspace(0, len(dataset) - 1, count).astype(int).tolist()
    return [Trial(renamed(dataset.feeds(indices), ports))]


def _per_call(ports: Sequence[Port]) -> int | None:
    return samples_per_call(ports) if ports and all(port.shape is not None for port in ports) else None


def renamed(feeds: Mapping[str, NDArray[np.generic]], ports: Sequence[Port]) -> Arrays:
    """Return feeds under the names of ``ports``: a file and its runtime may call the same input differently."""
    if set(feeds) == {port.name for port in ports}:
        return dict(feeds)
    given = [Port(name, str(value.dtype), list(value.shape)) for name, value in feeds.items()]
    return {port.name: feeds[own.name] for own, port in match_ports(given, list(ports))}
