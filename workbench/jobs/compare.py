"""Compare the outputs of two models on the same inputs, each in its own runtime."""

from __future__ import annotations

import math
from pathlib import Path
from typing import ClassVar

from workbench.core.agreement import Agreement, Comparison
from workbench.core.datasets import RANDOM, DataSpec
from workbench.core.events import Report
from workbench.core.i18n import _
from workbench.datasets import Dataset
from workbench.datasets.ports import samples_per_call
from workbench.jobs import Job
from workbench.jobs.trial import fixed_by, open_for
from workbench.jobs.verify import classes_of, pairing_notes, run_as
from workbench.runtimes import Session
from workbench.runtimes.batches import CHUNK_SAMPLES, require_full_calls, run_feeds
from workbench.runtimes.matching import match_ports
from workbench.runtimes.quantized import real_ports
from workbench.runtimes.select import open_session, require_engine


class Compare(Job, frozen=True):
    """Run A and B on ``data`` and measure how far B is from A."""

    result_type: ClassVar[type] = Agreement
    a: str
    b: str
    runtime_a: str = ""
    runtime_b: str = ""
    data: DataSpec = DataSpec()
    tolerance: float | None = 1e-4

    def title(self) -> str:
        """Return what the jobs panel calls it."""
        return _("Compare {a} and {b}").format(a=Path(self.a).name, b=Path(self.b).name)

    def run(self, report: Report) -> Agreement:
        """Compare; raises WorkbenchError when inputs or outputs cannot be matched."""
        for path in (self.a, self.b):
            require_engine(Path(path))
        _runtime_a, a = open_session(Path(self.a), self.runtime_a)
        runtime_b, b = open_session(Path(self.b), self.runtime_b)
        match_ports(real_ports(a.inputs), real_ports(b.inputs))
        match_ports(real_ports(a.outputs), real_ports(b.outputs))
        dataset = open_for(a, self.data, fixed_by(real_ports(a.inputs), real_ports(b.inputs)))
        return compare_sessions(a, b, dataset, runtime=runtime_b.id, tolerance=self.tolerance, report=report)


def compare_sessions(
    a: Session, b: Session, dataset: Dataset, *, runtime: str, tolerance: float | None, report: Report
) -> Agreement:
    """Run both on every sample, piece by piece, and judge B by A."""
    step = math.lcm(samples_per_call(a.inputs) or 1, samples_per_call(b.inputs) or 1)
    require_full_calls(len(dataset), step)
    piece = max(CHUNK_SAMPLES // step, 1) * step
    comparison = Comparison(classes=classes_of(dataset))
    for start in range(0, len(dataset), piece):
        report.progress(start / len(dataset), _("{done} of {count} samples").format(done=start, count=len(dataset)))
        feeds = dataset.feeds(range(start, min(start + piece, len(dataset))))
        comparison.add(run_feeds(a, feeds), run_as(b, feeds, a.inputs, a.outputs))
    notes = [_("Compared on random input: real data may show other differences.")] if dataset.name == RANDOM else []
    notes += pairing_notes(b, a.inputs, a.outputs)
    return comparison.agreement(runtime=runtime, tolerance=tolerance, data=dataset.name, notes=notes)
