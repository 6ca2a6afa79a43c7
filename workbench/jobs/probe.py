"""Ask before doing: which devices are there, and does this data fit this model."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from workbench.core.datasets import DataSpec
from workbench.core.events import Report
from workbench.core.i18n import _
from workbench.jobs import Job, Lane
from workbench.runtimes import Device


class DeviceList(msgspec.Struct):
    """Devices by runtime id."""

    devices: dict[str, list[Device]]


class ListDevices(Job, frozen=True):
    """Ask every installed runtime for its devices (imports TensorFlow: runs in the working lane, once)."""

    result_type: ClassVar[type] = DeviceList

    def title(self) -> str:
        """Return what the jobs panel calls it."""
        return _("Look for devices")

    def run(self, report: Report) -> DeviceList:
        """List them."""
        raise NotImplementedError


class DataPreview(msgspec.Struct):
    """What a data set would feed the model."""

    kind: str
    samples: int
    labelled: bool
    class_names: list[str]
    feeds: dict[str, str]
    """Input name to "float32 [1, 28, 28, 1], from 0 to 1"."""
    sha256: str


class CheckData(Job, frozen=True):
    """Open the data against the model's inputs; a wrong shape is said here, before any long job."""

    lane: ClassVar[Lane] = "reading"
    result_type: ClassVar[type] = DataPreview
    time_limit_s: ClassVar[float | None] = 300
    model: str
    data: DataSpec

    def title(self) -> str:
        """Return what the jobs panel calls it."""
        return _("Check data {path}").format(path=self.data.path)

    def run(self, report: Report) -> DataPreview:
        """Check; raises WorkbenchError naming the shape and the way out."""
        raise NotImplementedError
