"""Tiny models of every format, put together byte by byte: no TensorFlow, no Keras."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from onnx import helper, numpy_helper

from workbench.backends import saved_model_proto as proto

Array = np.ndarray[Any, Any]


def dense(name: str, units: int, **more: Any) -> dict[str, Any]:
    """Return the configuration of a Dense layer."""
    return {
        "class_name": "Dense",
        "name": name,
        "config": {"name": name, "units": units, "activation": "relu", "use_bias": True, "dtype": "float32", **more},
    }


def functional(*, keras: int = 2) -> dict[str, Any]:
    """Return input(8) -> Dense(4) twice with shared weights -> Add, as Keras 2 or 3 writes it."""

    def tensor(layer: str, call: int, size: int) -> dict[str, Any]:
        return {
            "class_name": "__keras_tensor__",
            "config": {"shape": [None, size], "dtype": "float32", "keras_history": [layer, call, 0]},
        }

    def call(*refs: tuple[str, int, int]) -> Any:
        if keras == 2:
            return [[layer, number, 0, {}] for layer, number, _size in refs]
        arguments = [tensor(*ref) for ref in refs]
        return {"args": [arguments] if len(refs) > 1 else arguments, "kwargs": {}}

    shape = "batch_input_shape" if keras == 2 else "batch_shape"
    layers = [
        {"class_name": "InputLayer", "name": n, "config": {"name": n, shape: [None, 8], "dtype": "float32"}}
        for n in ("left", "right")
    ]
    for layer in layers:
        layer["inbound_nodes"] = []
    layers.append({**dense("twin", 4), "inbound_nodes": [call(("left", 0, 8)), call(("right", 0, 8))]})
    add = {"class_name": "Add", "name": "sum", "config": {"name": "sum", "dtype": "float32"}}
    layers.append({**add, "inbound_nodes": [call(("twin", 0, 4), ("twin", 1, 4))]})
    config = {
        "name": "pair",
        "layers": layers,
        "input_layers": [["left", 0, 0], ["right", 0, 0]],
        "output_layers": [["sum", 0, 0]],
    }
    return {"class_name": "Functional", "config": config}


def sequential(*layers: dict[str, Any], **config: Any) -> dict[str, Any]:
    """Return a Sequential configuration."""
    return {"class_name": "Sequential", "config": {"name": "chain", "layers": list(layers), **config}}


def onnx_model(nodes: Sequence[Any], initializers: Mapping[str, Array], **more: Any) -> Any:
    """Return an ONNX model from x [n, 4] to y."""
    x = helper.make_tensor_value_info("x", 1, ["n", 4])
    y = helper.make_tensor_value_info("y", 1, ["n", 3])
    tensors = [numpy_helper.from_array(values, name) for name, values in initializers.items()]
    graph = helper.make_graph(nodes, "small", [x], [y], tensors)
    return helper.make_model(
        graph, opset_imports=more.pop("opsets", [helper.make_opsetid("", 18)]), ir_version=10, **more
    )


def tflite_tensor(name: str, shape: Sequence[int], *, kind: int = 0, buffer: int = 0, **more: Any) -> Any:
    """Return a tensor of the flatbuffer object form."""
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, list(shape), kind, buffer
    for key, value in more.items():
        setattr(tensor, key, value)
    return tensor


def tflite_operator(code: int, inputs: Sequence[int], outputs: Sequence[int], **more: Any) -> Any:
    """Return an operator of the flatbuffer object form."""
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = code, list(inputs), list(outputs)
    for key, value in more.items():
        setattr(operator, key, value)
    return operator


def tflite_subgraph(
    name: str, tensors: Sequence[Any], inputs: Sequence[int], outputs: Sequence[int], operators: Sequence[Any]
) -> Any:
    """Return a subgraph of the flatbuffer object form."""
    graph = schema.SubGraphT()
    graph.name, graph.tensors, graph.operators = name, list(tensors), list(operators)
    graph.inputs, graph.outputs = list(inputs), list(outputs)
    return graph


def tflite_bytes(subgraphs: Sequence[Any], codes: Sequence[Any], buffers: Sequence[Any], **more: Any) -> bytes:
    """Return a TFLite file; ``codes`` are builtin numbers or names of custom ops; buffer 0 is the empty one."""
    model = schema.ModelT()
    model.version, model.subgraphs, model.operatorCodes, model.buffers = 3, list(subgraphs), [], []
    for code in codes:
        entry = schema.OperatorCodeT()
        entry.builtinCode = code if isinstance(code, int) else schema.BuiltinOperator.CUSTOM
        entry.deprecatedBuiltinCode, entry.version = min(entry.builtinCode, 127), 1
        entry.customCode = None if isinstance(code, int) else code
        model.operatorCodes.append(entry)
    for content in buffers:
        buffer = content
        if isinstance(content, bytes):
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(content, np.uint8) if content else None
        model.buffers.append(buffer)
    for key, value in more.items():
        setattr(model, key, value)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def varint(number: int) -> bytes:
    """Encode a base-128 varint."""
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def table(entries: Mapping[bytes, bytes], *, compression: int = 0) -> bytes:
    """Return a LevelDB table with one data block."""

    def block(items: Mapping[bytes, bytes]) -> bytes:
        body = b"".join(varint(0) + varint(len(k)) + varint(len(v)) + k + v for k, v in sorted(items.items()))
        return body + struct.pack("<II", 0, 1)

    def placed(content: bytes, at: int) -> tuple[bytes, bytes]:
        return content + bytes([compression]) + b"\0\0\0\0", varint(at) + varint(len(content))

    out, data = placed(block(entries), 0)
    more, meta = placed(block({}), len(out))
    out += more
    more, index = placed(block({b"~": data}), len(out))
    out += more
    return out + (meta + index).ljust(40, b"\0") + b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"


DTYPES = {"float32": 1, "int32": 3, "int64": 9, "string": 7}


def set_shape(message: Any, shape: Sequence[int]) -> None:
    """Fill a TensorShapeProto."""
    for size in shape:
        message.dim.add(size=size)


def write_bundle(prefix: Path, arrays: Mapping[str, Array], texts: Mapping[str, bytes] | None = None) -> None:
    """Write a checkpoint of one shard."""
    entries, data = {b"": proto.BundleHeader(num_shards=1).SerializeToString()}, b""
    for key, values in arrays.items():
        entry = proto.BundleEntry(dtype=DTYPES[str(values.dtype)], offset=len(data), size=values.nbytes)
        set_shape(entry.shape, values.shape)
        entries[key.encode()] = entry.SerializeToString()
        data += values.tobytes()
    for key, text in (texts or {}).items():
        content = varint(len(text)) + b"\0\0\0\0" + text
        entry = proto.BundleEntry(dtype=DTYPES["string"], offset=len(data), size=len(content))
        entries[key.encode()] = entry.SerializeToString()
        data += content
    prefix.parent.mkdir(parents=True, exist_ok=True)
    prefix.with_name(prefix.name + ".index").write_bytes(table(entries))
    prefix.with_name(prefix.name + ".data-00000-of-00001").write_bytes(data)


def add_node(nodes: Any, op: str, name: str, inputs: Sequence[str] = (), **attributes: Any) -> Any:
    """Add a NodeDef; attributes are numbers of a DataType, texts, function names behind "@", or shapes."""
    node = nodes.add(name=name, op=op, input=list(inputs))
    for key, value in attributes.items():
        if key == "_output_shapes":
            for shape in value:
                set_shape(node.attr[key].list.shape.add(), shape)
        elif isinstance(value, int):
            node.attr[key].type = value
        elif value.startswith("@"):
            node.attr[key].func.name = value[1:]
        else:
            node.attr[key].s = value.encode()
    return node


def add_ops(meta: Any) -> None:
    """Declare the ops that the tests use."""
    for name, given, made in (
        ("MatMul", ["a", "b"], ["product"]),
        ("ReadVariableOp", ["resource"], ["value"]),
        ("Identity", ["input"], ["output"]),
        ("VarHandleOp", [], ["resource"]),
        ("Placeholder", [], ["output"]),
        ("Const", [], ["output"]),
        ("Relu", ["features"], ["activations"]),
    ):
        op = meta.meta_info_def.stripped_op_list.op.add(name=name)
        for argument in given:
            op.input_arg.add(name=argument, type_attr="T")
        for argument in made:
            op.output_arg.add(name=argument, type_attr="dtype" if name in ("ReadVariableOp", "Placeholder") else "T")
    for name in ("StatefulPartitionedCall", "If"):
        op = meta.meta_info_def.stripped_op_list.op.add(name=name)
        op.input_arg.add(name="args", type_list_attr="Tin")
        op.output_arg.add(name="output", type_list_attr="Tout")


def set_info(info: Any, name: str, shape: Sequence[int]) -> None:
    info.name, info.dtype = name, 1
    set_shape(info.tensor_shape, shape)


def add_functions(meta: Any, *, python: bool) -> None:
    functions = meta.graph_def.library.function
    for name in ("wrapper", "body", "branch", "unused_training"):
        function = functions.add()
        function.signature.name = name
        function.signature.input_arg.add(name="given", type=1)
        if name in ("wrapper", "body"):
            function.signature.input_arg.add(name="captured", type=20)
        function.signature.output_arg.add(name="result", type=1)
    wrapper, body, branch, unused = functions
    call = add_node(wrapper.node_def, "StatefulPartitionedCall", "call", ["given", "captured"], f="@body")
    call.attr["Tout"].list.type.append(1)
    add_node(wrapper.node_def, "Identity", "Identity", ["call:output:0"], T=1)
    wrapper.ret["result"] = "Identity:output:0"
    add_node(body.node_def, "ReadVariableOp", "layer/Read", ["captured"], dtype=1, _output_shapes=[[4, 3]])
    add_node(body.node_def, "MatMul", "layer/MatMul", ["given", "layer/Read:value:0"], T=1, _output_shapes=[[-1, 3]])
    choice = add_node(body.node_def, "If", "choice", ["layer/MatMul:product:0", "^layer/Read"], then_branch="@branch")
    choice.attr["Tout"].list.type.append(1)
    constant = add_node(body.node_def, "Const", "shape", dtype=3)
    constant.attr["value"].tensor.dtype = 3
    set_shape(constant.attr["value"].tensor.tensor_shape, [2])
    constant.attr["value"].tensor.tensor_content = np.array([1, 2], np.int32).tobytes()
    if python:
        add_node(body.node_def, "PyFunc", "script", ["choice:output:0"])
    add_node(body.node_def, "Identity", "Identity", ["choice:output:0"], T=1, _output_shapes=[[-1, 3]])
    body.ret["result"] = "Identity:output:0"
    add_node(branch.node_def, "Relu", "Relu", ["given"], T=1)
    branch.ret["result"] = "Relu:activations:0"
    add_node(unused.node_def, "Identity", "Identity", ["given"], T=1)
    unused.ret["result"] = "Identity:output:0"


def add_objects(meta: Any) -> None:
    objects = meta.object_graph_def
    objects.nodes.add().children.add(node_id=1, local_name="weights")
    variable = objects.nodes.add().variable
    variable.name, variable.dtype = "kernel", 1
    set_shape(variable.shape, [4, 3])
    objects.concrete_functions["wrapper"].bound_inputs.append(1)
