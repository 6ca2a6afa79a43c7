"""Tiny models that the tests of runtimes and jobs write themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

Io = tuple[str, Any, Sequence[int | str | None]]


def onnx_model(nodes: list[Any], inputs: Sequence[Io], outputs: Sequence[Io], weights: dict[str, Any]) -> Any:
    def info(io: Io) -> Any:
        name, dtype, shape = io
        kind = TensorProto.STRING if dtype is str else helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return helper.make_tensor_value_info(name, kind, shape)

    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "tiny", [*map(info, inputs)], [*map(info, outputs)], tensors)
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3), helper.make_opsetid("my.ops", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="tests")


@pytest.fixture
def write_onnx(tmp_path: Path) -> Callable[..., Path]:
    """Write an ONNX model: name, nodes, inputs, outputs, weights."""

    def write(
        name: str, nodes: list[Any], inputs: Sequence[Io], outputs: Sequence[Io], weights: dict[str, Any] | None = None
    ) -> Path:
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(onnx_model(nodes, inputs, outputs, weights or {}).SerializeToString())
        return path

    return write


@pytest.fixture
def dense_onnx(write_onnx: Callable[..., Path]) -> Callable[..., Path]:
    """Write ``y = x @ w`` with a batch of the given size (a name leaves it open) and the given classes."""

    def write(name: str = "dense", *, batch: int | str = "n", classes: int = 3, x: str = "x", y: str = "y") -> Path:
        weight = np.random.default_rng(0).standard_normal((4, classes)).astype("f")
        nodes = [helper.make_node("MatMul", [x, "w"], [y])]
        return write_onnx(name, nodes, [(x, "f", [batch, 4])], [(y, "f", [batch, classes])], {"w": weight})

    return write


@pytest.fixture
def write_tflite(tmp_path: Path) -> Callable[..., Path]:
    """Write a TFLite model of one RELU per output; see ``relu_model``."""

    def write(name: str, **described: Any) -> Path:
        path = tmp_path / f"{name}.tflite"
        path.write_bytes(relu_model(**described))
        return path

    return write


def relu_model(
    *,
    shapes: Sequence[Sequence[int]] = ((1, 4),),
    dtype: type = np.float32,
    scale: float = 0.0,
    zero: int = 0,
    signature: str = "",
) -> bytes:
    """Build a flatbuffer by hand: output i = RELU(input i). -1 in a shape leaves it open."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    kinds = {
        np.float32: schema.TensorType.FLOAT32,
        np.int8: schema.TensorType.INT8,
        np.uint8: schema.TensorType.UINT8,
    }

    def tensor(name: str, shape: Sequence[int]) -> Any:
        made = schema.TensorT()
        made.name, made.type, made.buffer = name, kinds[dtype], 0
        made.shape = [max(size, 1) for size in shape]
        if any(size < 0 for size in shape):
            made.shapeSignature = list(shape)
        if scale:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale, made.quantization.zeroPoint = [scale], [zero]
        return made

    graph = schema.SubGraphT()
    count = len(shapes)
    graph.tensors = [tensor(f"in{i}:0", shape) for i, shape in enumerate(shapes)]
    graph.tensors += [tensor(f"out{i}:0", shape) for i, shape in enumerate(shapes)]
    graph.inputs, graph.outputs = list(range(count)), list(range(count, 2 * count))
    graph.operators = []
    for position in range(count):
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = 0, [position], [count + position]
        graph.operators.append(operator)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.RELU
    code.version = 2 if scale else 1
    model = schema.ModelT()
    model.version, model.subgraphs, model.operatorCodes, model.buffers = 3, [graph], [code], [schema.BufferT()]
    if signature:
        model.signatureDefs = [_signature(schema, signature, count)]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _signature(schema: Any, key: str, count: int) -> Any:
    def maps(stem: str, first: int) -> list[Any]:
        made = []
        for position in range(count):
            item = schema.TensorMapT()
            item.name, item.tensorIndex = f"{stem}_{position}", first + position
            made.append(item)
        return made

    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = key, 0
    signature.inputs, signature.outputs = maps("input", 0), maps("output", count)
    return signature
