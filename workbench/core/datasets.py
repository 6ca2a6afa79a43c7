"""What data a job uses and how it is prepared: the declaration; the readers are plugins in workbench.datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from workbench.core.i18n import N_
from workbench.core.params import Params, meta

RANDOM = "random"
"""The path that means: no data given, use reproducible random input, and say so."""


class Preprocessing(Params, frozen=True):
    """How stored samples become what the model expects. "auto" follows the model's own input."""

    channels: Annotated[
        Literal["auto", "rgb", "bgr", "gray"],
        meta(N_("Channels"), N_("Channel order of images that the model expects.")),
    ] = "auto"
    layout: Annotated[
        Literal["auto", "nhwc", "nchw"], meta(N_("Layout"), N_("Where the channels are: last (NHWC) or first (NCHW)."))
    ] = "auto"
    resize: Annotated[
        bool,
        meta(N_("Resize"), N_("Resize pictures in arrays to the model's height and width; image files always are.")),
    ] = False
    size: Annotated[
        tuple[int, ...],
        meta(N_("Size"), N_("Height and width to resize images to where the model leaves them open (224,224).")),
    ] = ()
    scale: Annotated[float, meta(N_("Scale"), N_("Each number is multiplied by this first (1/255 = 0.00392157)."))] = (
        1.0
    )
    mean: Annotated[
        tuple[float, ...], meta(N_("Mean"), N_("Subtracted after scaling: one number, or one per channel."))
    ] = ()
    std: Annotated[tuple[float, ...], meta(N_("Standard deviation"), N_("Divided by after the mean."))] = ()


class DataSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A data set as a job names it."""

    path: str = RANDOM
    kind: str = ""
    """Reader id ("npz", "csv", "image-folder", "idx"); "" finds it by content."""
    inputs: str = ""
    """Which array, column or "model_input=array,..." feeds the model; "" matches by name, then by order."""
    labels: str = ""
    """Which array or column holds the labels; "" tries the usual names ("label", "labels", "y", "target")."""
    limit: int | None = None
    """Use at most so many samples: evenly spread over the set, the same ones each time."""
    seed: int = 0
    """For random input."""
    preprocessing: Preprocessing = Preprocessing()

    def label(self) -> str:
        """Return what tells this data set from others in the same file: its name and the arrays chosen from it."""
        chosen = ", ".join(name for name in (self.inputs, self.labels) if name)
        name = Path(self.path).name or self.path
        return f"{name} ({chosen})" if chosen else name
