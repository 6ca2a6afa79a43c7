"""Evaluations and comparisons as the project stores them, from the window and from the command line alike."""

from __future__ import annotations

from typing import Any

import msgspec

from workbench.core.agreement import Agreement
from workbench.core.project import Project
from workbench.jobs.compare import Compare
from workbench.jobs.evaluate import Evaluate, Evaluated

EVALUATE = "evaluate"
COMPARE = "compare"


class Evaluation(msgspec.Struct):
    """Models evaluated on the same data."""

    results: list[Evaluated]
    jobs: list[Evaluate] = []
    """What was asked; [] in runs of older versions."""

    @classmethod
    def of(cls, result: dict[str, Any]) -> Evaluation:
        """Read a stored run, of one model alone too; raises msgspec.ValidationError when it is none."""
        return msgspec.convert(result if "results" in result else {"results": [result]}, cls)

    def store(self, project: Project) -> None:
        """Put it into the project, with its data set; raises WorkbenchError when it cannot be written."""
        known = {record.path: record.id for record in project.models()}
        models = [known[row.model] for row in self.results if row.model in known]
        project.add_run(EVALUATE, models, msgspec.to_builtins(self))
        if self.jobs and self.results:
            project.add_dataset(self.jobs[0].data, self.results[0].data_sha256)


class Comparison(msgspec.Struct):
    """Two models, by the names that they had in the project, and how far B is from A."""

    a: str
    b: str
    agreement: Agreement
    job: Compare | None = None
    """What was asked; None in runs of older versions."""

    def store(self, project: Project, model_ids: list[int]) -> None:
        """Put it into the project; raises WorkbenchError when it cannot be written."""
        project.add_run(COMPARE, model_ids, msgspec.to_builtins(self))
