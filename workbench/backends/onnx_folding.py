"""Fold constants into each other in an ONNX model: layout changes of weights, and batch normalization into Conv."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Numbers = NDArray[Any]


def fold(model: Any, outside: Mapping[str, Numbers] | None = None) -> int:
    """Fold in place until nothing changes; return how many nodes went. Values change by rounding only.

    ``outside`` are weights that the graph reads but does not hold yet: they become initializers after folding, so that
    each is copied once (a protobuf message never gives back the memory of a value that was replaced). Only standard
    operations remain, and only the top graph is touched: bodies of loops stay as they are.
    """
    graph = _Weights(model.graph, outside or {})
    before = len(model.graph.node)
    while _sweep(graph):
        pass  # one sweep makes the next one's work possible
    graph.store()
    return before - len(model.graph.node)


def _sweep(graph: _Weights) -> int:
    return sum(_fold_node(graph, node) for node in list(graph.graph.node) if node.output[0] in graph.made)


class _Weights:
    """The initializers of a graph and who reads what."""

    def __init__(self, graph: Any, outside: Mapping[str, Numbers]) -> None:
        self.graph = graph
        self._stored = {tensor.name: tensor for tensor in graph.initializer}
        self._fresh: dict[str, Numbers] = dict(outside)
        self.uses = Counter(_read_names(graph))
        self.uses.update(value.name for value in graph.output)
        self.readers: dict[str, list[Any]] = {}
        self.made = {node.output[0] for node in graph.node}
        for node in graph.node:
            for name in node.input:
                self.readers.setdefault(name, []).append(node)

    def numbers(self, name: str) -> Numbers | None:
        """Return a weight's numbers, or None when ``name`` is not a weight."""
        if name in self._fresh:
            return self._fresh[name]
        tensor = self._stored.get(name)
        return None if tensor is None else numpy_helper.to_array(tensor)

    def holds(self, name: str) -> bool:
        """Say whether ``name`` is a weight."""
        return name in self._fresh or name in self._stored

    def own(self, name: str) -> bool:
        """Say whether ``name`` is a weight that one input alone reads."""
        return self.holds(name) and self.uses[name] == 1

    def put(self, name: str, numbers: Numbers) -> None:
        """Store a weight under ``name``, new or not."""
        self._fresh[name] = numbers

    def sole_reader(self, name: str) -> Any | None:
        """Return the only node that reads a value, or None when there are more, or the caller of the model does."""
        readers = self.readers.get(name, [])
        return readers[0] if len(readers) == 1 and self.uses[name] == 1 else None

    def remove(self, node: Any, replacement: str) -> None:
        """Take a node out; whoever read its output reads ``replacement``."""
        self._take_out(node)
        self.made.discard(node.output[0])
        for reader in self.readers.pop(node.output[0], []):
            for index, name in enumerate(reader.input):
                if name == node.output[0]:
                    reader.input[index] = replacement
                    self.uses[replacement] += 1
            self.readers.setdefault(replacement, []).append(reader)

    def absorb(self, node: Any, after: Any) -> None:
        """Take ``after``, the only reader of ``node``, out; ``node`` makes its output instead."""
        self._take_out(after)
        self.made.discard(node.output[0])
        node.output[0] = after.output[0]

    def _take_out(self, node: Any) -> None:
        self.graph.node.remove(node)
        for name in node.input:
            self.uses[name] -= 1
            if node in self.readers.get(name, []):
                self.readers[name].remove(node)

    def store(self) -> None:
        """Write new and changed weights into the graph, and remove those that nothing reads."""
        used = set(_read_names(self.graph)) | {value.name for value in self.graph.output}
        for index in range(len(self.graph.initializer) - 1, -1, -1):
            name = self.graph.initializer[index].name
            if name not in used or name in self._fresh:
                del self.graph.initializer[index]
        for name in [name for name in self._fresh if name in used]:
            numbers = self._fresh.pop(name)
            tensor = self.graph.initializer.add()
            tensor.name = name
            tensor.data_type = helper.np_dtype_to_tensor_dtype(numbers.dtype)
            tensor.dims.extend(numbers.shape)
            tensor.raw_data = numbers.tobytes()


def _read_names(graph: Any) -> Iterator[str]:
    for node in graph.node:
        yield from node.input
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from _read_names(attribute.g)


def _fold_node(graph: _Weights, node: Any) -> bool:
    change = LAYOUT.get(node.op_type)
    if change is not None and graph.own(node.input[0]):
        return _fold_layout(graph, node, change)
    if node.op_type == "Conv" and graph.own(node.input[1]):
        return _fold_into_conv(graph, node)
    return False


def _fold_layout(graph: _Weights, node: Any, change: Callable[[Numbers, list[Numbers], Any], Numbers]) -> bool:
    constants = [graph.numbers(name) for name in node.input[1:] if name]
    is_output = any(value.name == node.output[0] for value in graph.graph.output)
    in_subgraph = graph.uses[node.output[0]] > sum(
        list(reader.input).count(node.output[0]) for reader in graph.readers.get(node.output[0], [])
    )
    if is_output or in_subgraph or any(constant is None for constant in constants):
        return False
    name = node.input[0]
    original = graph.numbers(name)
    if original is None:
        return False
    graph.put(name, change(original, [constant for constant in constants if constant is not None], node))
    graph.remove(node, name)
    return True


def _attributes(node: Any) -> dict[str, Any]:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _transpose(numbers: Numbers, _constants: list[Numbers], node: Any) -> Numbers:
    return np.transpose(numbers, _attributes(node).get("perm"))


def _reshape(numbers: Numbers, constants: list[Numbers], node: Any) -> Numbers:
    wanted = [int(size) for size in constants[0]]
    keep_zero = _attributes(node).get("allowzero", 0)
    return numbers.reshape(
        [numbers.shape[axis] if size == 0 and not keep_zero else size for axis, size in enumerate(wanted)]
    )


def _axes(constants: list[Numbers], node: Any) -> tuple[int, ...]:
    given = constants[0] if constants else _attributes(node).get("axes", [])
    return tuple(int(axis) for axis in given)


def _squeeze(numbers: Numbers, constants: list[Numbers], node: Any) -> Numbers:
    return np.squeeze(numbers, _axes(constants, node) or None)


def _unsqueeze(numbers: Numbers, constants: list[Numbers], node: Any) -> Numbers:
    return np.expand_dims(numbers, _axes(constants, node))


def _identity(numbers: Numbers, _constants: list[Numbers], _node: Any) -> Numbers:
    return numbers


LAYOUT: dict[str, Callable[[Numbers, list[Numbers], Any], Numbers]] = {
    "Transpose": _transpose,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Identity": _identity,
}


def _fold_into_conv(graph: _Weights, conv: Any) -> bool:
    """Fold a per-channel Mul, Add or Sub of constants that follows a Conv into its weight and bias."""
    after = graph.sole_reader(conv.output[0])
    if after is None or after.op_type not in ("Mul", "Add", "Sub") or len(after.input) != 2:
        return False
    other = after.input[1] if after.input[0] == conv.output[0] else after.input[0]
    weight, constant = graph.numbers(conv.input[1]), graph.numbers(other)
    if weight is None or constant is None or (after.op_type == "Sub" and after.input[1] != other):
        return False
    has_bias = len(conv.input) > 2 and bool(conv.input[2])
    if has_bias and not graph.own(conv.input[2]):
        return False
    channels = _per_channel(constant, weight)
    if channels is None:
        return False
    bias = graph.numbers(conv.input[2]) if has_bias else np.zeros(weight.shape[0], weight.dtype)
    assert bias is not None
    if after.op_type == "Mul":
        graph.put(conv.input[1], weight * channels.reshape(-1, *[1] * (weight.ndim - 1)))
        bias = bias * channels
    else:
        bias = bias + channels if after.op_type == "Add" else bias - channels
    if has_bias or after.op_type != "Mul":
        _set_bias(graph, conv, bias, has_bias=has_bias)
    graph.absorb(conv, after)
    return True


def _per_channel(constant: Numbers, weight: Numbers) -> Numbers | None:
    """Return the constant as one number per output channel, or None when it varies along another dimension."""
    channels, rank = weight.shape[0], weight.ndim
    if constant.ndim > rank or constant.dtype != weight.dtype:
        return None
    shape = (1,) * (rank - constant.ndim) + constant.shape
    if shape[0] != 1 or any(size != 1 for size in shape[2:]) or shape[1] not in (1, channels):
        return None
    return np.broadcast_to(constant.reshape(-1), (channels,))


def _set_bias(graph: _Weights, conv: Any, bias: Numbers, *, has_bias: bool) -> None:
    if has_bias:
        graph.put(conv.input[2], bias)
        return
    stem = conv.input[1].removesuffix("/kernel")
    name, count = f"{stem}/bias", 1
    while graph.holds(name):
        name, count = f"{stem}/bias_{count}", count + 1
    graph.put(name, bias)
    del conv.input[2:]
    conv.input.append(name)
    graph.uses[name] += 1
    graph.readers.setdefault(name, []).append(conv)
