"""Load, check, re-version and write ONNX models."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
from google.protobuf.message import DecodeError
from onnx import checker, helper, version_converter

import workbench
from workbench.core.errors import WorkbenchError, first_line, library_errors
from workbench.core.i18n import _

LARGEST = 2**31 - 1
"""Bytes that one ONNX file can hold (a limit of protobuf)."""

SMALL = 100_000
"""Bytes up to which a weight is worth checking as a tensor."""


def load_onnx(path: Path, *, with_weights: bool = True) -> Any:
    """Parse a model, with the weights that lie beside it unless told otherwise; raises WorkbenchError.

    Without weights, a file that may not be read raises OSError, for ``formats.identify`` to name.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise WorkbenchError(
                _("{name} is larger than 2 GB, which the format cannot hold in one file.").format(name=path.name),
                _("Save it with its weights beside it: onnx.save(model, path, save_as_external_data=True)."),
            )
        return onnx.load_model(str(path), format="protobuf", load_external_data=with_weights)
    except (DecodeError, ValueError) as error:
        raise WorkbenchError(
            _("{name} is a truncated or damaged ONNX model: {reason}.").format(name=path.name, reason=error),
            _("Download or copy the file again and compare its size with the source."),
        ) from error
    except (OSError, checker.ValidationError) as error:
        if not with_weights:
            raise
        raise WorkbenchError(
            _("Cannot read {name}: {reason}").format(name=path.name, reason=error),
            _("The file is damaged, or a file with its weights is missing beside it."),
        ) from error


def graphs_of(model: Any) -> Iterator[tuple[Any, bool]]:
    """Yield the main graph and all nested ones (branches, loop bodies), each with whether it is nested."""
    pending = [(model.graph, False)]
    while pending:
        graph, nested = pending.pop()
        yield graph, nested
        for node in graph.node:
            for attribute in node.attribute:
                inner = [attribute.g] if attribute.HasField("g") else []
                pending.extend((each, True) for each in (*inner, *attribute.graphs))


def weights_bytes(model: Any) -> int:
    """Return the bytes of all stored tensors; protobuf itself cannot measure a model beyond 2 GB."""
    return sum(_raw_bytes(tensor) for graph, _nested in graphs_of(model) for tensor in _stored(graph))


def _stored(graph: Any) -> list[Any]:
    """Return the initializers of a graph and the tensors of its Constant nodes."""
    held = [item.t for node in graph.node for item in node.attribute if item.HasField("t")]
    return [*graph.initializer, *held]


def is_oversized(model: Any) -> bool:
    """Say whether one ONNX file cannot hold the model."""
    return weights_bytes(model) > LARGEST


def opset_of(model: Any) -> int:
    """Return the version of the standard operator set that the model uses."""
    return next((int(entry.version) for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)


def with_opset(model: Any, opset: int) -> Any:
    """Return the model in another opset; raises WorkbenchError naming the operation that has no such version."""
    if opset_of(model) == opset:
        return model
    old = opset_of(model)

    def explain(error: Exception) -> WorkbenchError:
        return WorkbenchError(
            _("The model cannot be converted from opset {old} to {new}: {reason}").format(
                old=old, new=opset, reason=first_line(error).split("failed: ")[-1]
            ),
            _("Choose an opset nearer to {old}, or export again from the model that it was made of.").format(old=old),
        )

    with library_errors(explain):
        return version_converter.convert_version(model, opset)


def export_onnx(model: Any, target: Path, *, opset: int) -> None:
    """Bring a model that we converted to ``opset``, sign it, check it, and write it. Raises WorkbenchError."""
    require_size(model)
    model = with_opset(model, opset)
    model.producer_name = "model-workbench"
    model.producer_version = workbench.__version__
    save_onnx(model, target, checked=True)


def save_onnx(model: Any, target: Path, *, checked: bool) -> None:
    """Write a model to ``target``; raises WorkbenchError when one file cannot hold it, or it is not valid ONNX.

    ``checked`` is False for a copy of a model that onnx.checker refused already (see ``is_valid``): runtimes and
    checker disagree both ways, and what ran before should run now.
    """
    require_size(model)
    if checked:
        check(model)
    write_onnx(model, target)


def require_size(model: Any) -> None:
    """Raise WorkbenchError when one ONNX file cannot hold the model."""
    size = weights_bytes(model)
    if size > LARGEST:
        raise WorkbenchError(
            _("The model is {size:.1f} GB: one ONNX file holds 2 GB at most.").format(size=size / 1e9),
            _("Make it smaller first (float16 halves it, int8 quarters it), or export it as a SavedModel."),
        )


def is_valid(model: Any) -> bool:
    """Say whether onnx.checker takes the model."""
    return _refusal(model) is None


def check(model: Any) -> None:
    """Raise WorkbenchError when onnx.checker refuses the model."""
    refusal = _refusal(model)
    if refusal is not None:
        raise WorkbenchError(
            _("The converted model is not valid ONNX: {reason}").format(reason=first_line(refusal)),
            _("Choose another opset; if it stays so, report it with the model's operations."),
        ) from refusal


def _refusal(model: Any) -> Exception | None:
    try:
        checker.check_model(_without_large_weights(model))
    except (checker.ValidationError, ValueError) as error:
        return error
    return None


def _without_large_weights(model: Any) -> Any:
    """Return a copy in which large weights are inputs: the checker copies all that it is given, twice."""
    light, large = _split(model)
    declared = {value.name for value in model.graph.input}
    for tensor in large:
        if tensor.name not in declared:
            light.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
    return light


def _split(model: Any) -> tuple[Any, list[Any]]:
    """Return a copy of the model without its large initializers, and these (not copied)."""
    light = onnx.ModelProto()
    for source, target in ((model, light), (model.graph, light.graph)):
        for field, value in source.ListFields():
            if field.name in ("graph", "initializer"):
                continue
            if isinstance(value, str | bytes | int | float):
                setattr(target, field.name, value)
            else:
                getattr(target, field.name).MergeFrom(value)
    large = []
    for tensor in model.graph.initializer:
        if _raw_bytes(tensor) < SMALL or len(tensor.raw_data) != _raw_bytes(tensor):  # not raw, or packed int4
            light.graph.initializer.add().CopyFrom(tensor)
        else:
            large.append(tensor)
    return light, large


def write_onnx(model: Any, target: Path) -> None:
    """Write the model one large weight at a time: to serialize it as a whole takes twice its size in memory.

    The bytes are those of one ModelProto: its small fields, then field 7 (graph) with its fields, of which the last
    ones are field 5 (initializer); onnx.proto3 has the numbers, protobuf's encoding manual the lengths.
    """
    light, large = _split(model)
    graph = light.graph.SerializeToString()
    light.ClearField("graph")
    heads = [_head(tensor) for tensor in large]
    size = len(graph) + sum(len(head) + _raw_bytes(tensor) for head, tensor in zip(heads, large, strict=True))
    with target.open("wb") as file:
        file.write(light.SerializeToString())
        file.write(b"\x3a" + _varint(size))
        file.write(graph)
        for head, tensor in zip(heads, large, strict=True):
            file.write(head)
            file.write(tensor.raw_data)


def _head(tensor: Any) -> bytes:
    """Return an initializer field up to its numbers, which come last as field 9 (raw_data)."""
    about = onnx.TensorProto(
        name=tensor.name,
        data_type=tensor.data_type,
        dims=tensor.dims,
        doc_string=tensor.doc_string or None,
        metadata_props=tensor.metadata_props,
    )
    count = _raw_bytes(tensor)
    fields: bytes = about.SerializeToString() + b"\x4a" + _varint(count)
    return b"\x2a" + _varint(len(fields) + count) + fields


def _raw_bytes(tensor: Any) -> int:
    """Return the bytes of a tensor's numbers; asking protobuf for a size serializes the whole tensor."""
    itemsize = helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    return int(math.prod(tensor.dims)) * int(itemsize)


def _varint(number: int) -> bytes:
    """Return protobuf's variable-length form: seven bits a byte, lowest first, the top bit says that more follow."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def reversion(source: Path, target: Path, *, opset: int, batch: int | None = None) -> list[str]:
    """Write an ONNX model in another opset to ``target``; return notes (translated). Raises WorkbenchError."""
    model = load_onnx(source)
    old = opset_of(model)
    if batch is not None:
        _fix_batch(model, batch)
    export_onnx(model, target, opset=opset)
    return [_("Opset {old} became {new}.").format(old=old, new=opset)] if old != opset else []


def _fix_batch(model: Any, batch: int) -> None:
    """Write ``batch`` into the free first dimension of inputs, and into every dimension of the same name."""
    constants = {tensor.name for tensor in model.graph.initializer}
    names = set()
    for value in model.graph.input:
        dims = value.type.tensor_type.shape.dim
        if value.name not in constants and dims and not dims[0].HasField("dim_value"):
            names.add(dims[0].dim_param)
            dims[0].dim_value = batch
    for value in (*model.graph.output, *model.graph.value_info):
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param and dim.dim_param in names:
                dim.dim_value = batch
