"""Random inputs for a model that leaves dimensions open: sizes to try, two of them when models are compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from workbench.core.datasets import RANDOM, DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Dim, Port
from workbench.core.i18n import _
from workbench.core.shapes import bracketed
from workbench.datasets import Dataset
from workbench.datasets.ports import SampleShape, sample_shapes
from workbench.datasets.select import open_dataset
from workbench.runtimes import Arrays, Session
from workbench.runtimes.batches import run_feeds
from workbench.runtimes.matching import match_ports
from workbench.runtimes.quantized import real_ports

SEQUENCE = (32, 21, 512, 576, 100, 16, 8)
"""Lengths to try for an open axis of vectors and sequences; 512 and more for audio models that look back."""
PICTURE = (64, 96, 128, 224, 320, 48)
"""Heights and widths to try; multiples of 32, which downsampling networks need, and a line of text's 48."""
VOLUME = (16, 32)


class Trial(msgspec.Struct):
    """One set of inputs."""

    feeds: Arrays
    note: str = ""
    guessed: bool = False
    """Whether sizes were guessed, so that the source may refuse them."""


def trials(ports: Sequence[Port], other: Sequence[Port], *, samples: int, seed: int = 0) -> Iterator[Trial]:
    """Yield random inputs for a model with ``ports``; sizes that the ``other`` model has fixed are used for both."""
    closed = real_ports(fixed_by(ports, other))
    spec = DataSpec(limit=samples, seed=seed)
    if not _has_open(closed):
        yield Trial(open_dataset(spec, closed).feeds(range(samples)))
        return
    for chosen in sized(closed):
        text = _("Random input of {shapes}.").format(shapes=", ".join(f"{port.name} {_text(port)}" for port in chosen))
        yield Trial(open_dataset(spec, chosen).feeds(range(samples)), text, guessed=True)


def open_for(session: Session, data: DataSpec, ports: Sequence[Port] = ()) -> Dataset:
    """Open ``data`` for ``session``; random input gets sizes that the model runs on, where it leaves them open.

    ``ports`` are the session's, as real numbers, unless given (with more dimensions fixed).
    """
    wanted = list(ports) or real_ports(session.inputs)
    usual = open_dataset(data, wanted)
    if data.path != RANDOM or not _has_open(wanted) or _runs(session, usual):
        return usual
    for chosen in sized(wanted):
        dataset = open_dataset(data, chosen)
        if _runs(session, dataset):
            return dataset
    return usual


def sized(ports: Sequence[Port]) -> Iterator[list[Port]]:
    """Yield ``ports`` with their open dimensions (but the batch) at one size after the other."""
    shapes = sample_shapes(ports)
    batch_names = {shape.port.shape[0] for shape in shapes if shape.batched and shape.port.shape}
    ladders = [_ladder(shape) for shape in shapes if None in shape.shape]
    for turn in range(min(map(len, ladders), default=0)):
        yield [_at(shape, turn, batch_names) for shape in shapes]


def fixed_by(ports: Sequence[Port], other: Sequence[Port]) -> list[Port]:
    """Return ``ports`` with the open dimensions (but the batch) that the other model's inputs fix."""
    try:
        pairs = match_ports(list(ports), list(other)) if other else []
    except WorkbenchError:  # said when the other model is run
        pairs = []
    partners = {own.name: theirs for own, theirs in pairs}
    return [_closed(port, partners.get(port.name)) for port in ports]


def _closed(port: Port, other: Port | None) -> Port:
    if port.shape is None or other is None or other.shape is None or len(port.shape) != len(other.shape):
        return port
    shape: list[Dim] = [
        theirs if axis and not isinstance(own, int) and isinstance(theirs, int) and theirs > 0 else own
        for axis, (own, theirs) in enumerate(zip(port.shape, other.shape, strict=True))
    ]
    return msgspec.structs.replace(port, shape=shape)


def _has_open(ports: Sequence[Port]) -> bool:
    return any(None in shape.shape for shape in sample_shapes(ports))


def _runs(session: Session, dataset: Dataset) -> bool:
    try:
        run_feeds(session, dataset.feeds([0]))
    except WorkbenchError:
        return False
    return True


def _ladder(shape: SampleShape) -> tuple[int, ...]:
    return {4: PICTURE, 5: VOLUME}.get(len(shape.port.shape or []), SEQUENCE)


def _at(shape: SampleShape, turn: int, batch_names: set[Dim]) -> Port:
    """Return the port with its open dimensions at this turn's size."""
    port = shape.port
    if port.shape is None or None not in shape.shape:
        return port
    rank = len(port.shape)
    size = _ladder(shape)[turn]
    dims: list[Dim] = []
    for axis, dim in enumerate(port.shape):
        channels = rank in (4, 5) and axis == rank - 1 and not isinstance(port.shape[1], int)
        if isinstance(dim, int) or channels or (shape.batched and axis == 0):
            dims.append(dim)
        elif not shape.batched or (isinstance(dim, str) and dim in batch_names):
            dims.append(1)  # the batch axis of a state that belongs to one call
        else:
            dims.append(size)
    return msgspec.structs.replace(port, shape=dims)


def _text(port: Port) -> str:
    return bracketed([dim if isinstance(dim, int) else "n" for dim in port.shape or []])
