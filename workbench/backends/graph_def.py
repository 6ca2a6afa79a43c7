"""Turn TensorFlow graphs and functions (NodeDefs) into Graphs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.backends.attribute_values import LONGEST_LIST, list_value, text_value
from workbench.backends.saved_model_proto import dtype_of
from workbench.core.dtypes import numpy_dtype
from workbench.core.graph import Attribute, Dim, Graph, Node, Tensor, Value, holds_weights
from workbench.core.i18n import _

CALLS = frozenset(["PartitionedCall", "StatefulPartitionedCall"])
LARGEST_DENSE = 4 * 1024**3
_TYPED = ("float_val", "double_val", "int_val", "string_val", "scomplex_val", "int64_val", "bool_val", "dcomplex_val")
_TYPED_WIDE = (*_TYPED, "half_val", "uint32_val", "uint64_val")


def shape_of(proto: Any) -> list[Dim] | None:
    """Read a TensorShapeProto; -1 means any."""
    if proto.unknown_rank:
        return None
    return [int(dim.size) if dim.size >= 0 else None for dim in proto.dim]


class GraphReader:
    """Reads nodes with the op definitions that the file carries, which name and type their outputs."""

    def __init__(self, op_definitions: Iterable[Any], functions: Mapping[str, Any]) -> None:
        self._ops = {op.name: op for op in op_definitions}
        self._functions = functions

    def add_nodes(self, graph: Graph, protos: Iterable[tuple[int, Any]], *, function: str) -> None:
        """Append nodes; ``function`` is "" for the main graph, whose references look different from a function's."""
        for number, proto in protos:
            node = Node(proto.name, proto.op)
            controls = []
            for given in proto.input:
                if given.startswith("^"):
                    controls.append(given[1:])
                else:
                    node.inputs.append(reference(given, in_function=bool(function)))
            attributes = proto.attr
            if proto.op == "Const" and "value" in attributes:
                self._constant(graph, node, attributes["value"].tensor, f"constant:{function}:{number}")
            else:
                self._outputs(graph, node, proto, in_function=bool(function))
            node.attributes = [
                Attribute(name, attribute_value(attributes[name])) for name in sorted(attributes) if name[0] != "_"
            ]
            node.subgraphs = [name for name in called(proto) if name in self._functions]
            if controls:
                node.attributes.append(Attribute("control_inputs", controls[:LONGEST_LIST]))
            if proto.device:
                node.attributes.append(Attribute("device", proto.device))
            graph.nodes.append(node)

    def _constant(self, graph: Graph, node: Node, proto: Any, source: str) -> None:
        name = node.name + ":0" if source.startswith("constant::") else node.name + ":output:0"
        node.outputs = [name]
        tensor = constant_tensor(name, proto, source)
        graph.tensors[name] = tensor
        graph.values[name] = Value(name, tensor.dtype, list(tensor.shape))

    def _outputs(self, graph: Graph, node: Node, proto: Any, *, in_function: bool) -> None:
        """Name the outputs by the op's definition; shapes stand beside the node where TensorFlow inferred them."""
        shapes = proto.attr["_output_shapes"].list.shape if "_output_shapes" in proto.attr else ()
        for at, (name, index, dtype) in enumerate(self._declared_outputs(proto)):
            value = f"{proto.name}:{name}:{index}" if in_function else f"{proto.name}:{at}"
            shape = shape_of(shapes[at]) if at < len(shapes) else None
            node.outputs.append(value)
            graph.values[value] = Value(value, dtype, shape)

    def _declared_outputs(self, proto: Any) -> Iterator[tuple[str, int, str]]:
        definition = self._ops.get(proto.op)
        if definition is None and proto.op in self._functions:
            definition = self._functions[proto.op].signature
        for argument in definition.output_arg if definition is not None else ():
            if argument.type_list_attr:
                for index, kind in enumerate(proto.attr[argument.type_list_attr].list.type):
                    yield argument.name, index, dtype_of(kind)
                continue
            kind = argument.type or (proto.attr[argument.type_attr].type if argument.type_attr else 0)
            count = proto.attr[argument.number_attr].i if argument.number_attr else 1
            for index in range(min(count, 65536)):
                yield argument.name, index, dtype_of(kind)


def constant_tensor(name: str, proto: Any, source: str) -> Tensor:
    """Describe a TensorProto; ``source`` is "constant:FUNCTION:NODE NUMBER"."""
    dtype = dtype_of(proto.dtype)
    shape = [int(dim.size) for dim in proto.tensor_shape.dim]
    if any(dim < 0 for dim in shape):
        raise ValueError(_("the constant {name} has the shape {shape}").format(name=name, shape=shape))
    filled = not proto.tensor_content and math.prod(shape) > sum(len(getattr(proto, each)) for each in _TYPED_WIDE)
    weight = holds_weights(dtype, shape) and not filled  # one number repeated was not learned
    return Tensor(name, dtype, shape, _stored(proto, dtype), source, is_weight=weight)


def reference(text: str, *, in_function: bool) -> str:
    """Return the value's name behind an input: outside of functions "node" means "node:0"."""
    return text if in_function or ":" in text else f"{text}:0"


def complete(graph: Graph) -> None:
    """Add values that are used but that no definition declared (unknown ops), and count each node's weights."""
    producers = {node.name: node for node in graph.nodes}
    for node in graph.nodes:
        for name in node.inputs:
            if name in graph.values or name in graph.tensors:
                continue
            graph.values[name] = Value(name)
            producer = producers.get(name.split(":")[0])
            if producer is not None:
                producer.outputs.append(name)
    weights = {name: tensor.elements() for name, tensor in graph.tensors.items() if tensor.is_weight}
    for node in graph.nodes:
        node.parameters = sum(weights[name] for name in set(node.inputs) if name in weights)


def called(proto: Any) -> list[str]:
    """Return the functions that a node calls: branches, loop bodies, calls."""
    found = []
    for name in sorted(proto.attr):
        value = proto.attr[name]
        kind = value.WhichOneof("value")
        if kind == "func":
            found.append(value.func.name)
        elif kind == "list" and value.list.func:
            found += [item.name for item in value.list.func]
    return [*found, proto.op]


def attribute_value(value: Any) -> Any:
    """Return an attribute, JSON-safe and shortened where it is long."""
    kind = value.WhichOneof("value")
    if kind in ("i", "f", "b"):
        return getattr(value, kind)
    if kind == "type":
        return dtype_of(value.type) or value.type
    if kind == "s":
        return text_value(value.s)
    if kind == "shape":
        return shape_of(value.shape)
    if kind == "tensor":
        return f"{dtype_of(value.tensor.dtype)} {shape_of(value.tensor.tensor_shape)}"
    if kind == "func":
        return value.func.name
    if kind == "list":
        return _listed(value.list)
    return value.placeholder if kind == "placeholder" else None


def _listed(items: Any) -> Any:
    for field, convert in (
        ("i", int), ("f", float), ("b", bool), ("s", text_value), ("type", dtype_of), ("shape", shape_of),
        ("func", lambda item: item.name), ("tensor", lambda item: dtype_of(item.dtype)),
    ):  # fmt: skip
        found = getattr(items, field)
        if found:
            return list_value(found, convert)
    return []


def _stored(proto: Any, dtype: str) -> int:
    if proto.tensor_content:
        return len(proto.tensor_content)
    if dtype == "string":
        return sum(len(item) for item in proto.string_val)
    try:
        width = numpy_dtype(dtype).itemsize
    except TypeError:
        return 0
    count = sum(len(getattr(proto, each)) for each in _TYPED_WIDE)
    return count * width // (2 if dtype.startswith("complex") else 1)


def constant_array(proto: Any) -> NDArray[np.generic]:
    """Decode a TensorProto: packed bytes, or a list whose last value fills the rest. Raises ValueError or TypeError."""
    dtype = dtype_of(proto.dtype)
    shape = tuple(int(dim.size) for dim in proto.tensor_shape.dim)
    if dtype == "string":
        texts = [item.decode("utf-8", "replace") for item in proto.string_val]
        return _filled(np.asarray(texts or [""]), shape)
    kind = numpy_dtype(dtype)
    if math.prod(shape) * kind.itemsize > LARGEST_DENSE:
        raise ValueError(_("{count} elements are too many").format(count=math.prod(shape)))
    if proto.tensor_content:
        return np.frombuffer(proto.tensor_content, kind).reshape(shape)
    if proto.half_val:
        return _filled(np.asarray(list(proto.half_val), np.uint16).view(kind), shape)
    for field in _TYPED_WIDE:
        found = getattr(proto, field)
        if found:
            plain = np.asarray(list(found))
            if dtype.startswith("complex"):
                plain = plain[0::2] + 1j * plain[1::2]
            return _filled(plain.astype(kind), shape)
    return np.zeros(shape, kind)


def _filled(values: NDArray[np.generic], shape: tuple[int, ...]) -> NDArray[np.generic]:
    count = math.prod(shape)
    if len(values) < count:
        values = np.concatenate([values, np.full(count - len(values), values[-1], values.dtype)])
    return values[:count].reshape(shape)
