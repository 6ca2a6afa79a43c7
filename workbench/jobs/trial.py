"""Random inputs to compare two models on: two sizes of every open dimension, so that a frozen one is found out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Dim, Port
from workbench.core.i18n import _
from workbench.datasets.ports import sample_shapes
from workbench.datasets.select import open_dataset
from workbench.runtimes import Arrays
from workbench.runtimes.matching import match_ports
from workbench.runtimes.quantized import real_ports

SEQUENCE = (32, 21, 512, 576, 100, 16, 8)
"""Lengths to try for an open axis of vectors and sequences; 512 and more for audio models that look back."""
PICTURE = (64, 96, 128, 224, 320)
"""Heights and widths to try; multiples of 32, which downsampling networks need."""
VOLUME = (16, 32)


class Trial(msgspec.Struct):
    """One set of inputs."""

    feeds: Arrays
    note: str = ""
    guessed: bool = False
    """Whether sizes were guessed, so that the source may refuse them."""


def trials(ports: Sequence[Port], other: Sequence[Port], *, samples: int, seed: int = 0) -> Iterator[Trial]:
    """Yield random inputs for a model with ``ports``; sizes that the ``other`` model has fixed are used for both."""
    closed = fixed_by(ports, other)
    if not any(None in shape.shape for shape in sample_shapes(closed)):
        yield Trial(_random(closed, samples, seed))
        return
    for turn in range(max(len(SEQUENCE), len(PICTURE), len(VOLUME))):
        sized = [_sized(port, closed, turn) for port in closed]
        if all(port is not None for port in sized):
            chosen = [port for port in sized if port is not None]
            text = ", ".join(f"{port.name} {_text(port)}" for port in chosen)
            yield Trial(
                _random(chosen, samples, seed), _("Random input of {shapes}.").format(shapes=text), guessed=True
            )


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


def _sized(port: Port, ports: Sequence[Port], turn: int) -> Port | None:
    """Return ``port`` with its open dimensions at this turn's size; None when there is no further size."""
    shapes = sample_shapes(ports)
    own = next(shape for shape in shapes if shape.port.name == port.name)
    batch_names = {shape.port.shape[0] for shape in shapes if shape.batched and shape.port.shape}
    if None not in own.shape or port.shape is None:
        return port
    rank = len(port.shape)
    sizes = {4: PICTURE, 5: VOLUME}.get(rank, SEQUENCE)
    if turn >= len(sizes):
        return None
    dims: list[Dim] = []
    for axis, dim in enumerate(port.shape):
        counts_samples = own.batched and axis == 0
        channels = rank in (4, 5) and axis == rank - 1 and not isinstance(port.shape[1], int)
        named_as_batch = isinstance(dim, str) and dim in batch_names
        keep = isinstance(dim, int) or counts_samples or channels or named_as_batch
        dims.append(dim if keep else sizes[turn])
    return msgspec.structs.replace(port, shape=dims)


def _random(ports: Sequence[Port], samples: int, seed: int) -> Arrays:
    dataset = open_dataset(DataSpec(limit=samples, seed=seed), real_ports(ports))
    return dataset.feeds(range(samples))


def _text(port: Port) -> str:
    return "[" + ", ".join(str(dim) if isinstance(dim, int) else "n" for dim in port.shape or []) + "]"
