"""Lay a Graph out in layers, as arrays that the window draws from and the command line writes as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import msgspec

from workbench.core.events import Report
from workbench.core.i18n import _
from workbench.jobs import Job, Lane


class Scene(msgspec.Struct):
    """Where the arrays of a layout are. Units: scene pixels at zoom 1; y grows downwards along the data flow.

    ``arrays`` is an .npz: ``node_rects`` (n, 4) float32 x, y, width, height; ``node_colours`` (n,) int32 op category;
    ``edge_points`` (p, 2) float32 polylines joined one after the other; ``edge_starts`` (e + 1,) int32 offsets into it;
    ``edge_nodes`` (e, 2) int32 from and to node. Texts are lists in node or edge order.
    """

    arrays: str
    names: list[str]
    """Node names; graph inputs and outputs are nodes with op "Input" and "Output"."""
    titles: list[str]
    """What the box shows first: the op."""
    subtitles: list[str]
    """What it shows second (weights' shape, "" when nothing)."""
    edge_labels: list[str]
    """Shape and dtype on each edge, "" when unknown."""
    edge_values: list[str]
    """Value name of each edge."""
    width: float
    height: float


class LayOut(Job, frozen=True):
    """Read the model and lay out one of its graphs."""

    lane: ClassVar[Lane] = "reading"
    result_type: ClassVar[type] = Scene
    time_limit_s: ClassVar[float | None] = 120
    path: str
    function: str = ""
    direction: Literal["down", "right"] = "down"

    def title(self) -> str:
        """Return what the jobs panel calls it."""
        return _("Lay out {name}").format(name=Path(self.path).name)

    def run(self, report: Report) -> Scene:
        """Lay out; raises WorkbenchError when the file cannot be read."""
        raise NotImplementedError
