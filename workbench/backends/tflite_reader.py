"""Turn a TFLite flatbuffer into a Graph, and read its buffers."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from workbench.backends.attribute_values import decoded, list_value
from workbench.backends.tflite_metadata import add_metadata
from workbench.core.errors import WorkbenchError
from workbench.core.graph import (
    Attribute,
    Dim,
    Graph,
    Node,
    Port,
    Quantization,
    Signature,
    Tensor,
    Value,
    holds_weights,
)
from workbench.core.i18n import _

_OPS = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}
_DTYPES = {number: name.lower() for name, number in vars(schema.TensorType).items() if isinstance(number, int)}
_OPTIONS = {number: name for name, number in vars(schema.BuiltinOptions).items() if isinstance(number, int)}
_OPTIONS_2 = {number: name for name, number in vars(schema.BuiltinOptions2).items() if isinstance(number, int)}
_ENUMS = {
    "Padding": schema.Padding,
    "FusedActivationFunction": schema.ActivationFunctionType,
    "InDataType": schema.TensorType,
    "OutDataType": schema.TensorType,
    "QuantizedBiasType": schema.TensorType,
    "WeightsFormat": schema.FullyConnectedOptionsWeightsFormat,
    "Mode": schema.MirrorPadMode,
}
_CORRUPT = (struct.error, IndexError, TypeError, ValueError, OverflowError, AttributeError, KeyError)
MOST_OPERATORS = 2_000_000
_BUNDLED = frozenset(["TFLite_Detection_PostProcess"])
"""Custom ops that every TFLite runtime brings."""


@contextmanager
def opened(path: Path) -> Iterator[tuple[Any, mmap.mmap]]:
    """Map the file and yield the root table and its bytes; a wrong offset inside becomes a WorkbenchError."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        try:
            yield schema.Model.GetRootAs(content, 0), content
        except _CORRUPT as error:
            raise WorkbenchError(
                _("{name} is a truncated or damaged TFLite model: {reason}.").format(name=path.name, reason=error),
                _("Download or copy the file again and compare its size with the source."),
            ) from error


def read(path: Path) -> Graph:
    """Read all subgraphs. Raises WorkbenchError."""
    with opened(path) as (model, content):
        reader = _Reader(model, content)
        graphs = [reader.subgraph(number) for number in range(model.SubgraphsLength())]
        if not graphs:
            raise WorkbenchError(
                _("{name} holds no graph.").format(name=path.name), _("Convert the model again from its source.")
            )
        top = graphs[0]
        top.functions = dict(zip(reader.keys[1:], graphs[1:], strict=True))
        top.signatures = reader.signatures(graphs)
        top.notes = reader.notes + _custom_ops(graphs)
        add_metadata(top, model, path)
        return top


def _custom_ops(graphs: list[Graph]) -> list[str]:
    """Say which ops are not TFLite's own; those of Flex are TensorFlow's."""
    names = {node.op for graph in graphs for node in graph.nodes if node.domain == "custom"}
    flex, others = sorted(name for name in names if name.startswith("Flex")), sorted(names - _BUNDLED)
    others = [name for name in others if name not in flex]
    notes = []
    if flex:
        text = _("Uses TensorFlow operations ({ops}): it runs only where TensorFlow's Flex delegate is.")
        notes.append(text.format(ops=", ".join(flex[:8])))
    if others:
        text = _("Uses custom operations ({ops}): to run it, the library that defines them is needed.")
        notes.append(text.format(ops=", ".join(others[:8])))
    return notes


class _Reader:
    """Reads subgraphs of one model."""

    def __init__(self, model: Any, content: mmap.mmap) -> None:
        self._model, self._content = model, content
        self.notes: list[str] = []
        self._codes = [_op_code(model.OperatorCodes(at)) for at in range(model.OperatorCodesLength())]
        self._sizes = [_buffer_size(model.Buffers(at), len(content)) for at in range(model.BuffersLength())]
        self.keys: list[str] = []
        self._names: list[list[str]] = []
        total = 0
        for at in range(model.SubgraphsLength()):
            subgraph = model.Subgraphs(at)
            key = decoded(subgraph.Name()) or f"subgraph_{at}"
            self.keys.append(key if key not in self.keys else f"{key}_{at}")
            total += subgraph.OperatorsLength() + subgraph.TensorsLength()
            if total > MOST_OPERATORS:
                raise ValueError(_("it declares {count} operators").format(count=total))

    def subgraph(self, number: int) -> Graph:
        """Read one subgraph."""
        proto = self._model.Subgraphs(number)
        graph = Graph(name=decoded(proto.Name()))
        names = self._tensors(graph, proto, number)
        self._names.append(names)
        graph.inputs = [_port(graph, names[at]) for at in _ints(proto, "Inputs")]
        graph.outputs = [_port(graph, names[at]) for at in _ints(proto, "Outputs")]
        taken: set[str] = set()
        for at in range(proto.OperatorsLength()):
            graph.nodes.append(self._node(graph, proto.Operators(at), names, at, taken))
        return graph

    def _tensors(self, graph: Graph, proto: Any, number: int) -> list[str]:
        names: list[str] = []
        for at in range(proto.TensorsLength()):
            item = proto.Tensors(at)
            name = decoded(item.Name()) or f"tensor_{at}"
            while name in graph.values or name in graph.tensors:
                name += f"#{at}"
            names.append(name)
            dtype, quantization = _DTYPES.get(item.Type(), ""), _quantization(item.Quantization())
            buffer = item.Buffer()
            stored = self._sizes[buffer] if buffer else 0
            if item.ExternalBuffer() and not self.notes:
                self.notes.append(_("Weights are kept in another file, which is not opened."))
            if stored and not item.IsVariable():
                shape = [int(dim) for dim in _ints(item, "Shape")]
                if any(dim < 0 for dim in shape):
                    raise ValueError(_("the tensor {name} has the shape {shape}").format(name=name, shape=shape))
                source = f"subgraph {number} tensor {at} buffer {buffer}"
                weight = holds_weights(dtype, shape, quantized=quantization is not None)
                graph.tensors[name] = Tensor(
                    name, dtype, shape, stored, source, item.Sparsity() is not None, quantization, weight
                )
            else:
                graph.values[name] = Value(name, dtype, _shape(item), quantization)
        return names

    def _node(self, graph: Graph, item: Any, names: list[str], at: int, taken: set[str]) -> Node:
        op, custom, version = self._codes[item.OpcodeIndex()]
        outputs = [names[index] if index >= 0 else "" for index in _ints(item, "Outputs")]
        name = outputs[0].split(";")[0] if outputs else ""
        if not name or name in taken:
            name = f"{name or op}_{at}"
        taken.add(name)
        node = Node(name, op, [names[index] if index >= 0 else "" for index in _ints(item, "Inputs")], outputs)
        node.domain = "custom" if custom else ""
        node.attributes = self._attributes(node, item)
        if version > 1:
            node.attributes.append(Attribute("op_version", version))
        weights = {each for each in node.inputs if each in graph.tensors and graph.tensors[each].is_weight}
        node.parameters = sum(graph.tensors[each].elements() for each in weights)
        return node

    def _attributes(self, node: Node, item: Any) -> list[Attribute]:
        found = []
        for kinds, kind, table in (
            (_OPTIONS, item.BuiltinOptionsType(), item.BuiltinOptions()),
            (_OPTIONS_2, item.BuiltinOptions2Type(), item.BuiltinOptions2()),
        ):
            options = getattr(schema, kinds.get(kind, "NONE"), None)
            if table is None or options is None:
                continue
            view = options()
            view.Init(table.Bytes, table.Pos)
            for field, kind_of_field in _fields(options):
                value = _option(view, field, kind_of_field)
                is_subgraph = field.endswith(("Subgraph", "SubgraphIndex"))
                if is_subgraph and isinstance(value, int) and 0 <= value < len(self.keys):
                    node.subgraphs.append(self.keys[value])
                    value = self.keys[value]
                found.append(Attribute(_snake(field), value))
        if item.CustomOptionsLength():
            found.append(Attribute("custom_options", _("{count} bytes").format(count=item.CustomOptionsLength())))
        return found

    def signatures(self, graphs: list[Graph]) -> list[Signature]:
        """Read the named entry points."""
        found = []
        for at in range(self._model.SignatureDefsLength()):
            item = self._model.SignatureDefs(at)
            graph, names = graphs[item.SubgraphIndex()], self._names[item.SubgraphIndex()]
            sides: list[list[Port]] = []
            for side in ("Inputs", "Outputs"):
                ports = []
                for number in range(getattr(item, f"{side}Length")()):
                    entry = getattr(item, side)(number)
                    ports.append(_port(graph, names[entry.TensorIndex()], decoded(entry.Name())))
                sides.append(ports)
            found.append(Signature(decoded(item.SignatureKey()), *sides))
        return found


def _op_code(item: Any) -> tuple[str, bool, int]:
    """Return op name, whether it is custom, and its version; small codes are in the deprecated field."""
    number = max(item.BuiltinCode(), item.DeprecatedBuiltinCode())
    custom = decoded(item.CustomCode())
    if number == schema.BuiltinOperator.CUSTOM:
        return custom or "CUSTOM", True, item.Version()
    return _OPS.get(number, f"BUILTIN_{number}"), False, item.Version()


def _buffer_size(item: Any, size: int) -> int:
    """Return the bytes of a buffer, inside of the flatbuffer or, for large models, behind it."""
    if item.Offset() > 1:
        if item.Offset() + item.Size() > size:
            raise ValueError(_("a buffer reaches beyond its end"))
        return int(item.Size())
    length = int(item.DataLength())
    if length > size:
        raise ValueError(_("a buffer is longer than the file"))
    return length


def _ints(item: Any, field: str) -> list[int]:
    array = getattr(item, f"{field}AsNumpy")() if getattr(item, f"{field}Length")() else []
    return [int(number) for number in array]


def _shape(item: Any) -> list[Dim] | None:
    """Return the declared shape; -1 in the signature means any."""
    signature = _ints(item, "ShapeSignature")
    shape = signature or _ints(item, "Shape")
    if not shape and not item.HasRank() and item.ShapeIsNone():
        return None
    return [dim if dim >= 0 else None for dim in shape]


def _quantization(item: Any) -> Quantization | None:
    if item is None or not item.ScaleLength():
        return None
    scales = [float(number) for number in item.ScaleAsNumpy()]
    zeros = [int(number) for number in item.ZeroPointAsNumpy()] if item.ZeroPointLength() else [0] * len(scales)
    return Quantization(scales, zeros, int(item.QuantizedDimension()) if len(scales) > 1 else None)


def _port(graph: Graph, name: str, shown: str = "") -> Port:
    value = graph.values.get(name)
    if value is not None:
        return Port(
            shown or name, value.dtype, value.shape, value.quantization, name if shown and shown != name else ""
        )
    tensor = graph.tensors[name]
    return Port(shown or name, tensor.dtype, list(tensor.shape), tensor.quantization)


@cache
def _fields(options: type) -> tuple[tuple[str, str], ...]:
    """Return the fields of an options table and whether each is a plain value or a vector."""
    names = {name for name in vars(options) if name[0].isupper() and not name.startswith("GetRootAs")}
    vectors = {name.removesuffix("Length") for name in names if name.endswith("Length")}
    plain = {
        name
        for name in names
        if name != "Init"
        and not name.endswith(("Length", "AsNumpy", "IsNone", "BufferHasIdentifier"))
        and name not in vectors
    }
    return tuple(sorted([(name, "plain") for name in plain] + [(name, "vector") for name in vectors if name in names]))


def _option(view: Any, field: str, kind: str) -> Any:
    if kind == "vector":
        count = getattr(view, f"{field}Length")()
        return list_value(range(count), lambda at: _plain(getattr(view, field)(at)))
    value = _plain(getattr(view, field)())
    if field in _ENUMS and isinstance(value, int):
        return next((name for name, number in vars(_ENUMS[field]).items() if number == value), value)
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    return float(value) if hasattr(value, "dtype") else type(value).__name__


def _snake(name: str) -> str:
    return "".join(
        f"_{letter.lower()}" if letter.isupper() and at else letter.lower() for at, letter in enumerate(name)
    )
