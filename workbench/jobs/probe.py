"""Ask before doing: which devices are there, and does this data fit this model."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.core.datasets import RANDOM, DataSpec
from workbench.core.events import Report
from workbench.core.i18n import _, ngettext
from workbench.core.plugins import missing
from workbench.datasets.select import find_reader, open_dataset
from workbench.formats.identify import read_model
from workbench.jobs import Job, Lane
from workbench.runtimes import Device
from workbench.runtimes.quantized import real_ports
from workbench.runtimes.select import ports_of, runtimes


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
        found: dict[str, list[Device]] = {}
        for number, (name, runtime) in enumerate(runtimes().items()):
            report.progress(number / len(runtimes()), _("Asking {runtime}").format(runtime=_(runtime.label)))
            found[name] = runtime.devices() if not missing(runtime) else []
        return DeviceList(found)


class DataPreview(msgspec.Struct):
    """What a data set would feed the model."""

    kind: str
    samples: int
    labelled: bool
    class_names: list[str]
    feeds: dict[str, str]
    """Input name to "float32 [1, 28, 28, 1], first 64 samples: from 0 to 1"."""
    sha256: str = ""
    """"" here: hashing may read many gigabytes, which the job that uses the data does."""
    notes: list[str] = []
    """How samples were fitted to the inputs (translated)."""


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
        dataset = open_dataset(self.data, real_ports(ports_of(read_model(Path(self.model)))))
        one = dataset.feeds([0])
        seen = min(len(dataset), PREVIEW_SAMPLES)
        several = dataset.feeds(range(seen))
        part = seen if seen < len(dataset) else 0
        return DataPreview(
            kind=RANDOM if self.data.path == RANDOM else find_reader(self.data).id,
            samples=len(dataset),
            labelled=dataset.labels is not None,
            class_names=dataset.class_names,
            feeds={name: describe(values, list(one[name].shape), part) for name, values in several.items()},
            notes=list(dataset.notes),
        )


PREVIEW_SAMPLES = 64
"""The range is told from so many."""


def describe(values: NDArray[np.generic], shape: list[int], part: int) -> str:
    """Return type, shape of one sample and range; ``part`` is how many samples it was told from, 0 for all."""
    text = f"{values.dtype} {shape}"
    if values.dtype.kind not in "fiub" or not values.size:
        return text
    low, high = values.min(), values.max()
    if not part:
        return _("{what}, from {low:.6g} to {high:.6g}").format(what=text, low=low, high=high)
    sentence = ngettext(
        "{what}, first sample: from {low:.6g} to {high:.6g}",
        "{what}, first {n} samples: from {low:.6g} to {high:.6g}",
        part,
    )
    return sentence.format(what=text, n=part, low=low, high=high)
