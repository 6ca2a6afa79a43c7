"""ONNX models as quantizers and pruners need them: constants as initializers, nodes with names, weights found."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import msgspec
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from workbench.backends.onnx_files import graphs_of
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _

WEIGHTED = {
    "Conv": (1,),
    "ConvTranspose": (1,),
    "Gemm": (0, 1),
    "MatMul": (0, 1),
    "LSTM": (1, 2),
    "GRU": (1, 2),
    "RNN": (1, 2),
    "Gather": (0,),
    "Einsum": (0, 1, 2),
    "Attention": (1,),
    "DeformConv": (1,),
}
"""Ops whose weights are worth quantizing or pruning, and which of their inputs may be weights."""
FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE, onnx.TensorProto.BFLOAT16)


class Weight(msgspec.Struct):
    """A stored float tensor that a layer multiplies by."""

    name: str
    layer: str
    op: str
    tensor: Any
    """The TensorProto, to be changed in place."""
    nested: bool
    """Whether it belongs to a branch or a loop body."""


def lift_constants(model: Any) -> int:
    """Turn tensors of Constant nodes into initializers of the same graph; return how many."""
    lifted = 0
    for graph, _nested in graphs_of(model):
        outputs = {value.name for value in graph.output}
        kept = []
        for node in graph.node:
            value = _constant(node)
            if value is None or node.output[0] in outputs:
                kept.append(node)
                continue
            value.name = node.output[0]
            graph.initializer.append(value)
            lifted += 1
        if len(kept) < len(graph.node):
            nodes = [_copied(node) for node in kept]
            del graph.node[:]
            graph.node.extend(nodes)
    return lifted


def _constant(node: Any) -> Any | None:
    """Return a copy of the tensor that a Constant node holds, or None when it is something else."""
    if node.op_type != "Constant" or node.domain not in ("", "ai.onnx"):
        return None
    found = next((item for item in node.attribute if item.name == "value" and item.HasField("t")), None)
    return None if found is None else _copied(found.t)


def _copied(message: Any) -> Any:
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def name_nodes(model: Any) -> None:
    """Give every node of the main graph a name of its own: quantizers speak of nodes by name."""
    taken: set[str] = set()
    for index, node in enumerate(model.graph.node):
        name = node.name or f"{node.op_type}_{index}"
        while name in taken:
            name = f"{name}_{index}"
        node.name = name
        taken.add(name)


def sort_nodes(graph: Any) -> None:
    """Put the nodes of a graph into the order of data flow, which ONNX demands; the order is kept where it may be."""
    makers = {name: at for at, node in enumerate(graph.node) for name in node.output if name}
    needs = [{makers[name] for name in node.input if name in makers} for node in graph.node]
    placed: dict[int, None] = {}
    met: set[int] = set()
    for start in range(len(needs)):
        waiting = [start]
        while waiting:
            at = waiting[-1]
            if at in met:  # what it needs stands before it by now, unless the graph is a loop, which has no order
                placed[waiting.pop()] = None
            else:
                met.add(at)
                waiting.extend(need for need in sorted(needs[at], reverse=True) if need not in placed)
    nodes = [_copied(graph.node[at]) for at in placed]
    del graph.node[:]
    graph.node.extend(nodes)


def weights_of(model: Any) -> list[Weight]:
    """Return the float tensors (rank 2 and more, initializers or Constant nodes) that weighted layers use, once each.

    Gather counts only where its table has two axes (an embedding). Biases and normalization have rank 1.
    """
    found: dict[int, Weight] = {}
    stored: dict[str, Any] = {}
    for graph, nested in graphs_of(model):
        stored |= {tensor.name: tensor for tensor in graph.initializer}
        for node in graph.node:
            value = next((item.t for item in node.attribute if item.name == "value"), None)
            if node.op_type == "Constant" and value is not None:
                stored[node.output[0]] = value
        for node in graph.node:
            for position in WEIGHTED.get(node.op_type, ()):
                name = node.input[position] if position < len(node.input) else ""
                tensor = stored.get(name)
                if tensor is not None and _is_weight(node.op_type, tensor):
                    found.setdefault(id(tensor), Weight(name, node.name or name, node.op_type, tensor, nested))
    return list(found.values())


def _is_weight(op: str, tensor: Any) -> bool:
    rank = len(tensor.dims)
    return tensor.data_type in FLOATS and (rank == 2 if op == "Gather" else rank >= 2)


def numbers(tensor: Any) -> NDArray[np.generic]:
    """Return the numbers of a TensorProto."""
    array: NDArray[np.generic] = numpy_helper.to_array(tensor)
    return array


def replace_numbers(tensor: Any, values: NDArray[np.generic]) -> None:
    """Store other numbers of the same type and shape in a TensorProto."""
    fresh = numpy_helper.from_array(values, tensor.name)
    tensor.CopyFrom(fresh)


def with_patterns(names: list[str], patterns: tuple[str, ...], *, what: str) -> set[str]:
    """Return the names that match any pattern (with * and ?); raises WorkbenchError for one that matches none."""
    chosen: set[str] = set()
    for pattern in patterns:
        matching = {name for name in names if name == pattern or fnmatchcase(name, pattern)}
        if not matching:
            raise WorkbenchError(
                _("No {what} is called {pattern}.").format(what=what, pattern=pattern),
                _("There are: {names}.").format(names=", ".join(names[:12])),
            )
        chosen |= matching
    return chosen
