"""Read a model or one of its tensors."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import msgspec

from workbench.core.events import Report
from workbench.core.graph import Graph
from workbench.core.i18n import _
from workbench.jobs import Job, Lane


class ReadModel(Job, frozen=True):
    """Find the format by content and read the Graph."""

    lane: ClassVar[Lane] = "reading"
    result_type: ClassVar[type] = Graph
    time_limit_s: ClassVar[float | None] = 120
    path: str

    def title(self) -> str:
        """Return what the jobs panel calls it."""
        return _("Open {name}").format(name=Path(self.path).name)

    def run(self, report: Report) -> Graph:
        """Read; raises WorkbenchError that names what the file is."""
        raise NotImplementedError


class TensorView(msgspec.Struct):
    """Statistics of one tensor and, for looking at it, some of its numbers."""

    name: str
    dtype: str
    shape: list[int]
    nbytes: int
    minimum: float
    maximum: float
    mean: float
    std: float
    zeros: float
    """Share of exact zeros, 0 to 1."""
    not_finite: int
    histogram: list[int]
    """64 equal bins from minimum to maximum (finite numbers only)."""
    preview: str
    """Path of an .npy in the scratch folder: the first two-dimensional slice, at most 256 x 256."""


class ReadTensor(Job, frozen=True):
    """Read one tensor's statistics and preview."""

    lane: ClassVar[Lane] = "reading"
    result_type: ClassVar[type] = TensorView
    time_limit_s: ClassVar[float | None] = 120
    path: str
    tensor: str
    function: str = ""
    """Key of the nested graph that holds it; "" for the top one."""
    save_to: str = ""
    """Also save the whole tensor as this .npy."""

    def title(self) -> str:
        """Return what the jobs panel calls it."""
        return _("Read {name}").format(name=self.tensor)

    def run(self, report: Report) -> TensorView:
        """Read; raises WorkbenchError when there is no such tensor."""
        raise NotImplementedError
