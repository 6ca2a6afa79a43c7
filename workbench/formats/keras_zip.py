"""Keras .keras archives: configuration, metadata and weights in one zip."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.core.archive import Archive
from workbench.core.containers import container_of
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Graph, Tensor
from workbench.core.i18n import N_
from workbench.formats import Format, Slice
from workbench.formats.keras_h5 import describe, graph_of
from workbench.formats.keras_weights import PathWeights

_WEIGHTS = "model.weights.h5"


class KerasZip(Format):
    """A zip with config.json, metadata.json and model.weights.h5."""

    id = "keras-zip"
    label = N_("Keras archive")
    summary = N_("A model as Keras 3 saves it to .keras.")
    suffixes = (".keras",)
    needs = ("h5py",)
    install = "h5py"

    def matches(self, path: Path) -> bool:
        """Look for the members that Keras writes."""
        if container_of(path) != "zip":
            return False
        try:
            with Archive(path) as archive:
                return {"config.json", "metadata.json", _WEIGHTS} <= archive.names
        except WorkbenchError:
            return False

    def read(self, path: Path) -> Graph:
        """Read architecture and the places of the weights."""
        from workbench.backends import hdf5

        with Archive(path) as archive:
            text = archive.text("config.json")
            metadata = self._metadata(archive.text("metadata.json"))
            with archive.member(_WEIGHTS) as stream, hdf5.opened(stream, path.name) as file:
                stored, names = hdf5.path_weights(file)
                remarks = hdf5.remarks(file)
            assets = sorted(name for name in archive.names if name.startswith("assets/") and not name.endswith("/"))
        graph = graph_of(text, path.name, PathWeights(stored, names), stored=len(stored))
        graph.notes += remarks
        describe(graph, metadata.get("keras_version", ""), "")
        graph.metadata.update(metadata)
        if assets:
            graph.metadata["assets"] = "\n".join(assets)
        return graph

    def _metadata(self, text: str) -> dict[str, str]:
        try:
            content = json.loads(text)
        except ValueError:
            return {}
        return {str(key): str(value) for key, value in content.items()} if isinstance(content, dict) else {}

    def read_tensor(self, path: Path, tensor: Tensor, region: Slice | None = None) -> NDArray[np.generic]:
        """Read a data set of the weights inside."""
        from workbench.backends import hdf5

        with Archive(path) as archive, archive.member(_WEIGHTS) as stream, hdf5.opened(stream, path.name) as file:
            return hdf5.read_named(file, tensor.source, region)
