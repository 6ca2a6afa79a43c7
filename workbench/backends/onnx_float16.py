"""Convert ONNX models to float16: the whole arithmetic, or only the stored weights."""

from __future__ import annotations

import warnings
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper
from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

from workbench.backends.onnx_files import graphs_of, is_valid, load_onnx, save_onnx
from workbench.backends.onnx_weights import (
    lift_constants,
    name_nodes,
    numbers,
    replace_numbers,
    sort_nodes,
    with_patterns,
)
from workbench.core.errors import WorkbenchError, library_errors
from workbench.core.i18n import _, ngettext

LARGEST_HALF = 65504.0
"""The largest finite float16 (IEEE 754 binary16)."""
WORTHWHILE = 64
"""Tensors with fewer numbers stay float32: they would save nothing."""


def has_branches(source: Path) -> bool:
    """Say whether the model has nested graphs (If, Loop, Scan)."""
    return any(nested for _graph, nested in graphs_of(load_onnx(source, with_weights=False)))


def compute_in_half(source: Path, target: Path, *, skip: tuple[str, ...]) -> list[str]:
    """Write the model with float16 weights and arithmetic, float32 inputs and outputs; return notes."""
    model = load_onnx(source)
    valid = is_valid(model)
    if any(nested for _graph, nested in graphs_of(model)):
        raise WorkbenchError(
            _("{name} has branches or loops (If, Loop, Scan), which cannot compute in float16.").format(
                name=source.name
            ),
            _("Set the arithmetic to float32: weights are stored in float16 then, inside branches too."),
        )
    lift_constants(model)
    name_nodes(model)
    names = [node.name for node in model.graph.node]
    ops = sorted({node.op_type for node in model.graph.node})
    blocked = with_patterns([*names, *ops], skip, what=_("node or op"))
    notes = _range_notes(model)
    refused = library_errors(
        _("The model cannot compute in float16: {reason}"),
        _("Set the arithmetic to float32: then only weights are stored in float16."),
    )
    with refused, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # each clipped weight, one line each: summed up in the notes
        half = convert_float_to_float16(
            model,
            keep_io_types=True,
            op_block_list=[*DEFAULT_OP_BLOCK_LIST, *blocked.intersection(ops)],
            node_block_list=sorted(blocked.intersection(names)),
        )
    sort_nodes(half.graph)  # the converter puts its casts of inputs last
    save_onnx(half, target, checked=valid)
    return notes


def store_in_half(source: Path, target: Path, *, skip: tuple[str, ...]) -> list[str]:
    """Write the model with float16 weights, each cast to float32 where it is used; return notes.

    Works inside branches and loops too. ONNX Runtime folds the casts when it opens the model.
    """
    model = load_onnx(source)
    valid = is_valid(model)
    lift_constants(model)
    notes = _range_notes(model)
    _check_patterns(model, skip)
    halved = 0
    for graph, _nested in graphs_of(model):
        outputs = {value.name for value in graph.output}
        fixed = outputs | {value.name for value in graph.input}
        casts = []
        for tensor in graph.initializer:
            if tensor.data_type != TensorProto.FLOAT or tensor.name in fixed or _size(tensor) < WORTHWHILE:
                continue
            if any(fnmatchcase(tensor.name, pattern) for pattern in skip):
                continue
            casts.append(_halved(tensor))
        nodes = [*casts, *(type(node).FromString(node.SerializeToString()) for node in graph.node)]
        if casts:
            del graph.node[:]
            graph.node.extend(nodes)
        halved += len(casts)
    if not halved:
        raise WorkbenchError(
            _("There are no float32 weights to store in float16."),
            _("Skip less, or use the model as it is: it holds no larger float32 tensor."),
        )
    save_onnx(model, target, checked=valid)
    counted = ngettext("{n} tensor is stored in float16.", "{n} tensors are stored in float16.", halved)
    return [counted.format(n=halved), *notes]


def _halved(tensor: Any) -> Any:
    """Turn ``tensor`` into float16 under another name, and return the Cast that gives the old name."""
    name = tensor.name
    values = np.asarray(numbers(tensor), dtype=np.float32)
    replace_numbers(tensor, np.clip(values, -LARGEST_HALF, LARGEST_HALF).astype(np.float16))
    tensor.name = f"{name}_float16"
    return helper.make_node("Cast", [tensor.name], [name], name=f"{name}_to_float32", to=TensorProto.FLOAT)


def _check_patterns(model: Any, skip: tuple[str, ...]) -> None:
    names = [tensor.name for graph, _nested in graphs_of(model) for tensor in graph.initializer]
    with_patterns(names, skip, what=_("tensor"))


def _range_notes(model: Any) -> list[str]:
    """Say how many weights float16 cannot hold."""
    large = 0
    for graph, _nested in graphs_of(model):
        for tensor in graph.initializer:
            if tensor.data_type == TensorProto.FLOAT:
                values = np.abs(np.asarray(numbers(tensor), dtype=np.float32))
                large += int(np.count_nonzero(values[np.isfinite(values)] > LARGEST_HALF))
    if not large:
        return []
    text = ngettext(
        "{n} weight is larger than float16 can hold and was clipped to 65504.",
        "{n} weights are larger than float16 can hold and were clipped to 65504.",
        large,
    )
    return [text.format(n=large)]


def _size(tensor: Any) -> int:
    return int(np.prod(tensor.dims, dtype=np.int64)) if tensor.dims else 1
