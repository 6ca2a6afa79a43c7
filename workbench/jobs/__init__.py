"""Jobs: everything that the window and the command line can do, as values that a worker runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

import msgspec

from workbench.core.events import Report

Lane = Literal["reading", "working"]


class Job(msgspec.Struct, frozen=True, kw_only=True, tag_field="job", tag=True):
    """A piece of work: JSON on the way to the worker; its ``run`` is called there."""

    lane: ClassVar[Lane] = "working"
    """Which worker: reading never waits for work; everything that computes runs one at a time in "working"."""
    result_type: ClassVar[type[Any]] = dict
    time_limit_s: ClassVar[float | None] = None
    """The worker is killed after so long and the job ends with a message; None for jobs that may take hours."""
    keeps_scratch: ClassVar[bool] = False
    """Whether the result names files in the scratch folder, which then stays; else it goes when the job ends."""
    writes: ClassVar[tuple[str, ...]] = ("target", "out", "save_to")
    """Fields, where a job has them, that name what it writes outside its scratch folder."""

    def run(self, report: Report) -> Any:
        """Do the work in a worker; return a ``result_type``. Raises WorkbenchError or EngineRequired."""
        raise NotImplementedError

    def title(self) -> str:
        """Return what the jobs panel calls it (translated)."""
        raise NotImplementedError

    def targets(self) -> list[Path]:
        """Return what it writes outside its scratch folder: where a killed job may have left something half-written."""
        named = (getattr(self, name, "") for name in self.writes)
        return [Path(value) for value in named if value]
