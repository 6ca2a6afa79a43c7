"""Describe and read ONNX tensors: initializers, constants, sparse and external ones."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from workbench.backends.onnx_files import load_onnx
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Quantization, Tensor, holds_weights
from workbench.core.i18n import _

_DTYPES = {number: name.lower() for name, number in TensorProto.DataType.items()} | {
    TensorProto.FLOAT: "float32",
    TensorProto.DOUBLE: "float64",
    TensorProto.UNDEFINED: "",
    TensorProto.FLOAT8E4M3FN: "float8_e4m3fn",
    TensorProto.FLOAT8E4M3FNUZ: "float8_e4m3fnuz",
    TensorProto.FLOAT8E5M2: "float8_e5m2",
    TensorProto.FLOAT8E5M2FNUZ: "float8_e5m2fnuz",
    TensorProto.FLOAT4E2M1: "float4_e2m1fn",
}
_TYPED = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data")
_WIDTH = {"float_data": 4, "int32_data": 4, "int64_data": 8, "double_data": 8, "uint64_data": 8}
MOST_SCALES = 65536
LARGEST_DENSE = 4 * 1024**3


def dtype_of(number: int) -> str:
    """Return the numpy spelling of an ONNX data type, "" when unknown."""
    return str(_DTYPES.get(number, ""))


def describe(proto: Any, name: str, source: str) -> Tensor:
    """Describe a TensorProto; ``source`` is its place in the file, a path of protobuf fields."""
    shape = [int(dim) for dim in proto.dims]
    if any(dim < 0 for dim in shape):
        raise WorkbenchError(
            _("The tensor {name} has the impossible shape {shape}.").format(name=name, shape=shape),
            _("The file is damaged. Get it again from its source."),
        )
    dtype = dtype_of(proto.data_type)
    return Tensor(name, dtype, shape, _stored(proto), source, is_weight=holds_weights(dtype, shape))


def describe_sparse(proto: Any, name: str, source: str) -> Tensor:
    """Describe a SparseTensorProto."""
    shape = [int(dim) for dim in proto.dims]
    dtype = dtype_of(proto.values.data_type)
    stored = _stored(proto.values) + _stored(proto.indices)
    return Tensor(name, dtype, shape, stored, source, sparse=True, is_weight=holds_weights(dtype, shape))


def _stored(proto: Any) -> int:
    """Return the bytes that a tensor really stores."""
    if proto.data_location == TensorProto.EXTERNAL:
        entries = {item.key: item.value for item in proto.external_data}
        length = entries.get("length", "")
        return int(length) if length.isdigit() else _declared(proto)
    if proto.HasField("raw_data"):
        return len(bytes(proto.raw_data))
    if proto.data_type == TensorProto.STRING:
        return sum(len(item) for item in proto.string_data)
    return sum(len(getattr(proto, field)) * _WIDTH[field] for field in _TYPED)


def _declared(proto: Any) -> int:
    try:
        width = onnx.helper.tensor_dtype_to_np_dtype(proto.data_type).itemsize
    except (KeyError, TypeError):
        width = 1
    return int(math.prod(proto.dims)) * int(width)


def quantization_of(proto: Any, constants: Mapping[str, Any]) -> Quantization | None:
    """Return scales and zero points of a QuantizeLinear or DequantizeLinear node when both are constants."""
    arrays = []
    for name in [name for name in proto.input[1:3] if name]:
        held = constants.get(name)
        if held is None or math.prod(held.dims) > MOST_SCALES or held.data_location == TensorProto.EXTERNAL:
            return None
        try:
            arrays.append(numpy_helper.to_array(held).reshape(-1))
        except (ValueError, TypeError):
            return None
    if not arrays:
        return None
    scales = [float(item) for item in arrays[0]]
    zeros = [int(item) for item in arrays[1]] if len(arrays) > 1 else [0] * len(scales)
    axis = next((int(item.i) for item in proto.attribute if item.name == "axis"), 1)
    return Quantization(scales, zeros, axis if len(scales) > 1 else None)


def constants_of(graph: Any) -> dict[str, Any]:
    """Return the TensorProtos of a GraphProto or FunctionProto by name, initializers and Constant nodes."""
    found = {tensor.name: tensor for tensor in getattr(graph, "initializer", ())}
    for node in graph.node:
        if node.op_type == "Constant" and len(node.output) == 1:
            for attribute in node.attribute:
                if attribute.name == "value":
                    found[node.output[0]] = attribute.t
    return found


def external_files(model: Any, path: Path) -> tuple[list[Path], list[str]]:
    """Return the external data files of a model that may be read, and notes about those that may not."""
    places: dict[str, None] = {}
    for tensor in (each for graph in (model.graph, *model.functions) for each in _all_tensors(graph)):
        if tensor.data_location == TensorProto.EXTERNAL:
            places[_entry(tensor, "location")] = None
    files, notes = [], []
    for place in places:
        try:
            file = inside_folder(path, place)
            file.stat()
            files.append(file)
        except WorkbenchError as error:
            notes.append(error.message)
        except OSError:
            notes.append(_missing(place, path).message)
    return files, notes


def _missing(place: str, path: Path) -> WorkbenchError:
    return WorkbenchError(
        _("The file {place} with weights of {name} is missing or cannot be read.").format(place=place, name=path.name),
        _("Put it beside {name}, under the name that the model gives.").format(name=path.name),
    )


def _all_tensors(graph: Any) -> Iterator[Any]:
    yield from getattr(graph, "initializer", ())
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            if attribute.HasField("g"):
                yield from _all_tensors(attribute.g)
            for inner in attribute.graphs:
                yield from _all_tensors(inner)


def _entry(proto: Any, key: str) -> str:
    return next((str(item.value) for item in proto.external_data if item.key == key), "")


def inside_folder(path: Path, place: str) -> Path:
    """Return the external file ``place`` of the model at ``path``; refuses links and what leads out of its folder."""
    pure = PurePosixPath(place.replace("\\", "/"))
    folder = path.parent.resolve()
    file = folder / pure
    inside = bool(place) and not pure.is_absolute() and ".." not in pure.parts and ":" not in place
    linked = inside and any(item.is_symlink() for item in (file, *file.parents) if folder in item.parents)
    if linked:
        raise WorkbenchError(
            _("The model keeps weights in {place}, which is a link; links are not followed.").format(place=place),
            _("Copy the model and its data as real files into one folder."),
        )
    if not inside:
        raise WorkbenchError(
            _("The model keeps weights in {place}, outside of its folder; that file is not opened.").format(
                place=place
            ),
            _("Load and save the model where it was made, with its data beside it."),
        )
    return file


_STEP = re.compile(r"(\w+)(?:\[(\d+)\])?")


@lru_cache(maxsize=1)
def _parsed(path: Path, modified: int, size: int) -> Any:
    """Keep the last model: looking at many tensors of one file parses it once."""
    return load_onnx(path, with_weights=False)


def read_array(path: Path, tensor: Tensor) -> NDArray[np.generic]:
    """Read the numbers of a tensor by its place in the file. Raises WorkbenchError."""
    status = path.stat()
    item: Any = _parsed(path, status.st_mtime_ns, status.st_size)
    try:
        for step in tensor.source.split("."):
            match = _STEP.fullmatch(step)
            field, number = match.groups() if match else ("", None)
            item = getattr(item, field)
            item = item[int(number)] if number is not None else item
        return _to_array(item, path)
    except (AttributeError, IndexError, ValueError, TypeError, KeyError, MemoryError) as error:
        raise WorkbenchError(
            _("The tensor {name} cannot be read: {reason}.").format(name=tensor.name, reason=error),
            _("The file is damaged or was changed after it was opened. Open it again."),
        ) from error


def _to_array(item: Any, path: Path) -> NDArray[np.generic]:
    if isinstance(item, onnx.SparseTensorProto):
        return _densified(item, path)
    if isinstance(item, TensorProto):
        return _numbers(item, path)
    if isinstance(item, int | float):
        return np.asarray(item, np.int64 if isinstance(item, int) else np.float32)
    if isinstance(item, bytes):
        return np.asarray(item.decode("utf-8", "replace"))
    values = list(item)
    if values and isinstance(values[0], bytes):
        return np.asarray([value.decode("utf-8", "replace") for value in values])
    return np.asarray(values, np.float32 if values and isinstance(values[0], float) else np.int64)


def _numbers(proto: Any, path: Path) -> NDArray[np.generic]:
    if proto.data_location != TensorProto.EXTERNAL:
        return np.asarray(numpy_helper.to_array(proto))
    file = inside_folder(path, _entry(proto, "location"))
    offset, length = int(_entry(proto, "offset") or 0), _entry(proto, "length")
    try:
        with file.open("rb") as stream:
            stream.seek(offset)
            content = stream.read(min(int(length) if length else _declared(proto), file.stat().st_size))
    except OSError as error:
        raise _missing(_entry(proto, "location"), path) from error
    copy = TensorProto()
    copy.CopyFrom(proto)
    copy.ClearField("data_location")
    copy.ClearField("external_data")
    copy.raw_data = content
    return np.asarray(numpy_helper.to_array(copy))


def _densified(proto: Any, path: Path) -> NDArray[np.generic]:
    """Fill a dense array; indices are linear, or one row of coordinates for each value."""
    values, indices = _numbers(proto.values, path), _numbers(proto.indices, path)
    shape = tuple(int(dim) for dim in proto.dims)
    if math.prod(shape) * values.itemsize > LARGEST_DENSE:
        raise ValueError(_("{count} elements are too many").format(count=math.prod(shape)))
    dense = np.zeros(shape, values.dtype)
    if indices.ndim == 1:
        dense.reshape(-1)[indices.astype(np.int64)] = values.reshape(-1)
    else:
        dense[tuple(indices.astype(np.int64).T)] = values.reshape(-1)
    return dense
