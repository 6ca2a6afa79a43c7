"""Read TFLite buffers: packed small integers, texts, and sparse tensors, which are made dense."""

from __future__ import annotations

import math
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from workbench.backends.tflite_reader import opened
from workbench.core.dtypes import PACKED_BITS, numpy_dtype
from workbench.core.graph import Tensor
from workbench.core.i18n import _

_PLACE = re.compile(r"subgraph (\d+) tensor (\d+) buffer (\d+)")
_INDICES = {1: schema.Int32Vector, 2: schema.Uint16Vector, 3: schema.Uint8Vector}
LARGEST_DENSE = 4 * 1024**3


def read_array(path: Path, tensor: Tensor) -> NDArray[np.generic]:
    """Read the numbers of a tensor by its place in the file. Raises WorkbenchError."""
    with opened(path) as (model, content):
        match = _PLACE.fullmatch(tensor.source)
        if match is None:
            raise ValueError(_("there is no tensor {name}").format(name=tensor.name))
        subgraph, number, buffer = (int(part) for part in match.groups())
        item = model.Subgraphs(subgraph).Tensors(number)
        stored = _content(model.Buffers(buffer), content)
        if tensor.dtype == "string":
            return _texts(stored).reshape(tensor.shape)
        sparsity = item.Sparsity()
        if sparsity is not None:
            return _densified(_numbers(stored, tensor.dtype, None), sparsity, tensor.shape)
        return _numbers(stored, tensor.dtype, math.prod(tensor.shape)).reshape(tensor.shape)


def _content(buffer: Any, content: Any) -> bytes:
    if buffer.Offset() > 1:
        return bytes(content[buffer.Offset() : buffer.Offset() + buffer.Size()])
    return bytes(buffer.DataAsNumpy()) if buffer.DataLength() else b""


def _numbers(stored: bytes, dtype: str, count: int | None) -> NDArray[np.generic]:
    if dtype in PACKED_BITS:
        return _unpacked(stored, PACKED_BITS[dtype], count, signed=not dtype.startswith("u"))
    return np.frombuffer(stored, numpy_dtype(dtype), -1 if count is None else count)


def _unpacked(stored: bytes, bits: int, count: int | None, *, signed: bool) -> NDArray[np.generic]:
    """Unpack integers of a few bits, lowest bits first."""
    octets = np.frombuffer(stored, np.uint8)
    parts = [(octets >> shift) & ((1 << bits) - 1) for shift in range(0, 8, bits)]
    flat = np.stack(parts, axis=-1).reshape(-1)[:count]
    if count is not None and len(flat) < count:
        raise ValueError(_("a buffer is shorter than its shape says"))
    half = 1 << (bits - 1)
    return ((flat.astype(np.int8) ^ half) - half).astype(np.int8) if signed else flat


def _texts(stored: bytes) -> NDArray[np.generic]:
    """Decode a string buffer: count, count + 1 offsets (int32), then the texts."""
    count = int(np.frombuffer(stored, "<i4", 1)[0])
    offsets = np.frombuffer(stored, "<i4", count + 1, 4)
    return np.asarray([stored[a:b].decode("utf-8", "replace") for a, b in pairwise(offsets)])


def _densified(values: NDArray[np.generic], sparsity: Any, shape: list[int]) -> NDArray[np.generic]:
    """Expand the level-by-level form (TACO): dimensions in traversal order, then the blocks of the block map.

    Source: the comments of SparsityParameters in TFLite's schema.fbs.
    """
    if math.prod(shape) * values.itemsize > LARGEST_DENSE:
        raise ValueError(_("{count} elements are too many").format(count=math.prod(shape)))
    order, blocks = _vector(sparsity, "TraversalOrder"), _vector(sparsity, "BlockMap")
    levels = [sparsity.DimMetadata(at) for at in range(sparsity.DimMetadataLength())]
    coordinates: list[NDArray[np.int64]] = []
    positions = np.zeros(1, np.int64)
    for level in levels:
        if level.Format() == schema.DimensionType.DENSE:
            size = level.DenseSize()
            parents = np.repeat(np.arange(len(positions)), size)
            here = np.tile(np.arange(size), len(positions))
            positions = positions[parents] * size + here
        else:
            segments, indices = _indices(level, "ArraySegments"), _indices(level, "ArrayIndices")
            begin, end = segments[positions], segments[positions + 1]
            counts = end - begin
            parents = np.repeat(np.arange(len(positions)), counts)
            starts = np.repeat(begin - np.concatenate(([0], np.cumsum(counts)[:-1])), counts)
            positions = np.arange(int(counts.sum())) + starts
            here = indices[positions]
        coordinates = [each[parents] for each in coordinates] + [here]
        if len(positions) > max(len(values), math.prod(shape)):
            raise ValueError(_("a sparse tensor lists more elements than it has"))
    full = [np.zeros(len(positions), np.int64) for _dim in shape]
    sizes = {dim: levels[len(shape) + at].DenseSize() for at, dim in enumerate(blocks)}
    for level_number, dim in enumerate(order):
        here = coordinates[level_number]
        if dim < len(shape):
            full[dim] += here * sizes.get(dim, 1)
        else:
            full[blocks[dim - len(shape)]] += here
    dense = np.zeros(shape, values.dtype)
    dense[tuple(full)] = values[positions]
    return dense


def _vector(item: Any, field: str) -> list[int]:
    return [int(getattr(item, field)(at)) for at in range(getattr(item, f"{field}Length")())]


def _indices(level: Any, field: str) -> NDArray[np.int64]:
    kind, union = getattr(level, f"{field}Type")(), getattr(level, field)()
    vector = _INDICES[kind]()
    vector.Init(union.Bytes, union.Pos)
    return np.asarray(vector.ValuesAsNumpy(), np.int64)
