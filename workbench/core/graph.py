"""The neutral Graph that every format is read into, and that the window, the passes and the reports speak about."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import msgspec

Dim = int | str | None
"""A dimension: a number, a name ("batch"), or None when the file does not say."""


class Quantization(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Affine quantization of a value or tensor: real = scale * (stored - zero_point)."""

    scales: list[float]
    zero_points: list[int]
    axis: int | None = None
    """The channel axis when there are several scales."""


class Value(msgspec.Struct, gc=False, array_like=True):
    """What flows along an edge. ``shape`` is None when the file says nothing of it."""

    name: str
    dtype: str = ""
    """numpy spelling ("float32", "int8", "bool", "string", "bfloat16"); "" when unknown."""
    shape: list[Dim] | None = None
    quantization: Quantization | None = None


class Tensor(msgspec.Struct, gc=False, array_like=True):
    """A weight or constant stored in the file; its numbers are read later with ``Format.read_tensor``."""

    name: str
    dtype: str
    shape: list[int]
    nbytes: int
    """Bytes stored in the file (a sparse tensor stores fewer than its shape says)."""
    source: str = ""
    """Where the bytes are, in the format's own words (HDF5 path, checkpoint key, buffer index, external file)."""
    sparse: bool = False
    quantization: Quantization | None = None
    is_weight: bool = True
    """A number that was learned: not a shape, an axis, a quantization scale, a seed or a text. Only these are counted
    as parameters (``holds_weights`` is the rule for formats that do not say)."""

    def elements(self) -> int:
        """Return the number of elements (the product of the shape)."""
        return math.prod(self.shape)


class Attribute(msgspec.Struct, gc=False, array_like=True):
    """A named setting of a node: a number, text, or list of them; large arrays are shown as a summary text."""

    name: str
    value: Any
    """JSON-safe: None, bool, int, float, str, or a list or dict of these."""


class Node(msgspec.Struct, array_like=True):
    """One operation, or one layer of a Keras model. Inputs and outputs name Values or Tensors of the same Graph.

    A constant that is a node of its own (ONNX Constant, TensorFlow Const) stays a node, and its output is a Tensor too:
    a view may fold it into the nodes that use it.
    """

    name: str
    """Unique in its Graph; made from op and position when the file gives none. Scopes are separated by "/"."""
    op: str
    inputs: list[str] = []
    """Names in order; "" for an omitted optional input."""
    outputs: list[str] = []
    attributes: list[Attribute] = []
    domain: str = ""
    """ONNX domain, Keras module, or "custom" for a TFLite custom op."""
    subgraphs: list[str] = []
    """Keys into the top Graph's ``functions``: branches, loop bodies, called functions, nested models."""
    parameters: int = 0
    """Weights that belong to this node (Keras layers; elsewhere the sum of its tensor inputs)."""
    captures: list[str] = []
    """Values of this Graph that its subgraphs use without their being inputs (ONNX If, Loop, Scan)."""


class Port(msgspec.Struct, gc=False):
    """An input or output of a model as its caller sees it."""

    name: str
    dtype: str
    shape: list[Dim] | None
    quantization: Quantization | None = None
    """How the stored integers of a quantized model's input or output mean real numbers."""
    alias: str = ""
    """Its other name in the file, when there is one (the tensor behind a signature's name): for matching only."""


class Signature(msgspec.Struct):
    """A named entry point (SavedModel, TFLite signature)."""

    name: str
    inputs: list[Port]
    outputs: list[Port]


class Graph(msgspec.Struct):
    """A model, or one of its nested functions. Only the top one has ``format`` and what follows it."""

    name: str
    nodes: list[Node] = []
    values: dict[str, Value] = {}
    tensors: dict[str, Tensor] = {}
    inputs: list[Port] = []
    outputs: list[Port] = []
    format: str = ""
    """Id of the Format that read it."""
    producer: str = ""
    """What wrote the file, with its version ("tf2onnx 1.17.0", "Keras 2.0.5")."""
    metadata: dict[str, str] = {}
    """What the file says about itself. Keys with a meaning: "labels" (class names, one a line), "content" ("weights"
    when there is no architecture), "keras_version", "signature" (which one is shown), "assets", "files"."""
    signatures: list[Signature] = []
    functions: dict[str, Graph] = {}
    """All nested graphs, flat, by key."""
    notes: list[str] = []
    """What the person should know (translated): "weights only", "holds a Lambda layer: it is never run" ..."""
    bytes: int = 0
    """Size of the file, or of all files of the model."""
    weights_bytes: int = 0

    def all_graphs(self) -> list[Graph]:
        """Return this graph and all nested ones."""
        return [self, *self.functions.values()]

    def op_counts(self) -> dict[str, int]:
        """Return how often each op occurs, nested graphs included, most frequent first."""
        counts = Counter(node.op for graph in self.all_graphs() for node in graph.nodes)
        return dict(counts.most_common())

    def node_count(self) -> int:
        """Return the number of nodes, nested graphs included."""
        return sum(len(graph.nodes) for graph in self.all_graphs())

    def parameter_count(self) -> int:
        """Return the number of weights: elements of the stored tensors that are weights, nested graphs included.

        For Keras these are all variables of all layers, as in Keras's own summary; for the other formats see
        ``holds_weights``. A sparse tensor counts with the shape that it stands for.
        """
        return sum(
            tensor.elements() for graph in self.all_graphs() for tensor in graph.tensors.values() if tensor.is_weight
        )


def holds_weights(dtype: str, shape: list[int], *, quantized: bool = False) -> bool:
    """Say whether a stored tensor is counted as weights in formats that keep all constants alike.

    Floating-point tensors of rank 1 and more, and integer ones that are quantized or have 8 bits or fewer. Shapes,
    axes, indices (32- and 64-bit integers), flags, texts and scalars (epsilon, factors, zero points) are not weights.
    """
    if not shape:
        return False
    narrow = dtype in ("int8", "uint8", "int4", "uint4", "int2", "uint2")
    return quantized or narrow or dtype.startswith(("float", "bfloat", "complex"))
