"""Accuracy of a classifier on labelled data."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import msgspec

from workbench.core.datasets import DataSpec
from workbench.core.events import Report
from workbench.core.i18n import _
from workbench.jobs import Job


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
    """Rows: true class; columns: predicted class."""
    class_names: list[str]
    data: str
    data_sha256: str
    seconds: float


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
        raise NotImplementedError
