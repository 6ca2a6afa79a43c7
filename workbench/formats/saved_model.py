"""TensorFlow SavedModel folders, of TensorFlow 1 and 2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.core.graph import Graph, Tensor
from workbench.core.i18n import N_
from workbench.core.labels import LONGEST_TEXT, parse_labels
from workbench.formats import Format, Slice


class SavedModelFolder(Format):
    """A folder with saved_model.pb, and variables and assets beside it."""

    id = "saved-model"
    label = N_("SavedModel")
    summary = N_("A model as TensorFlow saves it for serving: a folder with graph, variables and signatures.")
    is_folder = True
    needs = ("ml_dtypes",)
    install = "protobuf ml-dtypes"

    def matches(self, path: Path) -> bool:
        """Look for the graph file."""
        return (path / "saved_model.pb").is_file()

    def read(self, path: Path) -> Graph:
        """Read what the serving signature runs; variables are described, not loaded."""
        from workbench.backends import saved_model_reader

        graph = saved_model_reader.read(path)
        labels = labels_in_assets(path, graph.metadata.get("assets", ""))
        if labels:
            graph.metadata["labels"] = "\n".join(labels)
        return graph

    def read_tensor(self, path: Path, tensor: Tensor, region: Slice | None = None) -> NDArray[np.generic]:
        """Read a variable or a constant."""
        from workbench.backends import saved_model_reader

        return saved_model_reader.read_array(path, tensor, region)


def labels_in_assets(path: Path, names: str) -> list[str]:
    """Return the class names of the one asset that is called after labels; [] when there is none, or several."""
    found = [name for name in names.splitlines() if "label" in name.lower() and name == Path(name).name]
    file = path / "assets" / found[0] if len(found) == 1 else None
    if file is None or file.is_symlink() or not file.is_file() or file.stat().st_size > LONGEST_TEXT:
        return []
    return parse_labels(file.read_text("utf-8", "replace"))
