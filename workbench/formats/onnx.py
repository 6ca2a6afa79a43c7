"""ONNX models: functions, branches and loops, external data, custom domains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.core.graph import Graph, Tensor
from workbench.core.i18n import N_
from workbench.core.protobuf_wire import top_level
from workbench.formats import Format, Slice

_FIELDS = {1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26}
"""Field numbers of ModelProto (onnx.proto3); 7 is the graph, 8 the opset imports."""


class Onnx(Format):
    """A binary ModelProto."""

    id = "onnx"
    label = N_("ONNX")
    summary = N_("A model in the Open Neural Network Exchange format.")
    suffixes = (".onnx",)
    needs = ("onnx",)
    install = "onnx"

    def matches(self, path: Path) -> bool:
        """Walk the top-level fields: ONNX has no magic number."""
        size = path.stat().st_size
        with path.open("rb") as file:
            found = top_level(file, size, 10_000)
        if found is None or not found.complete or not set(found.fields) <= _FIELDS:
            return False
        return 7 in found.lengths and (8 in found.lengths or found.varints.get(1, 0) in range(1, 4))

    def read(self, path: Path) -> Graph:
        """Read the graph; weights and external data are described, not loaded."""
        from workbench.backends import onnx_reader

        return onnx_reader.read(path)

    def read_tensor(self, path: Path, tensor: Tensor, region: Slice | None = None) -> NDArray[np.generic]:
        """Read an initializer or constant."""
        from workbench.backends import onnx_tensors

        values = onnx_tensors.read_array(path, tensor)
        return values[region] if region else values
