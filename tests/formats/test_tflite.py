"""TFLite: subgraphs, options, quantization, sparse and packed tensors, metadata, wrong offsets."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from tiny_files import tflite_bytes, tflite_operator, tflite_subgraph, tflite_tensor

from workbench.core.errors import WorkbenchError
from workbench.formats.identify import identify, read_model

Write = Callable[..., Path]
OP = schema.BuiltinOperator
WEIGHTS = np.arange(12, dtype="f").reshape(3, 4)


def fully_connected(**weight: Any) -> tuple[list[Any], list[Any], list[bytes]]:
    """Return subgraphs, op codes and buffers of y = FULLY_CONNECTED(x, w)."""
    options = schema.FullyConnectedOptionsT()
    options.fusedActivationFunction = schema.ActivationFunctionType.RELU
    operator = tflite_operator(
        0, [0, 1, -1], [2], builtinOptionsType=schema.BuiltinOptions.FullyConnectedOptions, builtinOptions=options
    )
    tensors = [
        tflite_tensor("x", [1, 4], shapeSignature=[-1, 4]),
        tflite_tensor("w", **{"shape": [3, 4], "buffer": 1, **weight}),
        tflite_tensor("net/dense/Relu;net/dense/MatMul", [1, 3]),
    ]
    return [tflite_subgraph("main", tensors, [0], [2], [operator])], [OP.FULLY_CONNECTED], [b"", WEIGHTS.tobytes()]


def test_graph_ports_options_and_weights(save: Write) -> None:
    path = save(tflite_bytes(*fully_connected()), "m.tflite")
    graph = read_model(path)
    assert graph.format == "tflite"
    assert [(port.name, port.dtype, port.shape) for port in graph.inputs] == [("x", "float32", [None, 4])]
    node = graph.nodes[0]
    assert (node.name, node.op, node.inputs) == ("net/dense/Relu", "FULLY_CONNECTED", ["x", "w", ""])
    assert {item.name: item.value for item in node.attributes}["fused_activation_function"] == "RELU"
    assert node.parameters == graph.parameter_count() == 12
    np.testing.assert_array_equal(identify(path).read_tensor(path, graph.tensors["w"]), WEIGHTS)


def test_branches_custom_ops_and_signatures(save: Write) -> None:
    options = schema.IfOptionsT()
    options.thenSubgraphIndex, options.elseSubgraphIndex = 1, 2
    choose = tflite_operator(0, [0], [1], builtinOptionsType=schema.BuiltinOptions.IfOptions, builtinOptions=options)
    tensors = [tflite_tensor("flag", [], kind=6), tflite_tensor("out", [2])]
    custom = tflite_operator(1, [], [0], customOptions=np.array([1, 2, 3], np.uint8))
    one = tflite_subgraph("branch", [tflite_tensor("o", [2])], [], [0], [custom])
    other = tflite_subgraph("branch", [tflite_tensor("o", [2])], [], [0], [])
    entry = schema.SignatureDefT()
    entry.signatureKey, entry.subgraphIndex = "serve", 0
    given, made = schema.TensorMapT(), schema.TensorMapT()
    given.name, given.tensorIndex, made.name, made.tensorIndex = "which", 0, "result", 1
    entry.inputs, entry.outputs = [given], [made]
    graphs = [tflite_subgraph("main", tensors, [0], [1], [choose]), one, other]
    content = tflite_bytes(graphs, [OP.IF, "MyOp"], [b""], signatureDefs=[entry])
    graph = read_model(save(content, "m.tflite"))
    assert list(graph.functions) == ["branch", "branch_2"]
    assert graph.nodes[0].subgraphs == ["branch_2", "branch"] or graph.nodes[0].subgraphs == ["branch", "branch_2"]
    attributes = {item.name: item.value for item in graph.nodes[0].attributes}
    assert attributes == {"then_subgraph_index": "branch", "else_subgraph_index": "branch_2"}
    inner = graph.functions["branch"].nodes[0]
    assert (inner.op, inner.domain) == ("MyOp", "custom")
    assert "custom operations (MyOp)" in graph.notes[0]
    signature = graph.signatures[0]
    assert (signature.name, signature.inputs[0].name, signature.outputs[0].name) == ("serve", "which", "result")
    assert signature.outputs[0].alias == "out"


def quantized(scales: list[float], zeros: list[int], axis: int = 0) -> Any:
    found = schema.QuantizationParametersT()
    found.scale, found.zeroPoint, found.quantizedDimension = scales, zeros, axis
    return found


def test_quantization_parameters(save: Write) -> None:
    graphs, codes, _buffers = fully_connected(kind=9, quantization=quantized([1.0, 0.5, 0.25], [0, 0, 0]))
    graphs[0].tensors[0].quantization = quantized([0.125], [-3])
    graph = read_model(save(tflite_bytes(graphs, codes, [b"", bytes(12)]), "m.tflite"))
    weights, given = graph.tensors["w"].quantization, graph.inputs[0].quantization
    assert weights is not None and given is not None
    assert (weights.scales, weights.axis) == ([1.0, 0.5, 0.25], 0)
    assert (given.scales, given.zero_points, given.axis) == ([0.125], [-3], None)


@pytest.mark.parametrize(
    ("kind", "stored", "expected"),
    [
        (17, bytes([0x21, 0x8F]), [1, 2, -1, -8]),  # INT4, low half first
        (20, bytes([0x21, 0x8F]), [1, 2, 15, 8]),  # UINT4
        (19, bytes([0b11100100]), [0, 1, -2, -1]),  # INT2
        (1, np.array([1, 2, 3, 4], "f2").tobytes(), [1, 2, 3, 4]),
        (18, np.array([0x3F80, 0xC000, 0, 0x4000], "u2").tobytes(), [1, -2, 0, 2]),  # BFLOAT16
    ],
)
def test_small_numbers_are_unpacked(save: Write, kind: int, stored: bytes, expected: list[int]) -> None:
    graphs, codes, _buffers = fully_connected(kind=kind, shape=[4])
    path = save(tflite_bytes(graphs, codes, [b"", stored]), "m.tflite")
    values = identify(path).read_tensor(path, read_model(path).tensors["w"])
    assert values.astype("f").tolist() == expected


def test_texts(save: Write) -> None:
    graphs, codes, _buffers = fully_connected(kind=5, shape=[2])
    content = np.array([2, 16, 18, 21], "<i4").tobytes() + b"hiyou"
    path = save(tflite_bytes(graphs, codes, [b"", content]), "m.tflite")
    graph = read_model(path)
    assert identify(path).read_tensor(path, graph.tensors["w"]).tolist() == ["hi", "you"]
    assert graph.parameter_count() == 0


def level(size: int = 0, segments: list[int] | None = None, indices: list[int] | None = None) -> Any:
    """Return a dense level of ``size``, or a compressed one."""
    found = schema.DimensionMetadataT()
    found.format, found.denseSize = (schema.DimensionType.DENSE, size)
    if segments is not None:
        found.format = schema.DimensionType.SPARSE_CSR
        for field, numbers in (("arraySegments", segments), ("arrayIndices", indices)):
            vector = schema.Uint8VectorT()
            vector.values = np.array(numbers, np.uint8)
            setattr(found, field, vector)
            setattr(found, f"{field}Type", schema.SparseIndexVector.Uint8Vector)
    return found


def test_sparse_tensor_is_made_dense(save: Write) -> None:
    sparsity = schema.SparsityParametersT()
    sparsity.traversalOrder, sparsity.blockMap = [0, 1], None
    sparsity.dimMetadata = [level(3), level(segments=[0, 2, 2, 3], indices=[0, 3, 1])]
    graphs, codes, _buffers = fully_connected(sparsity=sparsity)
    path = save(tflite_bytes(graphs, codes, [b"", np.array([5, 6, 7], "f").tobytes()]), "m.tflite")
    graph = read_model(path)
    assert (graph.tensors["w"].sparse, graph.tensors["w"].nbytes, graph.parameter_count()) == (True, 12, 12)
    values = identify(path).read_tensor(path, graph.tensors["w"])
    assert values.tolist() == [[5, 0, 0, 6], [0, 0, 0, 0], [0, 7, 0, 0]]


def test_block_sparse_tensor_is_made_dense(save: Write) -> None:
    """Blocks of 1 x 2 of a 3 x 4 tensor: the second dimension is split in two levels."""
    sparsity = schema.SparsityParametersT()
    sparsity.traversalOrder, sparsity.blockMap = [0, 1, 2], [1]
    sparsity.dimMetadata = [level(3), level(segments=[0, 1, 1, 2], indices=[1, 0]), level(2)]
    graphs, codes, _buffers = fully_connected(sparsity=sparsity)
    path = save(tflite_bytes(graphs, codes, [b"", np.array([1, 2, 3, 4], "f").tobytes()]), "m.tflite")
    values = identify(path).read_tensor(path, read_model(path).tensors["w"])
    assert values.tolist() == [[0, 0, 1, 2], [0, 0, 0, 0], [3, 4, 0, 0]]


def test_buffers_behind_the_flatbuffer(save: Write) -> None:
    """Models over 2 GB keep their weights behind the flatbuffer, by offset and size."""
    graphs, codes, _buffers = fully_connected()

    def content(offset: int) -> bytes:
        buffer = schema.BufferT()
        buffer.offset, buffer.size = offset, 48
        return tflite_bytes(graphs, codes, [b"", buffer])

    offset = len(content(2**20))
    path = save(content(offset) + WEIGHTS.tobytes(), "m.tflite")
    graph = read_model(path)
    np.testing.assert_array_equal(identify(path).read_tensor(path, graph.tensors["w"]), WEIGHTS)
    with pytest.raises(WorkbenchError, match="reaches beyond its end"):
        read_model(save(content(offset) + WEIGHTS.tobytes()[:-1], "cut.tflite"))


def test_labels_and_files_packed_behind_the_model(save: Write) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("labels.txt", "cat\ndog\n")
        archive.writestr("vocab.txt", "x")
    graph = read_model(save(tflite_bytes(*fully_connected()) + stream.getvalue(), "m.tflite"))
    assert graph.metadata["labels"] == "cat\ndog"
    assert graph.metadata["files"] == "labels.txt\nvocab.txt"


def test_converter_record_names_the_producer(save: Write) -> None:
    entry = schema.MetadataT()
    entry.name, entry.buffer = "min_runtime_version", 2
    graphs, codes, buffers = fully_connected()
    content = tflite_bytes(graphs, codes, [*buffers, b"1.14.0\0\0"], metadata=[entry], description="MLIR Converted.")
    graph = read_model(save(content, "m.tflite"))
    assert graph.metadata["min_runtime_version"] == "1.14.0"
    assert graph.producer == "MLIR Converted"


def test_truncated_model_is_named(save: Write) -> None:
    content = tflite_bytes(*fully_connected())
    for size in (len(content) // 4, len(content) // 2, len(content) - 8):
        with pytest.raises(WorkbenchError, match="truncated or damaged TFLite"):
            read_model(save(content[:size], "m.tflite"))


def test_numbers_that_point_nowhere_are_refused(save: Write) -> None:
    graphs, codes, buffers = fully_connected(buffer=9)
    with pytest.raises(WorkbenchError, match="damaged TFLite"):
        read_model(save(tflite_bytes(graphs, codes, buffers), "buffer.tflite"))
    graphs, codes, buffers = fully_connected()
    graphs[0].operators[0].opcodeIndex = 5
    with pytest.raises(WorkbenchError, match="damaged TFLite"):
        read_model(save(tflite_bytes(graphs, codes, buffers), "code.tflite"))
    graphs, codes, buffers = fully_connected()
    graphs[0].outputs = [77]
    with pytest.raises(WorkbenchError, match="damaged TFLite"):
        read_model(save(tflite_bytes(graphs, codes, buffers), "output.tflite"))


def test_shape_larger_than_its_bytes_is_refused_when_read(save: Write) -> None:
    graphs, codes, buffers = fully_connected(shape=[2**30, 2**10])
    path = save(tflite_bytes(graphs, codes, buffers), "m.tflite")
    tensor = read_model(path).tensors["w"]
    with pytest.raises(WorkbenchError, match="damaged TFLite"):
        identify(path).read_tensor(path, tensor)
