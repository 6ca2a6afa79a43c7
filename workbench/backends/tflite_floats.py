"""Bring a float TFLite model into the form that the quantizer reads: today's op codes, weights in plain float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

FLOAT16, FLOAT32 = schema.TensorType.FLOAT16, schema.TensorType.FLOAT32
DEQUANTIZE = schema.BuiltinOperator.DEQUANTIZE


def with_plain_floats(content: bytes) -> bytes:
    """Return the same model with float16 weights widened to float32 and op codes in their present field.

    Files before 2020 keep the op code in a field of one byte, where the quantizer does not look, and float16 weights
    reach their layer through a DEQUANTIZE, which it does not follow.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    old = [code for code in model.operatorCodes if code.builtinCode < code.deprecatedBuiltinCode]
    for code in old:
        code.builtinCode = code.deprecatedBuiltinCode
    widened = sum(_widen(model, graph) for graph in model.subgraphs)
    unsigned = model.signatureDefs is None
    if not old and not widened and not unsigned:
        return content
    model.signatureDefs = model.signatureDefs or []  # the quantizer goes through them without looking
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _widen(model: Any, graph: Any) -> int:
    """Replace each DEQUANTIZE of a float16 constant by a float32 constant; return how many."""
    kept, widened = [], 0
    for operator in graph.operators or []:
        source = graph.tensors[operator.inputs[0]] if len(operator.inputs) == 1 else None
        is_dequantize = model.operatorCodes[operator.opcodeIndex].builtinCode == DEQUANTIZE
        numbers = model.buffers[source.buffer].data if source is not None and is_dequantize else None
        if source is None or numbers is None or len(numbers) == 0 or source.type != FLOAT16 or source.sparsity:
            kept.append(operator)
            continue
        target = graph.tensors[operator.outputs[0]]
        wide = np.frombuffer(bytes(numbers), dtype="<f2").astype("<f4")
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(wide.tobytes(), dtype=np.uint8)
        model.buffers.append(buffer)
        target.buffer, target.type = len(model.buffers) - 1, FLOAT32
        if target.shape is None or len(target.shape) == 0:
            target.shape = source.shape
        model.buffers[source.buffer].data = None  # nothing reads the narrow numbers any more
        widened += 1
    graph.operators = kept
    return widened
