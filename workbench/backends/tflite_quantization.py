"""Quantize float TFLite models with ai-edge-quantizer: dynamic and static 8 bit, and float16 weights."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_quantizer import qtyping
from ai_edge_quantizer.algorithm_manager import AlgorithmName
from ai_edge_quantizer.quantizer import Quantizer

from workbench.backends.tflite_ranges import Ranges, statistics
from workbench.core.errors import WorkbenchError, library_errors
from workbench.core.i18n import _

WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "EMBEDDING_LOOKUP", "BATCH_MATMUL")
HALF_OPS = ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D_TRANSPOSE", "EMBEDDING_LOOKUP")
OP_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
TYPE_NAMES = {code: name for name, code in vars(schema.TensorType).items() if isinstance(code, int)}
Op = qtyping.TFLOperationName
ALL = Op.ALL_SUPPORTED
CHANNEL, TENSOR = qtyping.QuantGranularity.CHANNELWISE, qtyping.QuantGranularity.TENSORWISE


class Layer(msgspec.Struct, frozen=True):
    """One operation of a TFLite model."""

    scope: str
    """The names of its outputs, which is how the quantizer addresses it."""
    op: str
    weights: str
    """Stored type of its largest constant ("FLOAT32", "INT8", "FLOAT16"), "" when it has none."""


class Quantized(msgspec.Struct):
    """How many layers with weights changed type, by op, and which stayed in float."""

    done: dict[str, int]
    left: dict[str, list[str]]


def quantize_dynamic(source: Path, target: Path, *, per_channel: bool, skip: tuple[str, ...]) -> Quantized:
    """Store weights as int8; activations are quantized while running. Raises WorkbenchError when none were."""
    quantizer = Quantizer(str(source))
    quantizer.add_dynamic_config(".*", ALL, 8, granularity=CHANNEL if per_channel else TENSOR)
    return _written(quantizer, source, target, skip, statistics=None)


def halve(source: Path, target: Path, *, skip: tuple[str, ...]) -> Quantized:
    """Store weights as float16; the model still computes in float32. Raises WorkbenchError when none were."""
    quantizer = Quantizer(str(source))
    half = qtyping.TensorQuantizationConfig(num_bits=16, dtype=qtyping.TensorDataType.FLOAT)
    setting = qtyping.OpQuantizationConfig(
        weight_tensor_config=half, compute_precision=qtyping.ComputePrecision.FLOAT, explicit_dequantize=True
    )
    for op in HALF_OPS:
        quantizer.update_quantization_recipe(".*", Op(op), setting, AlgorithmName.FLOAT_CASTING)
    return _written(quantizer, source, target, skip, statistics=None)


class StaticQuantizer:
    """Quantize weights and activations of one model with known ranges, as often as one likes."""

    def __init__(
        self, source: Path, ranges: Ranges, *, per_channel: bool, integer_io: bool, skip: tuple[str, ...]
    ) -> None:
        self._source = source
        content = source.read_bytes()
        stored = _stored_names(content)  # the range of a constant would make its quantization per-tensor
        self._statistics = statistics({name: found for name, found in ranges.items() if name not in stored})
        self._granularity = CHANNEL if per_channel else TENSOR
        self._integer_io = integer_io
        self.layers = layers_of(content)
        self._skipped = skipped(self.layers, skip)

    def build(self, in_float: Sequence[str] = ()) -> bytes:
        """Return the model with these layers (scopes) left in float, besides those that the person skips."""
        quantizer = Quantizer(str(self._source))
        quantizer.add_static_config(".*", ALL, 8, 8, weight_granularity=self._granularity)
        if not self._integer_io:
            for op in (Op.INPUT, Op.OUTPUT):
                quantizer.update_quantization_recipe(".*", op, None, AlgorithmName.NO_QUANTIZE)
        _leave(quantizer, [*self._skipped, *in_float])
        return _quantized(quantizer, self._statistics)


def layers_of(content: bytes) -> list[Layer]:
    """Return every operation of every subgraph in order."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    found = []
    for graph in model.subgraphs:
        dequantized = _through_dequantize(graph, codes)
        for operator in graph.operators or []:
            names = [graph.tensors[index].name.decode() for index in _indices(operator.outputs)]
            constants = [dequantized.get(index, index) for index in _indices(operator.inputs)]
            stored = [graph.tensors[index] for index in constants if _is_stored(model, graph.tensors[index])]
            largest = max(stored, key=lambda tensor: int(np.prod(tensor.shape)), default=None)
            kind = TYPE_NAMES[largest.type] if largest is not None else ""
            found.append(Layer(";".join(names), OP_NAMES[codes[operator.opcodeIndex]], kind))
    return found


def counted(before: Sequence[Layer], after: Sequence[Layer]) -> Quantized:
    """Compare the layers with weights of the float model with those of the result."""
    types = {layer.scope: layer.weights for layer in after if layer.op in WEIGHTED}
    done: Counter[str] = Counter()
    left: dict[str, list[str]] = {}
    for layer in before:
        if layer.op not in WEIGHTED or layer.weights != "FLOAT32":
            continue
        if types.get(layer.scope, "FLOAT32") == "FLOAT32":
            left.setdefault(layer.op, []).append(layer.scope)
        else:
            done[layer.op] += 1
    return Quantized(dict(done), left)


def skipped(layers: Sequence[Layer], patterns: tuple[str, ...]) -> list[str]:
    """Return the scopes that match a pattern (by op or by name); raises WorkbenchError for one that matches none."""
    chosen = []
    for pattern in patterns:
        matching = [
            layer.scope for layer in layers if pattern in (layer.op, layer.scope) or fnmatchcase(layer.scope, pattern)
        ]
        if not matching:
            names = ", ".join(layer.scope for layer in layers if layer.op in WEIGHTED)
            raise WorkbenchError(
                _("No layer is called {pattern}.").format(pattern=pattern),
                _("There are: {names}.").format(names=names[:600]),
            )
        chosen += matching
    return chosen


def _written(
    quantizer: Quantizer, source: Path, target: Path, skip: tuple[str, ...], *, statistics: dict[str, Any] | None
) -> Quantized:
    before = layers_of(source.read_bytes())
    _leave(quantizer, skipped(before, skip))
    content = _quantized(quantizer, statistics)
    result = counted(before, layers_of(content))
    if not result.done:
        raise nothing_done(result)
    target.write_bytes(content)
    return result


def nothing_done(result: Quantized) -> WorkbenchError:
    """Return the error that says why no layer changed."""
    listed = ", ".join(f"{op} ({len(names)})" for op, names in result.left.items())
    hint = _("Its layers are: {ops}. Skip less.").format(ops=listed) if listed else ""
    return WorkbenchError(
        _("Nothing in this model could be quantized."),
        hint or _("It holds no convolution, dense or embedding layer with float32 weights."),
    )


def _leave(quantizer: Quantizer, scopes: Sequence[str]) -> None:
    for scope in scopes:
        quantizer.update_quantization_recipe(f"^{re.escape(scope)};?$", ALL, None, AlgorithmName.NO_QUANTIZE)


def _quantized(quantizer: Quantizer, calibration: dict[str, Any] | None) -> bytes:
    refused = library_errors(
        _("ai-edge-quantizer cannot quantize this model: {reason}"),
        _("Skip the layer that the message names, or try float16."),
    )
    with refused, _quiet():
        result = quantizer.quantize(calibration, enable_progress_bar=False, enable_progress_report=False)
    return bytes(result.quantized_model)


def _indices(indices: Any) -> list[int]:
    return [int(index) for index in indices if index >= 0] if indices is not None else []


def _stored_names(content: bytes) -> set[str]:
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    return {
        tensor.name.decode()
        for graph in model.subgraphs
        for tensor in graph.tensors
        if _has_content(model.buffers[tensor.buffer])
    }


def _is_stored(model: Any, tensor: Any) -> bool:
    return _has_content(model.buffers[tensor.buffer]) and len(_indices(tensor.shape)) >= 2


def _has_content(buffer: Any) -> bool:
    """Say whether numbers are stored: inside the flatbuffer, or behind it (offset and size) in a large file."""
    return (buffer.data is not None and len(buffer.data) > 0) or (buffer.offset > 1 and buffer.size > 0)


def _through_dequantize(graph: Any, codes: Sequence[int]) -> dict[int, int]:
    """Return the stored tensor behind each tensor that a DEQUANTIZE makes (float16 weights)."""
    return {
        int(operator.outputs[0]): int(operator.inputs[0])
        for operator in graph.operators or []
        if OP_NAMES[codes[operator.opcodeIndex]] == "DEQUANTIZE"
    }


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Swallow progress bars, and advice on the quantizer's own use of LiteRT."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
            np.errstate(all="ignore"),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        root.setLevel(level)
