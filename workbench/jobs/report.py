"""Write a project's HTML report."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import msgspec

from workbench.core.events import Report
from workbench.core.i18n import _
from workbench.jobs import Job, Lane


class ReportWritten(msgspec.Struct):
    """Where the report is."""

    path: str
    bytes: int
    models: int
    runs: int


class WriteReport(Job, frozen=True):
    """Write the report of the project in ``project`` to ``target`` (.html)."""

    lane: ClassVar[Lane] = "reading"
    result_type: ClassVar[type] = ReportWritten
    time_limit_s: ClassVar[float | None] = 300
    project: str
    target: str
    screenshots: list[str] = []
    """PNG files that are put into the page."""

    def title(self) -> str:
        """Return what the jobs panel calls it."""
        return _("Write the report {name}").format(name=Path(self.target).name)

    def run(self, report: Report) -> ReportWritten:
        """Write; raises WorkbenchError when there is no such project or the target exists."""
        from workbench.core.project import Project
        from workbench.core.report_page import write_report

        project = Project.read(Path(self.project))
        try:
            report.progress(None, _("Drawing charts"))
            path = write_report(project, Path(self.target), screenshots=[Path(shot) for shot in self.screenshots])
            return ReportWritten(str(path), path.stat().st_size, len(project.models()), len(project.runs()))
        finally:
            project.close()
