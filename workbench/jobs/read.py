"""Read a model or one of its tensors."""

from __future__ import annotations

import math
from collections.abc import Iterator
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
from workbench.formats.identify import unreadable
from workbench.jobs import Job, Lane
from workbench.jobs.last_models import read_again


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
        return read_again(Path(self.path))[1]


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
    keeps_scratch: ClassVar[bool] = True
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
        found, graph = read_again(path)
        owner = graph.functions.get(self.function) if self.function else graph
        tensor = owner.tensors.get(self.tensor) if owner else None
        if tensor is None:
            raise WorkbenchError(
                _("{name} holds no tensor {tensor}.").format(name=path.name, tensor=self.tensor),
                _("Open the model again; the file may have changed."),
            )
        try:
            values = found.read_tensor(path, tensor)
        except OSError as error:
            raise unreadable(path, error) from error
        if self.save_to:
            with atomic_target(Path(self.save_to)) as partial, partial.open("wb") as file:
                np.save(file, plain(values), allow_pickle=False)
        return look_at(tensor, values, report.scratch)


BINS = 64
MOST_SHOWN = 256
PIECE = 4_000_000
"""Elements looked at in one go: a large tensor is never copied as a whole."""


def look_at(tensor: Tensor, values: NDArray[np.generic], scratch: Path) -> TensorView:
    """Summarize an array, and save a two-dimensional piece of it for display. Texts have no statistics."""
    count, zeros, total, low, high = 0, 0, 0.0, math.inf, -math.inf
    for finite in finite_pieces(values):
        count += finite.size
        zeros += int(finite.size - np.count_nonzero(finite))
        total += float(finite.sum())
        low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    low, high = (low, high) if count else (0.0, 0.0)
    mean = min(max(total / count, low), high) if count else 0.0
    squares, histogram = 0.0, np.zeros(BINS, np.int64)
    for finite in finite_pieces(values):
        squares += float(np.square(finite - mean).sum())
        histogram += bins_of(finite, low, high)
    numeric = values.size if values.dtype.kind not in "SUO" else 0
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
        mean=mean,
        std=math.sqrt(squares / count) if count else 0.0,
        zeros=zeros / numeric if numeric else 0.0,
        not_finite=numeric - count,
        histogram=[int(each) for each in histogram],
        preview=str(preview),
    )


def finite_pieces(values: NDArray[np.generic]) -> Iterator[NDArray[np.float64]]:
    """Yield the finite numbers as float64, piece by piece (the magnitude of complex ones); nothing for texts."""
    flat = np.asarray(values).reshape(-1)
    if flat.dtype.kind in "SUO":
        return
    for start in range(0, flat.size, PIECE):
        piece = flat[start : start + PIECE]
        numbers = (np.abs(piece) if piece.dtype.kind == "c" else piece).astype(np.float64)
        finite = numbers[np.isfinite(numbers)]
        if finite.size:
            yield finite


def bins_of(finite: NDArray[np.float64], low: float, high: float) -> NDArray[np.int64]:
    """Count in 64 equal bins from the lowest to the highest value; all in the middle one when they are equal."""
    width = high - low
    if not (math.isfinite(width) and width > 0):
        return np.bincount(np.full(finite.size, BINS // 2), minlength=BINS)
    places = np.floor((finite - low) / width * BINS).astype(np.int64)
    return np.bincount(np.clip(places, 0, BINS - 1), minlength=BINS)


def plain(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the values in a dtype that .npy knows: bfloat16 and 4-bit integers become float32, which holds all."""
    return values if values.dtype.kind in "fiubcSU" else values.astype(np.float32)


def corner(values: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the first two-dimensional slice (the last two axes), at most 256 x 256, in a dtype that .npy knows."""
    piece = np.asarray(values)
    while piece.ndim > 2:
        piece = piece[0] if len(piece) else piece.reshape((*piece.shape[1:-1], 0))
    piece = np.atleast_2d(piece)[:MOST_SHOWN, :MOST_SHOWN]
    if piece.dtype.kind in "SUO":
        return piece.astype(str)
    return plain(piece)
