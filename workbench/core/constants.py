"""Find what in a graph is constant: stored tensors, constant nodes, and nodes that only unpack stored weights."""

from __future__ import annotations

import msgspec

from workbench.core.graph import Graph, Node, Tensor, Value

UNPACKING = frozenset(
    {"Constant", "Const", "Identity", "Cast", "Reshape", "Transpose", "Squeeze", "Unsqueeze"}
    | {"DequantizeLinear", "QuantizeLinear", "DEQUANTIZE", "QUANTIZE", "DENSIFY", "CAST", "RESHAPE", "TRANSPOSE"}
    | {"ReadVariableOp", "VarHandleOp", "VariableV2", "VariableOp", "Variable"}
)
"""Ops that are folded into their consumer when nothing but constants goes in."""


class Constants(msgspec.Struct):
    """The constant part of one graph."""

    nodes: set[str]
    """Names of the nodes that are folded: each is constant and used by a node that is not."""
    tensors: dict[str, Tensor]
    """What each constant value stands for: the stored tensor at its root (or its own shape when none is stored)."""


def constants_of(graph: Graph) -> Constants:
    """Return the constants of ``graph``; nodes must come in the order of data flow, as all formats give them."""
    used = {name for node in graph.nodes for name in (*node.inputs, *node.captures)}
    exits = {port.name for port in graph.outputs}
    entries = {port.name for port in graph.inputs}
    found = Constants(set(), {name: tensor for name, tensor in graph.tensors.items() if name not in entries})
    for node in graph.nodes:
        if node.op not in UNPACKING or len(node.outputs) != 1 or node.captures or node.subgraphs:
            continue
        output = node.outputs[0]
        given = [name for name in node.inputs if name]
        if output in used and output not in exits and all(name in found.tensors for name in given):
            found.nodes.add(node.name)
            found.tensors[output] = _root(graph, node, given, found)
    return found


def _root(graph: Graph, node: Node, given: list[str], found: Constants) -> Tensor:
    output = node.outputs[0]
    if output in graph.tensors:
        return graph.tensors[output]
    if given:
        return found.tensors[given[0]]
    value = graph.values.get(output, Value(output))
    shape = [dim if isinstance(dim, int) else -1 for dim in value.shape or []]
    return Tensor(output, value.dtype, shape, 0, is_weight=False)
