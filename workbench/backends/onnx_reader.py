"""Turn an ONNX model into a Graph; weights stay where they are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import onnx
from onnx import AttributeProto

from workbench.backends.attribute_values import list_value, text_value
from workbench.backends.onnx_files import load_onnx
from workbench.backends.onnx_tensors import (
    constants_of,
    describe,
    describe_sparse,
    dtype_of,
    external_files,
    quantization_of,
)
from workbench.core.graph import Attribute, Dim, Graph, Node, Port, Tensor, Value, holds_weights
from workbench.core.i18n import _
from workbench.core.labels import parse_labels

LARGEST_INFERRED = 64 * 1024 * 1024
MOST_INFERRED_NODES = 5000
_KNOWN_DOMAINS = (["ai", "onnx"], ["com", "microsoft"])


def read(path: Path) -> Graph:
    """Read the whole model. Raises WorkbenchError."""
    model = _with_shapes(load_onnx(path, with_weights=False), path.stat().st_size)
    files, notes = external_files(model, path)
    reader = _Reader(model)
    graph = reader.graph(model.graph, "graph", ())
    graph.functions = reader.functions
    for at, function in enumerate(model.functions):
        graph.functions[reader.function_key(function)] = reader.function(function, f"functions[{at}]")
    graph.name = model.graph.name or path.stem
    graph.producer = f"{model.producer_name} {model.producer_version.removesuffix(' None')}".strip()
    graph.metadata = metadata_of(model)
    graph.notes = notes + _foreign_ops(graph)
    graph.bytes = path.stat().st_size + sum(file.stat().st_size for file in files)
    labels = labels_of(model)
    if labels:
        graph.metadata["labels"] = "\n".join(labels)
    return graph


def _foreign_ops(graph: Graph) -> list[str]:
    """Say which ops come from a domain that is neither ONNX's, ONNX Runtime's, nor defined in the model."""
    nodes = [node for each in graph.all_graphs() for node in each.nodes if node.domain]
    foreign = {
        f"{node.domain}.{node.op}"
        for node in nodes
        if node.domain.split(".")[:2] not in _KNOWN_DOMAINS and not any("::" in key for key in node.subgraphs)
    }
    if not foreign:
        return []
    text = _("Uses custom operations ({ops}): to run it, the library that defines them is needed.")
    return [text.format(ops=", ".join(sorted(foreign)[:8]))]


def metadata_of(model: Any) -> dict[str, str]:
    """Return what the file says about itself, opset versions first."""
    found = {f"opset {item.domain or 'ai.onnx'}": str(item.version) for item in model.opset_import}
    found["ir_version"] = str(model.ir_version)
    if model.domain:
        found["domain"] = model.domain
    if model.model_version:
        found["model_version"] = str(model.model_version)
    text = model.doc_string or model.graph.doc_string
    if text:
        found["description"] = text
    found.update({item.key: item.value for item in model.metadata_props})
    return found


def labels_of(model: Any) -> list[str]:
    """Return class names from the metadata or from a classifier's own attribute (ai.onnx.ml)."""
    for item in model.metadata_props:
        if item.key.lower() in ("labels", "names", "classes", "class_names", "classnames", "id2label"):
            labels = parse_labels(item.value)
            if labels:
                return labels
    for node in model.graph.node:
        if node.domain == "ai.onnx.ml" and (node.op_type.endswith("Classifier") or node.op_type == "ZipMap"):
            for attribute in node.attribute:
                if attribute.name in ("classlabels_strings", "classlabels_string") and attribute.strings:
                    return [text.decode("utf-8", "replace") for text in attribute.strings]
    return []


class _Reader:
    """Reads graphs and collects their subgraphs."""

    def __init__(self, model: Any) -> None:
        self.functions: dict[str, Graph] = {}
        self._local = {(item.domain, item.name): self.function_key(item) for item in model.functions}

    def function_key(self, function: Any) -> str:
        """Return the key of a function of the model."""
        overload = getattr(function, "overload", "")
        return f"{function.domain or 'ai.onnx'}::{function.name}" + (f":{overload}" if overload else "")

    def graph(self, proto: Any, source: str, outer: tuple[Graph, ...]) -> Graph:
        """Read a graph; it may use values of the graphs around it, the outermost first in ``outer``."""
        graph = Graph(name=proto.name)
        for at, tensor in enumerate(proto.initializer):
            graph.tensors[tensor.name] = describe(tensor, tensor.name, f"{source}.initializer[{at}]")
        for at, sparse in enumerate(proto.sparse_initializer):
            name = sparse.values.name
            graph.tensors[name] = describe_sparse(sparse, name, f"{source}.sparse_initializer[{at}]")
        graph.inputs = [port_of(item) for item in proto.input if item.name not in graph.tensors]
        graph.outputs = [port_of(item) for item in proto.output]
        for port in (*graph.inputs, *graph.outputs):
            graph.values[port.name] = Value(port.name, port.dtype, port.shape)
        for item in proto.value_info:
            port = port_of(item)
            graph.values[port.name] = Value(port.name, port.dtype, port.shape)
        self._nodes(graph, proto.node, source, outer)
        _add_quantization(graph, proto)
        _count_parameters(graph)
        return graph

    def function(self, proto: Any, source: str) -> Graph:
        """Read a function of the model."""
        graph = Graph(name=proto.name)
        for item in getattr(proto, "value_info", ()):
            port = port_of(item)
            graph.values[port.name] = Value(port.name, port.dtype, port.shape)
        for names, ports in ((proto.input, graph.inputs), (proto.output, graph.outputs)):
            for name in names:
                value = graph.values.setdefault(name, Value(name))
                ports.append(Port(name, value.dtype, value.shape))
        self._nodes(graph, proto.node, source, ())
        _add_quantization(graph, proto)
        _count_parameters(graph)
        if proto.doc_string:
            graph.metadata["description"] = proto.doc_string
        return graph

    def _nodes(self, graph: Graph, protos: Iterable[Any], source: str, outer: tuple[Graph, ...]) -> None:
        names: set[str] = set()
        values = graph.values
        for at, proto in enumerate(protos):
            op = proto.op_type
            name = proto.name
            if not name or name in names:
                name = f"{name or op}_{at}"
                while name in names:
                    name += "_"
            names.add(name)
            node = Node(name, op, list(proto.input), list(proto.output))
            domain = proto.domain
            if domain and domain != "ai.onnx":
                node.domain = domain
            for output in node.outputs:
                if output and output not in values:
                    values[output] = Value(output)
            if proto.attribute:
                self._attributes(graph, node, proto, f"{source}.node[{at}]", outer)
            key = self._local.get((domain, op))
            if key:
                node.subgraphs.append(key)
            graph.nodes.append(node)

    def _attributes(self, graph: Graph, node: Node, proto: Any, source: str, outer: tuple[Graph, ...]) -> None:
        constant = node.op == "Constant" and len(node.outputs) == 1
        for at, attribute in enumerate(proto.attribute):
            here = f"{source}.attribute[{at}]"
            kind = attribute.type or _kind_of(attribute)
            if kind == AttributeProto.GRAPH:
                self._subgraph(graph, node, attribute.g, label=attribute.name, source=f"{here}.g", outer=outer)
            elif kind == AttributeProto.GRAPHS:
                for number, inner in enumerate(attribute.graphs):
                    self._subgraph(
                        graph,
                        node,
                        inner,
                        label=f"{attribute.name}{number}",
                        source=f"{here}.graphs[{number}]",
                        outer=outer,
                    )
            else:
                if constant:
                    tensor = _constant(attribute, kind, node.outputs[0], here)
                    if tensor is not None:
                        graph.tensors[tensor.name] = tensor
                        graph.values[tensor.name] = Value(tensor.name, tensor.dtype, list(tensor.shape))
                node.attributes.append(Attribute(attribute.name, attribute_value(attribute, kind)))

    def _subgraph(
        self, graph: Graph, node: Node, proto: Any, *, label: str, source: str, outer: tuple[Graph, ...]
    ) -> None:
        key = f"{node.name}/{label}"
        while key in self.functions:
            key += "_"
        self.functions[key] = Graph(name=proto.name)  # keeps the outer one before those inside of it
        around = (*outer, graph)
        inner = self.graph(proto, source, around)
        self.functions[key] = inner
        node.subgraphs.append(key)
        made = {name for each in inner.nodes for name in each.outputs} | set(inner.tensors)
        made |= {port.name for port in inner.inputs}
        used = [name for each in inner.nodes for name in (*each.inputs, *each.captures) if name]
        taken = dict.fromkeys(node.captures)
        for name in dict.fromkeys([*used, *(port.name for port in inner.outputs)]):
            if name not in made:  # an output may be passed through from outside, too
                inner.values[name] = _known(name, around)
                taken[name] = None
        node.captures = list(taken)


def _known(name: str, around: tuple[Graph, ...]) -> Value:
    """Return what the nearest enclosing graph knows of a value."""
    for graph in reversed(around):
        tensor, value = graph.tensors.get(name), graph.values.get(name)
        if tensor is not None:
            return Value(name, tensor.dtype, list(tensor.shape))
        if value is not None:
            return Value(name, value.dtype, value.shape)
    return Value(name)


def _constant(attribute: Any, kind: int, name: str, source: str) -> Tensor | None:
    """Describe the tensor that a Constant node holds, in whichever of its attributes."""
    if kind == AttributeProto.TENSOR:
        return describe(attribute.t, name, f"{source}.t")
    if kind == AttributeProto.SPARSE_TENSOR:
        return describe_sparse(attribute.sparse_tensor, name, f"{source}.sparse_tensor")
    for field, number, dtype, size in _PLAIN:
        if kind == number:
            value = getattr(attribute, field)
            listed = field.endswith("s") and field != "s"
            shape = [len(value)] if listed else []
            return Tensor(
                name, dtype, shape, size * (len(value) if listed else 1), f"{source}.{field}", is_weight=False
            )
    return None


_PLAIN = (
    ("f", AttributeProto.FLOAT, "float32", 4),
    ("floats", AttributeProto.FLOATS, "float32", 4),
    ("i", AttributeProto.INT, "int64", 8),
    ("ints", AttributeProto.INTS, "int64", 8),
    ("s", AttributeProto.STRING, "string", 1),
    ("strings", AttributeProto.STRINGS, "string", 1),
)


def _kind_of(attribute: Any) -> int:
    """Return the type of an attribute of IR version 1, which did not write it."""
    for field, kind in (("f", 1), ("i", 2), ("s", 3), ("t", 4), ("g", 5), ("floats", 6), ("ints", 7), ("strings", 8)):
        value = getattr(attribute, field)
        if (field in ("t", "g") and attribute.HasField(field)) or (field not in ("t", "g") and value):
            return kind
    return int(AttributeProto.INT)


def attribute_value(attribute: Any, kind: int) -> Any:
    """Return a JSON-safe value, shortened where it is long."""
    if kind == AttributeProto.INT:
        return attribute.i
    if kind == AttributeProto.INTS:
        return list_value(attribute.ints)
    if kind == AttributeProto.FLOAT:
        return attribute.f
    if kind == AttributeProto.FLOATS:
        return list_value(attribute.floats)
    if kind == AttributeProto.STRING:
        return text_value(attribute.s)
    if kind == AttributeProto.STRINGS:
        return list_value(attribute.strings, text_value)
    if kind == AttributeProto.TENSOR:
        return f"{dtype_of(attribute.t.data_type)} {list(attribute.t.dims)}"
    if kind == AttributeProto.SPARSE_TENSOR:
        return f"sparse {dtype_of(attribute.sparse_tensor.values.data_type)} {list(attribute.sparse_tensor.dims)}"
    return attribute.ref_attr_name or _("({count} entries)").format(count=len(attribute.tensors))


def port_of(info: Any) -> Port:
    """Read a ValueInfoProto; a sequence, map or optional has a descriptive dtype and no shape."""
    return Port(info.name, *type_of(info.type))


def type_of(proto: Any) -> tuple[str, list[Dim] | None]:
    """Return dtype and shape of a TypeProto."""
    kind = proto.WhichOneof("value")
    if kind in ("tensor_type", "sparse_tensor_type"):
        tensor = getattr(proto, kind)
        shape = [_dim(dim) for dim in tensor.shape.dim] if tensor.HasField("shape") else None
        return dtype_of(tensor.elem_type), shape
    if kind in ("sequence_type", "optional_type"):
        return f"{kind.removesuffix('_type')}({type_of(getattr(proto, kind).elem_type)[0]})", None
    if kind == "map_type":
        return f"map({dtype_of(proto.map_type.key_type)}, {type_of(proto.map_type.value_type)[0]})", None
    return "", None


def _dim(dim: Any) -> Dim:
    kind = dim.WhichOneof("value")
    if kind == "dim_value":
        return int(dim.dim_value) if dim.dim_value >= 0 else None
    return dim.dim_param if kind == "dim_param" and dim.dim_param not in ("", "?") else None


def _add_quantization(graph: Graph, proto: Any) -> None:
    """Attach scales and zero points to what they quantize; they are no weights themselves."""
    quantizing = [node for node in proto.node if node.op_type in ("DequantizeLinear", "QuantizeLinear")]
    constants = constants_of(proto) if quantizing else {}
    for node in quantizing:
        for name in node.input[1:3]:
            if name in graph.tensors:
                graph.tensors[name].is_weight = False
        found = quantization_of(node, constants)
        if found is None:
            continue
        name = node.input[0] if node.op_type == "DequantizeLinear" else node.output[0]
        tensor = graph.tensors.get(name)
        if tensor is not None:
            tensor.quantization = found
            tensor.is_weight = holds_weights(tensor.dtype, tensor.shape, quantized=True)
        else:
            graph.values.setdefault(name, Value(name)).quantization = found


def _count_parameters(graph: Graph) -> None:
    weights = {name: tensor.elements() for name, tensor in graph.tensors.items() if tensor.is_weight}
    for node in graph.nodes if weights else ():
        node.parameters = sum(weights[name] for name in set(node.inputs) if name in weights)


def _with_shapes(model: Any, size: int) -> Any:
    """Return the model with the shapes that the file leaves out, where it is small enough for this to be cheap."""
    graph = model.graph
    if size > LARGEST_INFERRED or len(graph.node) > MOST_INFERRED_NODES:
        return model
    if not model.functions and len(graph.value_info) + len(graph.output) >= sum(
        len(item.output) for item in graph.node
    ):
        return model
    try:
        return onnx.shape_inference.infer_shapes(model)
    except (onnx.shape_inference.InferenceError, RuntimeError, ValueError):
        return model  # a model that ONNX's own inference rejects may still be looked at
