"""Operations that a deployment format does not have: what can be said before TensorFlow is loaded."""

from __future__ import annotations

from workbench.core.graph import Graph

KERAS_TO_TFLITE = frozenset(
    ["MaxPooling3D", "MaxPool3D", "AveragePooling3D", "AvgPool3D", "STFTSpectrogram", "MelSpectrogram", "Lambda"]
)
"""Keras layers without a TFLite kernel."""

TENSORFLOW_TO_TFLITE = frozenset(["MaxPool3D", "AvgPool3D", "DecodeJpeg", "DecodePng", "DecodeImage", "ParseExampleV2"])
"""TensorFlow operations without a TFLite kernel (LiteRT cannot run TensorFlow's own)."""

KERAS_TO_ONNX = frozenset(["STFTSpectrogram", "MelSpectrogram", "Lambda"])
"""Keras layers without an ONNX counterpart in tf2onnx."""

TENSORFLOW_TO_ONNX = frozenset(["ScaleAndTranslate", "DecodeJpeg", "DecodePng", "DecodeImage", "ParseExampleV2"])
"""TensorFlow operations that tf2onnx cannot express."""


def first_obstacle(graph: Graph, impossible: frozenset[str], reason: str) -> str | None:
    """Return ``reason`` with {op} and {node} filled in for the first such node, or None when there is none."""
    for part in (graph, *graph.functions.values()):
        for node in part.nodes:
            if node.op in impossible:
                return reason.format(op=node.op, node=node.name)
    return None
