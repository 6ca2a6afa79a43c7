"""TFLite flatbuffers: several subgraphs, quantization, sparse tensors, packed metadata."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.core.graph import Graph, Tensor
from workbench.core.i18n import N_
from workbench.formats import Format, Slice


class TFLite(Format):
    """A flatbuffer with the identifier TFL3."""

    id = "tflite"
    label = N_("TFLite")
    summary = N_("A model for TensorFlow Lite (LiteRT).")
    suffixes = (".tflite",)
    needs = ("ai_edge_litert",)
    install = "ai-edge-litert"

    def matches(self, path: Path) -> bool:
        """Look for the identifier behind the root offset."""
        with path.open("rb") as file:
            head = file.read(8)
        return head[4:8] == b"TFL3" and int.from_bytes(head[:4], "little") < path.stat().st_size

    def read(self, path: Path) -> Graph:
        """Read all subgraphs; buffers are described, not loaded."""
        from workbench.backends import tflite_reader

        return tflite_reader.read(path)

    def read_tensor(self, path: Path, tensor: Tensor, region: Slice | None = None) -> NDArray[np.generic]:
        """Read a buffer."""
        from workbench.backends import tflite_tensors

        values = tflite_tensors.read_array(path, tensor)
        return values[region] if region else values
