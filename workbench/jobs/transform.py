"""Optimize and export: make a new model or artifact, prove it against its source, say what it cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import msgspec

from workbench.core.agreement import Agreement
from workbench.core.datasets import DataSpec
from workbench.core.events import Report
from workbench.core.i18n import _
from workbench.jobs import Job


class Transformed(msgspec.Struct, kw_only=True):
    """The result of Optimize and Export; also written as ``step.json`` into a project's model folder."""

    artifact: str
    format: str
    bytes_before: int
    bytes_after: int
    verified: Agreement | None
    """None only when verification itself could not run; then ``notes`` says why."""
    seconds: float
    plugin: str
    """Pass or exporter id."""
    params: dict[str, Any] = {}
    """All settings, defaults included."""
    source_sha256: str = ""
    artifact_sha256: str = ""
    data: DataSpec | None = None
    data_sha256: str = ""
    tools: dict[str, str] = {}
    """Versions of the libraries that were used."""
    notes: list[str] = []
    figures: dict[str, float] = {}
    tables: dict[str, dict[str, float]] = {}


class Optimize(Job, frozen=True):
    """Run one pass."""

    result_type: ClassVar[type] = Transformed
    source: str
    target: str
    pass_id: str
    params: dict[str, Any] = {}
    data: DataSpec = DataSpec()
    """Calibration and comparison data; random input (said plainly) when not given."""

    def title(self) -> str:
        """Return what the jobs panel calls it."""
        return _("{action} of {name}").format(action=self.pass_id, name=Path(self.source).name)

    def run(self, report: Report) -> Transformed:
        """Optimize, verify, and only then let the target appear."""
        raise NotImplementedError


class Export(Job, frozen=True):
    """Write a deployment artifact and reload it in its own runtime in a clean process."""

    result_type: ClassVar[type] = Transformed
    source: str
    target: str
    exporter_id: str
    params: dict[str, Any] = {}
    data: DataSpec = DataSpec()

    def title(self) -> str:
        """Return what the jobs panel calls it."""
        return _("Export {name} to {target}").format(name=Path(self.source).name, target=self.exporter_id)

    def run(self, report: Report) -> Transformed:
        """Export, verify, and only then let the target appear."""
        raise NotImplementedError
