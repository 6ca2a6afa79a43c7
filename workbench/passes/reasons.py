"""Why a model cannot take a pass, read off its Graph: already quantized, no weights, loops, layers never run."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.core.graph import Graph
from workbench.core.i18n import _

FLOATS = ("float32", "float16", "float64", "bfloat16")
INTEGER_OPS = (
    "QuantizeLinear",
    "DequantizeLinear",
    "DynamicQuantizeLinear",
    "MatMulInteger",
    "ConvInteger",
    "QLinearConv",
    "QLinearMatMul",
    "DynamicQuantizeLSTM",
    "MatMulNBits",
)
"""ONNX ops that only a quantized model has."""
RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
"""Keras layers that become loops."""
LOOPS = ("While", "StatelessWhile", "WHILE", "UNIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_LSTM")
"""TensorFlow and TFLite loops, and TFLite's fused recurrent ops."""
KERAS = ("keras-h5", "keras-zip")


def first(*reasons: str | None) -> str | None:
    """Return the first reason there is."""
    return next((reason for reason in reasons if reason), None)


def no_weights(graph: Graph) -> str | None:
    """Say that there is nothing to make smaller."""
    tensors = [tensor for each in graph.all_graphs() for tensor in each.tensors.values() if tensor.is_weight]
    if any(tensor.dtype in FLOATS for tensor in tensors):
        return None
    return _("it holds no weights in float") if tensors else _("it holds no weights")


def no_architecture(graph: Graph) -> str | None:
    """Say that the file holds weights only."""
    if graph.nodes or graph.functions:
        return None
    return _("it holds weights only, no architecture: save the whole model (model.save) and open that")


def already_quantized(graph: Graph) -> str | None:
    """Say that the weights are integers already."""
    if graph.format == "onnx":
        found = [op for op in graph.op_counts() if op in INTEGER_OPS]
        return _("it is quantized already ({ops})").format(ops=", ".join(found[:3])) if found else None
    if graph.format == "tflite":
        for each in graph.all_graphs():
            for tensor in each.tensors.values():
                if tensor.dtype in ("int8", "uint8", "int4") and tensor.quantization is not None:
                    return _("it is quantized already (weights are {dtype})").format(dtype=tensor.dtype)
    return None


def sparse(graph: Graph) -> str | None:
    """Say that a TFLite model stores sparse weights, which its quantizer does not read."""
    if graph.format == "tflite" and any(
        tensor.sparse for each in graph.all_graphs() for tensor in each.tensors.values()
    ):
        return _("it holds sparse weights, which cannot be quantized: start from the model before it was made sparse")
    return None


def already_half(graph: Graph) -> str | None:
    """Say that every larger weight is float16 already."""
    kinds = {
        tensor.dtype
        for each in graph.all_graphs()
        for tensor in each.tensors.values()
        if tensor.is_weight and tensor.dtype in FLOATS and len(tensor.shape) >= 2
    }
    return _("its weights are float16 already") if kinds == {"float16"} else None


def never_run(graph: Graph) -> str | None:
    """Say that the model holds a layer with code of its own, which is not loaded."""
    if graph.format in KERAS and "Lambda" in graph.op_counts():
        return _("it holds a Lambda layer, which is Python code: it is never run, so the model cannot be converted")
    return None


def recurrent(graph: Graph) -> str | None:
    """Say that ranges inside loops cannot be measured (TFLite and what becomes TFLite)."""
    if graph.format == "onnx":
        return None
    known = (*RECURRENT, *LOOPS) if graph.format in KERAS else LOOPS
    found = [op for op in graph.op_counts() if op in known]
    if not found:
        return None
    return _(
        "it holds recurrent layers or loops ({ops}), inside which ranges cannot be measured: use dynamic-int8"
    ).format(ops=", ".join(found[:3]))


def only_nested(graph: Graph, ops: Iterable[str]) -> str | None:
    """Say that an ONNX model has all its layers inside branches or loops, which the quantizer does not enter."""
    if graph.format != "onnx" or not graph.functions:
        return None
    wanted = set(ops)
    if any(node.op in wanted for node in graph.nodes):
        return None
    inner = {node.op for each in graph.functions.values() for node in each.nodes} & wanted
    if not inner:
        return None
    return _("all its layers are inside branches or loops (If, Loop, Scan), which the quantizer does not enter")
