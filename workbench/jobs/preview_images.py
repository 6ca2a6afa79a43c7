"""Show what a model sees: its prepared input as small pictures, when it looks like images."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.core.datasets import DataSpec
from workbench.core.events import Report
from workbench.core.i18n import _
from workbench.jobs import Job, Lane

SMALLEST, SIDE = 8, 96


class Pictures(msgspec.Struct):
    """Pictures of the first image-like input."""

    path: str
    """.npy, uint8 (samples, height, width, 3), at most 96 pixels a side; "" when no input looks like images."""
    input: str
    samples: int


class PreviewImages(Job, frozen=True):
    """Prepare the first samples as the model gets them and draw them."""

    lane: ClassVar[Lane] = "reading"
    result_type: ClassVar[type] = Pictures
    keeps_scratch: ClassVar[bool] = True
    time_limit_s: ClassVar[float | None] = 120
    model: str
    data: DataSpec = DataSpec()
    limit: int = 200
    """At most so many samples."""

    def title(self) -> str:
        """Return what the jobs panel calls it."""
        return _("Preview {path}").format(path=Path(self.data.path).name)

    def run(self, report: Report) -> Pictures:
        """Draw them; raises WorkbenchError when the data does not fit the model."""
        from workbench.datasets.select import open_dataset
        from workbench.formats.identify import read_model

        dataset = open_dataset(self.data, read_model(Path(self.model)).inputs)
        count = min(len(dataset), self.limit)
        for name, stacked in dataset.feeds(range(count)).items():
            pictures = as_pictures(stacked)
            if pictures is not None:
                target = report.scratch / "pictures.npy"
                np.save(target, pictures)
                return Pictures(str(target), name, count)
        return Pictures("", "", count)


def as_pictures(stacked: NDArray[np.generic]) -> NDArray[np.uint8] | None:
    """Return (samples, height, width, 3) pictures of NHWC, NCHW or NHW numbers, or None when they are not images.

    Each picture is stretched from its smallest to its largest number, as the model's own scale is not known.
    """
    if stacked.dtype.kind not in "fiub":
        return None
    if stacked.ndim == 4 and stacked.shape[1] in (1, 3, 4) and stacked.shape[3] not in (1, 3, 4):
        stacked = np.moveaxis(stacked, 1, -1)
    if stacked.ndim == 3:
        stacked = stacked[..., None]
    if stacked.ndim != 4 or stacked.shape[3] not in (1, 3, 4) or min(stacked.shape[1:3]) < SMALLEST:
        return None
    step = max(1, -(-max(stacked.shape[1:3]) // SIDE))
    small = np.nan_to_num(np.asarray(stacked[:, ::step, ::step, :3], dtype=np.float32))
    low, high = small.min(axis=(1, 2, 3), keepdims=True), small.max(axis=(1, 2, 3), keepdims=True)
    pictures = ((small - low) * (255.0 / np.maximum(high - low, 1e-12))).astype(np.uint8)
    return pictures if pictures.shape[3] == 3 else np.repeat(pictures[..., :1], 3, axis=3)
