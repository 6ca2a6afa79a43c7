"""Which stored variables belong to which Keras layer: by layer groups (.h5) or by object path (.keras, .weights.h5)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from workbench.core.graph import Tensor
from workbench.formats.keras_names import weight_name

Layer = Mapping[str, Any]


class LayerWeights(NamedTuple):
    """The variables of one layer, and where those of the layers inside of it are found."""

    tensors: list[Tensor]
    inner: Weights


class Weights(Protocol):
    """Assigns variables to the layers of one model level."""

    def assign(self, layers: Sequence[Layer]) -> list[LayerWeights]:
        """Return the variables of each layer, in order."""


def layer_name(layer: Layer) -> str:
    """Return a layer's name from its configuration (Keras 1 Sequential layers have it only in ``config``)."""
    config = layer.get("config")
    inner = config.get("name") if isinstance(config, Mapping) else None
    return str(layer.get("name") or inner or layer.get("class_name", "layer"))


def inner_layers(layer: Layer) -> list[Layer]:
    """Return the layers of a nested model, [] for a plain layer."""
    config = layer.get("config")
    if isinstance(config, list):  # Sequential of Keras 1 and early 2
        return [item for item in config if isinstance(item, Mapping)]
    found = config.get("layers") if isinstance(config, Mapping) else None
    if not isinstance(found, list) or layer.get("class_name") == "StackedRNNCells":
        return []
    return [item for item in found if isinstance(item, Mapping) and "class_name" in item]


class GroupedWeights:
    """Weights as the .h5 form keeps them: a group for each top-level layer, with the names of its weights."""

    def __init__(self, groups: Mapping[str, Sequence[tuple[str, Tensor]]], *, by_component: bool = False) -> None:
        self._groups = groups
        self._by_component = by_component

    def assign(self, layers: Sequence[Layer]) -> list[LayerWeights]:
        """Take each layer's own group; inside a nested model the layer is a component of the weight's name."""
        result = []
        pool = [item for items in self._groups.values() for item in items] if self._by_component else []
        for layer in layers:
            if self._by_component:
                names = _names_within(layer)
                mine = [item for item in pool if names & set(item[0].split("/"))]
                pool = [item for item in pool if item not in mine]
            else:
                mine = list(self._groups.get(layer_name(layer), ()))
            if inner_layers(layer):
                result.append(LayerWeights([], GroupedWeights({"": mine}, by_component=True)))
            else:
                result.append(LayerWeights([tensor for _name, tensor in mine], NO_WEIGHTS))
        return result


def _names_within(layer: Layer) -> set[str]:
    names = {layer_name(layer)}
    for inner in inner_layers(layer):
        names |= _names_within(inner)
    return names


class PathWeights:
    """Weights as Keras 3 keeps them: ``layers/<class>_<n>/vars/<number>``, with the layer's name beside newer ones."""

    def __init__(self, stored: Mapping[str, Tensor], names: Mapping[str, str], prefix: str = "") -> None:
        self._stored, self._names, self._prefix = stored, names, prefix

    def assign(self, layers: Sequence[Layer]) -> list[LayerWeights]:
        """Follow the counting by class in which Keras writes them; a stored name that differs wins."""
        by_name = {name: path for path, name in self._names.items() if self._parent(path) == self._prefix}
        used: dict[str, int] = {}
        result = []
        for layer in layers:
            stem = snake_case(str(layer.get("class_name", "")).split(">")[-1])
            count = used.get(stem, 0)
            used[stem] = count + 1
            path = self._prefix + "layers/" + (f"{stem}_{count}" if count else stem)
            path = by_name.get(layer_name(layer), path)
            if inner_layers(layer):
                result.append(LayerWeights([], PathWeights(self._stored, self._names, path + "/")))
            else:
                result.append(LayerWeights(self._tensors(layer, path + "/"), NO_WEIGHTS))
        return result

    @staticmethod
    def _parent(path: str) -> str:
        head, found, tail = path.rpartition("layers/")
        return head if found and "/" not in tail else "?"

    def _tensors(self, layer: Layer, prefix: str) -> list[Tensor]:
        settings = layer.get("config")
        found = []
        for path, tensor in self._stored.items():
            if not path.startswith(prefix):
                continue
            *parts, number = path[len(prefix) :].split("/")
            parts = [part for part in parts if part != "vars"]
            op = _part_class(layer, parts)
            own = settings if isinstance(settings, Mapping) and not parts else {}
            last = weight_name(op, own, int(number)) if number.isdigit() else number
            found.append(
                Tensor(
                    "/".join([layer_name(layer), *parts, last]),
                    tensor.dtype,
                    tensor.shape,
                    tensor.nbytes,
                    tensor.source,
                    is_weight="seed_generator" not in parts,
                )
            )
        return found


def _part_class(layer: Layer, parts: Sequence[str]) -> str:
    """Return the class that owns a variable: the layer, or the recurrent cell inside of it."""
    op = str(layer.get("class_name", ""))
    if not parts:
        return op
    config = layer.get("config")
    inner = config.get("layer") if isinstance(config, Mapping) else None
    if parts[-1] == "cell":
        return "GRUCell"  # all recurrent cells name their weights alike
    return str(inner.get("class_name", "")) if isinstance(inner, Mapping) else ""


def snake_case(name: str) -> str:
    """Write a class name as Keras does in paths ("MaxPooling2D" is "max_pooling2d")."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


NO_WEIGHTS = GroupedWeights({})
