"""Make a fixed batch known inside a frozen graph that was traced with a free one."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import numpy as np
import tensorflow as tf

from workbench.backends.tf_freezing import Frozen

ELEMENT_SHAPE_INPUT = {"TensorListReserve": 0, "TensorListFromTensor": 1, "TensorListStack": 1, "TensorListGetItem": 2}
"""Where the operations of tensor lists take the shape of one element."""

ROUNDS = 8
"""Each known dimension makes others known; nested models need a few rounds."""


def with_known_batch(frozen: Frozen, shapes: list[Any], batch: int) -> Frozen:
    """Return the graph with ``batch`` written into what was computed from the inputs' shapes at run time.

    ``shapes`` are the inputs' TensorShapes with the batch fixed. A saved function keeps asking for its batch and calls
    its loop's steps [-1, units]; TFLite needs the numbers.
    """
    graph_def = tf.compat.v1.GraphDef()
    graph_def.CopyFrom(frozen.graph_def)
    _rename_functions(graph_def)
    _fix_elements(graph_def, batch)
    for _round in range(ROUNDS):
        known = _known_sizes(graph_def, frozen, shapes)
        if not known:
            break
        for node in graph_def.node:
            if node.name in known:
                _become_constant(node, known[node.name])
    return frozen._replace(graph_def=graph_def)


def _rename_functions(graph_def: Any) -> None:
    """Give the functions names of their own: TensorFlow refuses two of one name that differ."""
    new = {
        function.signature.name: f"{function.signature.name}_{uuid4().hex}" for function in graph_def.library.function
    }
    for function in graph_def.library.function:
        function.signature.name = new[function.signature.name]
        _rename_calls(function.node_def, new)
    _rename_calls(graph_def.node, new)


def _rename_calls(nodes: Any, new: dict[str, str]) -> None:
    for node in nodes:
        for attribute in node.attr.values():
            called = [attribute.func] if attribute.HasField("func") else attribute.list.func
            for function in called:
                function.name = new.get(function.name, function.name)


def _fix_elements(graph_def: Any, batch: int) -> None:
    """Write the batch into the element shapes [-1, ...] of tensor lists, in loop bodies too."""
    for function in graph_def.library.function:
        function.attr.pop("_input_shapes", None)
        for attributes in function.arg_attr.values():
            attributes.attr.pop("_output_shapes", None)
        _fix_nodes(function.node_def, batch)
    _fix_nodes(graph_def.node, batch)


def _fix_nodes(nodes: Any, batch: int) -> None:
    by_name = {node.name: node for node in nodes}
    for node in nodes:
        node.attr.pop("_output_shapes", None)
        position = ELEMENT_SHAPE_INPUT.get(node.op)
        if position is None:
            continue
        shape = by_name.get(node.input[position].split(":")[0])
        if shape is None or shape.op != "Const":
            continue
        sizes = tf.make_ndarray(shape.attr["value"].tensor)
        if sizes.ndim == 1 and sizes.size and sizes[0] == -1 and (sizes[1:] >= 0).all():
            fixed = np.concatenate([np.array([batch], sizes.dtype), sizes[1:]])
            shape.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(fixed))


def _known_sizes(graph_def: Any, frozen: Frozen, shapes: list[Any]) -> dict[str, Any]:
    """Return the value of each ``tf.shape(x)[i]`` that shape inference now knows."""
    found = {}
    with tf.Graph().as_default() as graph:
        fed = {
            name: tf.compat.v1.placeholder(graph_type, shape)
            for name, shape, graph_type in zip(frozen.inputs, shapes, _input_types(graph_def, frozen), strict=True)
        }
        tf.import_graph_def(graph_def, input_map=fed, name="")
        for operation in graph.get_operations():
            if operation.type != "StridedSlice" or operation.inputs[0].op.type != "Shape":
                continue
            begin = tf.get_static_value(operation.inputs[1])
            shape = operation.inputs[0].op.inputs[0].shape
            if operation.get_attr("shrink_axis_mask") != 1 or begin is None or shape.rank is None:
                continue
            size = shape[int(begin[0])]
            if size is not None:
                found[operation.name] = np.array(size, operation.outputs[0].dtype.as_numpy_dtype)
    return found


def _input_types(graph_def: Any, frozen: Frozen) -> list[Any]:
    types = {node.name: node.attr["dtype"].type for node in graph_def.node if node.op == "Placeholder"}
    return [tf.dtypes.as_dtype(types[name.split(":")[0]]) for name in frozen.inputs]


def _become_constant(node: Any, value: Any) -> None:
    name = node.name
    node.Clear()
    node.name, node.op = name, "Const"
    node.attr["dtype"].type = tf.dtypes.as_dtype(value.dtype).as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
