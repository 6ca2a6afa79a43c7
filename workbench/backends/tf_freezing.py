"""Freeze a traced function into one flat graph; large weights may stay outside as placeholders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2, rewriter_config_pb2
from tensorflow.python.framework import convert_to_constants
from tensorflow.python.grappler import tf_optimizer

from workbench.backends.tf_programs import Program

XLA_MARKS = ("_XlaMustCompile", "_XlaCompile", "_XlaScope", "_xla_compile_id", "_noinline")
"""Attributes that keep a called function from being inlined; Keras puts them on grouped convolutions."""

KEEPS_CONSTANT = frozenset(
    [
        "While",
        "StatelessWhile",
        "If",
        "StatelessIf",
        "Case",
        "StatelessCase",
        "PartitionedCall",
        "StatefulPartitionedCall",
        "Pack",
        "ConcatV2",
        "Split",
        "SplitV",
        "Unpack",
        "TensorListFromTensor",
    ]
)
"""Operations whose weight inputs stay constants: recurrent cells are recognized by their constant weights."""


class Lifted(NamedTuple):
    """A weight that is fed instead of stored."""

    path: str
    handle: Any

    def numbers(self) -> NDArray[np.generic]:
        """Read the variable; not kept, so that only one copy is in memory at a time."""
        return read_variable(self.handle)


class Frozen(NamedTuple):
    """A flat graph without variables."""

    graph_def: Any
    inputs: list[str]
    """Tensor names ("x:0") in the program's order."""
    outputs: list[str]
    lifted: dict[str, Lifted]
    """Placeholder node name to the weight that it stands for."""
    paths: dict[str, str]
    """Node name of each variable, and of what reads it, to the variable's readable path."""


def read_variable(handle: Any) -> NDArray[np.generic]:
    """Return the numbers behind a resource handle."""
    dtype, _shape = _variable_type(handle)
    tensor = tf.raw_ops.ReadVariableOp(resource=handle, dtype=dtype)
    try:
        return np.asarray(memoryview(tensor))  # no copy; the array keeps the tensor alive
    except (TypeError, ValueError, BufferError):  # bfloat16 and others that Python's buffers do not know
        numbers: NDArray[np.generic] = tensor.numpy()
        return numbers


def _variable_type(handle: Any) -> tuple[Any, Any]:
    described = handle._handle_data.shape_and_type[0]
    return tf.dtypes.as_dtype(described.dtype), tf.TensorShape(described.shape)


def _is_variable(tensor: Any) -> bool:
    described = getattr(tensor, "_handle_data", None)
    return described is not None and described.is_set and len(described.shape_and_type) == 1


def freeze(program: Program, *, lift_above: int | None = None) -> Frozen:
    """Inline all functions and turn variables into constants.

    Weights of more than ``lift_above`` bytes become placeholders instead, where nothing needs them constant: what
    follows then copies a graph of kilobytes, not of the weights (None keeps every weight inside).
    """
    concrete = program.concrete
    graph_def = _inlined(concrete)
    markers = _Markers(concrete, graph_def, liftable=_liftable(graph_def, lift_above))
    graph_def, _indices = convert_to_constants._replace_variables_by_constants(markers)
    nodes = {node.name: node for node in graph_def.node}
    named = {name: program.variable_names.get(id(handle), name) for name, handle in markers.handles.items()}
    lifted = {name: Lifted(named[name], markers.handles[name]) for name in markers.lifted}
    for name, weight in lifted.items():
        _become_placeholder(nodes[name], *_variable_type(weight.handle))
    captured = {name.name for _outside, name in concrete.graph.captures}
    return Frozen(
        graph_def=graph_def,
        inputs=[tensor.name for tensor in concrete.inputs if tensor.name not in captured],
        outputs=_output_names(concrete, program),
        lifted=lifted,
        paths=_reader_paths(graph_def, named),
    )


def _output_names(concrete: Any, program: Program) -> list[str]:
    """Flat outputs of a dict come sorted by key; return their names in the program's order."""
    flat = dict(zip(sorted(port.name for port in program.outputs), concrete.outputs, strict=True))
    return [flat[port.name].name for port in program.outputs]


class _Markers(convert_to_constants._FunctionConverterDataInEager):  # type: ignore[misc]
    """Conversion data in which the lifted variables are only scalar markers."""

    def __init__(self, concrete: Any, graph_def: Any, *, liftable: Callable[[str, Any], bool]) -> None:
        self._func = concrete
        self._liftable = liftable
        self.handles: dict[str, Any] = {}
        self.lifted: set[str] = set()
        convert_to_constants._ConverterData.__init__(self, graph_def)
        self._build_tensor_data()

    def _build_tensor_data(self) -> None:
        for index, (outside, inside) in enumerate(self._func.graph.captures):
            name = inside.name.split(":")[0]
            if outside.dtype != tf.resource:
                numbers, dtype = np.asarray(outside.numpy()), outside.dtype
            elif not _is_variable(outside):
                continue  # a table
            else:
                self.handles[name] = outside
                dtype = _variable_type(outside)[0]
                if self._liftable(name, outside):
                    self.lifted.add(name)
                    numbers = np.zeros((), dtype.as_numpy_dtype)
                else:
                    numbers = read_variable(outside)
            self._tensor_data[name] = convert_to_constants._TensorData(
                numpy=numbers, dtype=dtype.as_datatype_enum, index=index
            )


def _liftable(graph_def: Any, lift_above: int | None) -> Callable[[str, Any], bool]:
    consumers = _consumers(graph_def)

    def is_liftable(name: str, handle: Any) -> bool:
        if lift_above is None:
            return False
        dtype, shape = _variable_type(handle)
        return dtype.size * (shape.num_elements() or 0) > lift_above and not _needs_constant(name, consumers)

    return is_liftable


def _inlined(concrete: Any) -> Any:
    """Return the function's GraphDef with all calls inlined, loops and branches kept as operations."""
    graph_def = convert_to_constants.disable_lower_using_switch_merge(concrete.graph.as_graph_def())
    for function in graph_def.library.function:
        for mark in (*XLA_MARKS, "api_implements"):
            function.attr.pop(mark, None)
        _strip(function.node_def)
    _strip(graph_def.node)
    meta_graph = tf.compat.v1.train.export_meta_graph(graph_def=graph_def, graph=concrete.graph)
    for collection in list(meta_graph.collection_def):
        del meta_graph.collection_def[collection]
    fetched = meta_graph_pb2.CollectionDef()
    fetched.node_list.value.extend(tensor.name for tensor in (*concrete.inputs, *concrete.outputs))
    meta_graph.collection_def["train_op"].CopyFrom(fetched)
    config = config_pb2.ConfigProto()
    rewrite = config.graph_options.rewrite_options
    rewrite.min_graph_nodes = -1  # small graphs too
    rewrite.optimizers.append("function")
    rewrite.function_optimization = rewriter_config_pb2.RewriterConfig.AGGRESSIVE
    return tf_optimizer.OptimizeGraph(config, meta_graph)


def _strip(nodes: Any) -> None:
    for node in nodes:
        for mark in XLA_MARKS:
            node.attr.pop(mark, None)


def _consumers(graph_def: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for node in graph_def.node:
        for name in node.input:
            found.setdefault(name.lstrip("^").split(":")[0], []).append(node)
    return found


def _needs_constant(name: str, consumers: dict[str, list[Any]]) -> bool:
    pending = [name]
    while pending:
        for node in consumers.get(pending.pop(), []):
            if node.op in KEEPS_CONSTANT:
                return True
            if node.op in ("Identity", "Cast", "ReadVariableOp"):
                pending.append(node.name)
    return False


def _reader_paths(graph_def: Any, named: dict[str, str]) -> dict[str, str]:
    """Extend node name to path by the Identity nodes that were reads of the variables."""
    paths = dict(named)
    for node in graph_def.node:
        if node.op == "Identity" and node.input[0].split(":")[0] in named:
            paths[node.name] = named[node.input[0].split(":")[0]]
    return paths


def _become_placeholder(node: Any, dtype: Any, shape: Any) -> None:
    name = node.name
    node.Clear()
    node.name, node.op = name, "Placeholder"
    node.attr["dtype"].type = dtype.as_datatype_enum
    node.attr["shape"].shape.CopyFrom(shape.as_proto())
