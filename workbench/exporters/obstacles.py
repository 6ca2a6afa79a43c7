"""Why a model cannot be exported: what can be said from its Graph, before TensorFlow is loaded."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.core.graph import Graph, Node
from workbench.core.i18n import _

KERAS_TO_TFLITE = frozenset(
    ["MaxPooling3D", "MaxPool3D", "AveragePooling3D", "AvgPool3D", "STFTSpectrogram", "MelSpectrogram"]
)
"""Keras layers without a TFLite kernel."""

TENSORFLOW_TO_TFLITE = frozenset(["MaxPool3D", "AvgPool3D", "DecodeJpeg", "DecodePng", "DecodeImage", "ParseExampleV2"])
"""TensorFlow operations without a TFLite kernel (LiteRT cannot run TensorFlow's own)."""

KERAS_TO_ONNX = frozenset(["STFTSpectrogram", "MelSpectrogram"])
"""Keras layers without an ONNX counterpart in tf2onnx."""

TENSORFLOW_TO_ONNX = frozenset(["ScaleAndTranslate", "DecodeJpeg", "DecodePng", "DecodeImage", "ParseExampleV2"])
"""TensorFlow operations that tf2onnx cannot express."""

KERAS_FORMATS = ("keras-h5", "keras-zip")


def unloadable(graph: Graph) -> str | None:
    """Say (translated) why Keras must not or cannot load this file, or None when nothing speaks against it."""
    if graph.format not in KERAS_FORMATS:
        return None
    for node in _nodes(graph):
        if node.op == "Lambda":
            return _("layer {node} is a Lambda: it holds program code, which is never run.").format(node=node.name)
    if not graph.inputs:
        return _("the file does not say what the model's inputs are.")
    return None


def without_counterpart(graph: Graph, impossible: frozenset[str], reason: str) -> str | None:
    """Return ``reason`` with {op} and {node} of the first operation that is impossible, or None when there is none."""
    if graph.format == "saved-model":  # only what the entry points reach: a file may hold training steps as well
        reached = _reached(graph)
        nodes: Iterator[Node] = (node for part in reached for node in part.nodes)
    else:
        nodes = _nodes(graph)
    for node in nodes:
        if node.op in impossible:
            return reason.format(op=node.op, node=node.name)
    return None


def _nodes(graph: Graph) -> Iterator[Node]:
    for part in graph.all_graphs():
        yield from part.nodes


def _reached(graph: Graph) -> list[Graph]:
    """Return the top graph and the functions that it calls, directly or not."""
    found, pending = {"": graph}, [graph]
    while pending:
        for node in pending.pop().nodes:
            for key in node.subgraphs:
                if key in graph.functions and key not in found:
                    found[key] = graph.functions[key]
                    pending.append(found[key])
    return list(found.values())
