"""Exporters: write a model in a deployment format."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from workbench.core.events import Report
from workbench.core.graph import Graph
from workbench.core.outcome import Outcome
from workbench.core.params import Params
from workbench.core.plugins import Plugin

P = TypeVar("P", bound=Params)


class Exporter(Plugin, Generic[P]):
    """One deployment target."""

    params: ClassVar[type[Params]]
    accepts: ClassVar[tuple[str, ...]] = ()
    """Source format ids."""
    produces: ClassVar[str] = ""
    """Format id of the artifact, or "" when it is not a format that we read."""
    suffix: ClassVar[str] = ""
    """Usual ending of the artifact; "" for a folder."""
    verify: ClassVar[str] = ""
    """Id of the runtime that reloads the artifact in a clean process."""
    tolerance: ClassVar[float] = 1e-4
    """Largest max_rel_error (see core.agreement) at which the artifact counts as equal."""

    def requires(self, graph: Graph) -> str | None:
        """Say (translated) why this model cannot be exported so, or None when it can."""
        return None

    def run(self, source: Path, target: Path, params: P, *, report: Report) -> Outcome:
        """Write the artifact to ``target`` (which does not exist). Raises WorkbenchError."""
        raise NotImplementedError

    def loadable(self, target: Path) -> Path:
        """Return what the verifying runtime opens (a TF Serving folder: its version folder)."""
        return target
