"""Compare the outputs of two models on the same inputs, each in its own runtime."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from workbench.core.agreement import Agreement
from workbench.core.datasets import DataSpec
from workbench.core.events import Report
from workbench.core.i18n import _
from workbench.jobs import Job


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
        raise NotImplementedError
