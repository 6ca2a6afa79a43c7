"""Passes: make a smaller or faster model out of a model."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Generic, Literal, TypeVar

from workbench.core.events import Report
from workbench.core.graph import Graph
from workbench.core.outcome import Outcome
from workbench.core.params import Params
from workbench.core.plugins import Plugin
from workbench.datasets import Dataset

__all__ = ["Outcome", "Pass"]

P = TypeVar("P", bound=Params)


class Pass(Plugin, Generic[P]):
    """One optimization. ``accepts`` maps each source format id to the format id that comes out."""

    params: ClassVar[type[Params]]
    accepts: ClassVar[dict[str, str]] = {}
    data: ClassVar[Literal["none", "optional", "required"]] = "none"
    """Whether calibration data (TensorFlow: representative dataset) is used."""

    def requires(self, graph: Graph) -> str | None:
        """Say (translated) why this model cannot take the pass, or None when it can."""
        return None

    def run(self, source: Path, target: Path, params: P, *, data: Dataset | None, report: Report) -> Outcome:
        """Write the new model to ``target`` (which does not exist; a file or a folder). Raises WorkbenchError."""
        raise NotImplementedError
