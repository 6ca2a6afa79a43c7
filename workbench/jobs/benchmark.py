"""Measure latency and throughput, live."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np

from workbench.core import latency, machine, tools
from workbench.core.datasets import RANDOM, DataSpec
from workbench.core.errors import JobCrashed, WorkbenchError
from workbench.core.events import Report
from workbench.core.i18n import _, ngettext
from workbench.datasets.ports import samples_per_call
from workbench.jobs import Job
from workbench.jobs.clean import run_clean
from workbench.jobs.timing import Part, Stopwatch
from workbench.jobs.trial import open_for
from workbench.runtimes import Arrays, Session
from workbench.runtimes.quantized import quantize
from workbench.runtimes.select import open_session, runtimes

BUSY = "busy_share"
"""Key of ``Benchmarked.machine``: the share of the processors that others used just before measuring began."""


class Subject(msgspec.Struct, frozen=True):
    """One curve of the chart: a model in a runtime on a device."""

    model: str
    runtime: str = ""
    device: str = "cpu"

    def series(self) -> str:
        """Return the key used in Samples and results."""
        return f"{self.model}|{self.runtime}|{self.device}"


class BenchmarkRow(msgspec.Struct):
    """The figures of one subject. Milliseconds per call; throughput in samples per second."""

    model: str
    runtime: str
    device: str
    device_label: str
    batch: int
    threads: int | None
    runs: int
    warmup: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    mean_ms: float
    min_ms: float
    max_ms: float
    throughput: float
    peak_rss_mb: float
    """Peak resident memory of the process in which only this subject ran, libraries included."""
    series: str
    samples_path: str
    """.npy of every measured latency in ms, in order."""


class Benchmarked(msgspec.Struct):
    """All rows, and the machine they were measured on."""

    results: list[BenchmarkRow]
    machine: dict[str, str]
    notes: list[str]


class Benchmark(Job, frozen=True):
    """Measure each subject in turn, nothing else beside it, each in a process that has done nothing else before.

    Stopping kills the worker: the ``Samples`` that came until then are what the caller keeps.
    """

    result_type: ClassVar[type] = Benchmarked
    keeps_scratch: ClassVar[bool] = True
    subjects: list[Subject]
    runs: int = 100
    seconds: float | None = None
    """When given, run so long instead of ``runs``."""
    warmup: int = 10
    batch: int = 1
    threads: int | None = None
    data: DataSpec = DataSpec()

    def title(self) -> str:
        """Return what the jobs panel calls it."""
        count = len(self.subjects)
        if count == 1:
            return _("Benchmark {name}").format(name=Path(self.subjects[0].model).name)
        return ngettext("Benchmark {n} model", "Benchmark {n} models", count).format(n=count)

    def run(self, report: Report) -> Benchmarked:
        """Measure; the timed region holds the inference call and nothing else."""
        self._check()
        notes = self._notes()
        if len(self.subjects) == 1 and "tensorflow" not in sys.modules:
            return self._measure_here(notes, report)
        parts: list[Benchmarked] = []
        failures: list[WorkbenchError | JobCrashed] = []
        for number, subject in enumerate(self.subjects):
            part = Part(report, number=number, count=len(self.subjects))
            try:
                parts.append(run_clean(msgspec.structs.replace(self, subjects=[subject]), part))
            except (WorkbenchError, JobCrashed) as failure:  # the others are still worth measuring
                failures.append(failure)
        if not parts:
            raise failures[0]
        notes += [failure.message for failure in failures]
        rows = [row for part in parts for row in part.results]
        said = [note for part in parts for note in part.notes]
        described = {key: value for part in reversed(parts) for key, value in part.machine.items()}
        described[BUSY] = max(part.machine[BUSY] for part in parts)  # one disturbed subject spoils the comparison
        return Benchmarked(rows, described, list(dict.fromkeys([*notes, *said])))

    def _measure_here(self, notes: list[str], report: Report) -> Benchmarked:
        """Measure the only subject in this process: what ran here before would show in its memory and its threads."""
        busy = round(machine.busy_share(), 2)
        described = machine.describe() | {BUSY: f"{busy:.2f}"}
        if busy > machine.BUSY_SHARE:
            text = _("Other programs used {share:.0%} of the processor when this began: expect noise.")
            notes.append(text.format(share=busy))
        row, said = self._measure(self.subjects[0], report.scratch / "latencies.npy", report, busy_share=busy)
        needed = runtimes()[row.runtime].needs
        return Benchmarked([row], described | tools.versions("numpy", *needed), [*notes, *said])

    def _check(self) -> None:
        if not self.subjects:
            raise WorkbenchError(_("There is nothing to measure."), _("Give at least one model."))
        smallest = min(self.runs, self.batch) if self.seconds is None else self.batch
        if smallest < 1 or self.warmup < 0 or (self.seconds is not None and self.seconds <= 0):
            raise WorkbenchError(
                _("Runs, seconds and batch must be more than 0, and warm-up not less than 0."),
                _("Change the settings of the benchmark."),
            )

    def _notes(self) -> list[str]:
        notes = []
        if machine.frequency_governor() == "powersave":
            notes.append(_("The processor is set to save power: latencies vary with its clock."))
        if self.threads is None and len({subject.runtime or subject.model for subject in self.subjects}) > 1:
            notes.append(
                _("Threads were left to each runtime: LiteRT then uses one, others all. Set them to compare fairly.")
            )
        return notes

    def _measure(
        self, subject: Subject, samples_path: Path, report: Report, *, busy_share: float
    ) -> tuple[BenchmarkRow, list[str]]:
        name = Path(subject.model).name
        report.progress(None, _("Opening {name}").format(name=name))
        watch = Stopwatch(subject.series(), report, name=name, busy_share=busy_share)
        runtime, session = open_session(
            Path(subject.model), subject.runtime, device=subject.device, threads=self.threads
        )
        try:
            feeds, notes = self._feeds(session, name)
            call = session.prepare(feeds)
            begin = self._warmup_share()
            watch.repeat(call, phase="warmup", runs=self.warmup, seconds=None, span=(0.0, begin))
            taken = watch.repeat(call, phase="measured", runs=self.runs, seconds=self.seconds, span=(begin, 1.0))
            peak = watch.peak_mb()
        finally:
            session.close()
        latencies = np.asarray(taken, np.float64) / 1e6
        np.save(samples_path, latencies)
        summary = latency.summarize(latencies)
        row = BenchmarkRow(
            model=subject.model,
            runtime=runtime.id,
            device=session.device,
            device_label=session.device_label,
            batch=self.batch,
            threads=self.threads,
            runs=summary.runs,
            warmup=self.warmup,
            p50_ms=summary.p50_ms,
            p90_ms=summary.p90_ms,
            p99_ms=summary.p99_ms,
            mean_ms=summary.mean_ms,
            min_ms=summary.min_ms,
            max_ms=summary.max_ms,
            throughput=latency.throughput(summary, self.batch),
            peak_rss_mb=peak,
            series=subject.series(),
            samples_path=str(samples_path),
        )
        return row, notes

    def _warmup_share(self) -> float:
        """Return which share of the calls the warm-up is; a guess where the measurement goes by seconds."""
        return self.warmup / (self.warmup + self.runs) if self.seconds is None else min(0.1, 0.01 * self.warmup)

    def _feeds(self, session: Session, name: str) -> tuple[Arrays, list[str]]:
        """Return one batch in the model's own types, and what to say about it."""
        fixed = samples_per_call(session.inputs)
        if fixed is not None and fixed != self.batch:
            raise WorkbenchError(
                _("{name} takes exactly {fixed} samples a call, not {batch}.").format(
                    name=name, fixed=fixed, batch=self.batch
                ),
                _("Set the batch to {fixed}, or export the model with an open batch.").format(fixed=fixed),
            )
        dataset = open_for(session, self.data)
        notes = []
        if len(dataset) < self.batch and dataset.name != RANDOM:
            notes.append(_("The data has fewer samples than a batch: they were repeated."))
        feeds = dataset.feeds([index % len(dataset) for index in range(self.batch)])
        given = {port.name: quantize(np.asarray(feeds[port.name], order="C"), port) for port in session.inputs}
        if any(not isinstance(dim, int) for port in session.inputs for dim in (port.shape or [])[1:]):
            shapes = ", ".join(f"{key} {list(value.shape)}" for key, value in given.items())
            notes.append(_("{name} was measured on {shapes}.").format(name=name, shapes=shapes))
        return given, notes
