"""Run a model on data once, and say what comes out in readable form."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import msgspec

from workbench.core.datasets import DataSpec
from workbench.core.events import Report
from workbench.core.i18n import _
from workbench.jobs import Job


class TopClass(msgspec.Struct):
    """One of the most likely classes of one sample."""

    index: int
    label: str
    """"" when labels are not known."""
    score: float


class OutputSummary(msgspec.Struct):
    """One output over all samples that ran."""

    name: str
    dtype: str
    shape: list[int]
    minimum: float
    maximum: float
    mean: float


class Inferred(msgspec.Struct):
    """What came out."""

    outputs_path: str
    """.npz with every output, samples along the first axis."""
    outputs: list[OutputSummary]
    top: list[list[TopClass]]
    """Per sample the five best classes, when the first output looks like class scores; else []."""
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
        raise NotImplementedError
