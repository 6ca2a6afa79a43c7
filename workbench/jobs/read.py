"""Read a model or one of its tensors."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import WorkbenchError
from workbench.core.events import Report
from workbench.core.graph import Graph, Tensor
from workbench.core.i18n import _
from workbench.core.writing import atomic_target
from workbench.formats.identify import identify, read_model
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
        return read_model(Path(self.path))


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
        path = Path(self.path)
        graph, found = read_model(path), identify(path)
        owner = graph.functions.get(self.function) if self.function else graph
        tensor = owner.tensors.get(self.tensor) if owner else None
        if tensor is None:
            raise WorkbenchError(
                _("{name} holds no tensor {tensor}.").format(name=path.name, tensor=self.tensor),
                _("Open the model again; the file may have changed."),
            )
        values = found.read_tensor(path, tensor)
        if self.save_to:
            with atomic_target(Path(self.save_to)) as partial, partial.open("wb") as file:
                np.save(file, plain(values), allow_pickle=False)
        return look_at(tensor, values, report.scratch)


BINS = 64
MOST_SHOWN = 256


def look_at(tensor: Tensor, values: NDArray[np.generic], scratch: Path) -> TensorView:
    """Summarize an array, and save a two-dimensional piece of it for display. Texts have no statistics."""
    numbers = as_numbers(values)
    finite = numbers[np.isfinite(numbers)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    preview = scratch / "preview.npy"
    with preview.open("wb") as file:
        np.save(file, corner(values), allow_pickle=False)
    return TensorView(
        name=tensor.name,
        dtype=tensor.dtype,
        shape=list(tensor.shape),
        nbytes=tensor.nbytes,
        minimum=low,
        maximum=high,
        mean=float(finite.mean()) if finite.size else 0.0,
        std=float(finite.std()) if finite.size else 0.0,
        zeros=float(np.count_nonzero(numbers == 0) / numbers.size) if numbers.size else 0.0,
        not_finite=int(numbers.size - finite.size),
        histogram=histogram(finite, low, high),
        preview=str(preview),
    )


def plain(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the values in a dtype that .npy knows: bfloat16 and 4-bit integers become float32, which holds all."""
    return values if values.dtype.kind in "fiubcSU" else values.astype(np.float32)


def as_numbers(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return the values flat as float64 (the magnitude of complex ones); nothing for texts."""
    flat = np.asarray(values).reshape(-1)
    if flat.dtype.kind in "SUO":
        return np.zeros(0)
    return np.abs(flat).astype(np.float64) if flat.dtype.kind == "c" else flat.astype(np.float64)


def histogram(finite: NDArray[np.float64], low: float, high: float) -> list[int]:
    """Count in 64 equal bins from the lowest to the highest value; all in the middle one when they are equal."""
    if not finite.size:
        return [0] * BINS
    if not np.isfinite(high - low) or high - low <= np.finfo(np.float64).tiny * BINS:
        return [0] * (BINS // 2) + [int(finite.size)] + [0] * (BINS // 2 - 1)
    return [int(count) for count in np.histogram(finite, BINS, (low, high))[0]]


def corner(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the first two-dimensional slice (the last two axes), at most 256 x 256, in a dtype that .npy knows."""
    piece = np.asarray(values)
    while piece.ndim > 2:
        piece = piece[0] if len(piece) else piece.reshape((*piece.shape[1:-1], 0))
    piece = np.atleast_2d(piece)[:MOST_SHOWN, :MOST_SHOWN]
    if piece.dtype.kind in "SUO":
        return piece.astype(str)
    return plain(piece)
