"""Keras .h5 and .hdf5: full models and weights-only files of Keras 1, 2 and 3."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.containers import container_of
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Graph, Node, Tensor
from workbench.core.i18n import N_, _
from workbench.formats import Format, Slice
from workbench.formats.keras_graph import build_graph
from workbench.formats.keras_weights import GroupedWeights, Weights


class KerasH5(Format):
    """HDF5 with a ``model_config`` attribute, or with the groups in which Keras keeps weights."""

    id = "keras-h5"
    label = N_("Keras HDF5")
    summary = N_("A model or its weights as Keras saves them to .h5 or .hdf5.")
    suffixes = (".h5", ".hdf5")
    needs = ("h5py",)
    install = "h5py"

    def matches(self, path: Path) -> bool:
        """Look for Keras's attributes and groups."""
        from workbench.backends import hdf5

        if container_of(path) != "hdf5":
            return False
        try:
            with hdf5.opened(path, path.name) as file:
                return "model_config" in file.attrs or hdf5.weights_root(file) is not None
        except WorkbenchError:
            return False

    def read(self, path: Path) -> Graph:
        """Read architecture and the places of the weights."""
        from workbench.backends import hdf5

        with hdf5.opened(path, path.name) as file:
            root = hdf5.weights_root(file)
            groups = hdf5.grouped_weights(root) if root is not None else {}
            text = hdf5.text_attribute(file, "model_config")
            version = hdf5.text_attribute(file, "keras_version")
            if not version and root is not None:
                version = hdf5.text_attribute(root, "keras_version")
            backend = hdf5.text_attribute(file, "backend")
            remarks = hdf5.remarks(file)
        if text:
            stored = sum(len(items) for items in groups.values())
            graph = graph_of(text, path.name, GroupedWeights(groups), stored=stored)
        else:
            graph = weights_only(path.stem, groups)
        describe(graph, version, backend)
        graph.notes += remarks
        return graph

    def read_tensor(self, path: Path, tensor: Tensor, region: Slice | None = None) -> NDArray[np.generic]:
        """Read a data set."""
        from workbench.backends import hdf5

        with hdf5.opened(path, path.name) as file:
            return hdf5.read_named(file, tensor.source, region)


def graph_of(text: str, name: str, weights: Weights, *, stored: int) -> Graph:
    """Return the Graph of a configuration in JSON with its weights. Raises WorkbenchError when it makes no sense."""
    config = parse_config(text, name)
    try:
        graph = build_graph(config, weights)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise _damaged(name, repr(error)) from error
    placed = sum(len(each.tensors) for each in graph.all_graphs())
    if stored > placed:
        graph.notes.append(
            _("{count} stored weights belong to no layer of the architecture and are not shown.").format(
                count=stored - placed
            )
        )
    return graph


def _damaged(name: str, reason: str) -> WorkbenchError:
    return WorkbenchError(
        _("The architecture in {name} is damaged: {reason}.").format(name=name, reason=reason),
        _("Download or copy the file again, or save it again where it was made."),
    )


def parse_config(text: str, name: str) -> Mapping[str, Any]:
    """Decode a model configuration; raises WorkbenchError when it is none."""
    try:
        config = json.loads(text)
    except ValueError as error:
        raise _damaged(name, str(error)) from error
    if not isinstance(config, Mapping) or "class_name" not in config:
        raise WorkbenchError(
            _("The architecture in {name} is not a Keras configuration.").format(name=name),
            _("Save the model again with model.save('model.keras')."),
        )
    return config


def weights_only(name: str, groups: Mapping[str, list[tuple[str, Tensor]]]) -> Graph:
    """Return a Graph with a node for each group of weights and no edges: the architecture is not there."""
    graph = Graph(name=name)
    for layer, items in groups.items():
        if not items:
            continue
        node = Node(layer, "Layer")
        for _name, tensor in items:
            graph.tensors[tensor.name] = tensor
            node.inputs.append(tensor.name)
            node.parameters += tensor.elements() if tensor.is_weight else 0
        graph.nodes.append(node)
    graph.notes.append(
        _(
            "Weights only: no architecture inside. The layers are shown without connections; to run or convert the "
            "model, load the weights into its code and save with model.save('model.keras')."
        )
    )
    graph.metadata["content"] = "weights"
    return graph


def describe(graph: Graph, version: str, backend: str) -> None:
    """Fill in the producer from what Keras wrote beside the model."""
    graph.producer = f"Keras {version}" if version else "Keras"
    if version:
        graph.metadata["keras_version"] = version
    if backend:
        graph.metadata["backend"] = backend
