"""Prune the weights inside model files in place: HDF5, ONNX, TensorFlow checkpoints; nothing is built or executed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import h5py
import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.backends import hdf5
from workbench.backends.onnx_files import is_valid, load_onnx, save_onnx
from workbench.backends.onnx_weights import Weight, numbers, replace_numbers, weights_of
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _
from workbench.core.magnitude import Cut, cut_for, share_counts, zeros_in

Array = NDArray[Any]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How much to prune, and of what."""

    sparsity: float
    layerwise: bool
    """Each tensor gets the asked sparsity, instead of all of them together."""
    skip: tuple[str, ...] = ()
    minimum: int = 0
    """Tensors with fewer numbers are left alone."""
    depthwise: bool = False
    """Whether kernels of depthwise convolutions are pruned too."""

    def takes(self, name: str, size: int, *, depthwise: bool) -> bool:
        """Say whether a tensor is pruned."""
        if size < max(self.minimum, 1) or (depthwise and not self.depthwise):
            return False
        return not any(_names(name, pattern) for pattern in self.skip)

    def check(self, names: list[str]) -> None:
        """Raise WorkbenchError when a pattern to skip matches nothing, or nothing is there to be pruned."""
        for pattern in self.skip:
            if not any(_names(name, pattern) for name in names):
                raise WorkbenchError(
                    _("No layer is called {pattern}.").format(pattern=pattern),
                    _("There are: {names}.").format(names=", ".join(names[:12])),
                )


class Place(msgspec.Struct):
    """One tensor in a file: how to read it and how to put it back."""

    name: str
    size: int
    read: Callable[[], Array]
    write: Callable[[Array], None]


class Pruned(msgspec.Struct):
    """Zeros and size of each pruned tensor, in order."""

    zeros: dict[str, int]
    sizes: dict[str, int]
    left: list[str] = []
    """Kernels that were left alone: skipped, too small, or depthwise."""

    def sparsity(self) -> float:
        """Return the share of zeros over all pruned tensors."""
        return sum(self.zeros.values()) / max(1, sum(self.sizes.values()))


def prune(places: list[Place], plan: Plan) -> Pruned:
    """Prune every place; raises WorkbenchError when there is none."""
    if not places:
        raise WorkbenchError(
            _("There is nothing to prune: no kernel or embedding is left."),
            _("Skip fewer layers, lower the minimum size, or include depthwise convolutions."),
        )
    if plan.layerwise:
        counts = share_counts([place.size for place in places], plan.sparsity)
        cuts = [cut_for([place.read], count) for place, count in zip(places, counts, strict=True)]
    else:
        total = sum(place.size for place in places)
        shared = cut_for([place.read for place in places], round(plan.sparsity * total))
        cuts = [shared] * len(places)
    zeros = {place.name: _apply(place, cut) for place, cut in zip(places, cuts, strict=True)}
    return Pruned(zeros, {place.name: place.size for place in places})


def prune_hdf5(file: Path, sources: Mapping[str, str], plan: Plan) -> Pruned:
    """Prune data sets of an HDF5 file that is already a copy. ``sources``: data set paths by tensor name."""
    try:
        with h5py.File(file, "r+") as opened:
            hdf5.refuse_outside(opened, file.name)
            return prune([_dataset_place(opened, name, source) for name, source in sources.items()], plan)
    except OSError as error:
        raise WorkbenchError(
            _("Cannot rewrite the weights: {reason}.").format(reason=error),
            _("The file is damaged, or the disk is full."),
        ) from error


def prune_onnx(source: Path, target: Path, plan: Plan) -> Pruned:
    """Write a pruned copy of an ONNX model: initializers and Constant nodes, branches and loop bodies too."""
    model = load_onnx(source)
    valid = is_valid(model)
    weights = weights_of(model)
    plan.check([weight.name for weight in weights] + [weight.layer for weight in weights])
    groups = _groups_by_weight(model)
    places: list[Place] = []
    left: list[str] = []
    for weight in weights:
        size = int(np.prod(weight.tensor.dims, dtype=np.int64))
        depthwise = weight.op == "Conv" and groups.get(weight.name, 1) > 1 and weight.tensor.dims[1] == 1
        skipped = any(_names(weight.layer, pattern) for pattern in plan.skip)
        if not skipped and plan.takes(weight.name, size, depthwise=depthwise):
            places.append(_onnx_place(weight, size))
        else:
            left.append(weight.name)
    pruned = prune(places, plan)
    pruned.left = left
    save_onnx(model, target, checked=valid)
    return pruned


def _onnx_place(weight: Weight, size: int) -> Place:
    return Place(
        weight.name,
        size,
        lambda: numbers(weight.tensor),
        lambda values: replace_numbers(weight.tensor, values),
    )


def _dataset_place(opened: Any, name: str, source: str) -> Place:
    dataset = hdf5.child(opened, source)
    if not isinstance(dataset, h5py.Dataset):
        raise WorkbenchError(_("The file holds no tensor {name}.").format(name=name), _("Open the file again."))

    def write(values: Array) -> None:
        dataset[...] = values

    return Place(name, int(np.prod(dataset.shape, dtype=np.int64)), lambda: np.asarray(dataset[()]), write)


def _apply(place: Place, cut: Cut) -> int:
    values = cut.prune(place.read())
    place.write(values)
    return zeros_in(values)


def _groups_by_weight(model: Any) -> dict[str, int]:
    return {
        node.input[1]: next((item.i for item in node.attribute if item.name == "group"), 1)
        for node in model.graph.node
        if node.op_type == "Conv"
    }


def _names(name: str, pattern: str) -> bool:
    """Say whether a pattern means this tensor: its name, its layer's, or both with * and ?."""
    layer = name.rpartition("/")[0]
    return any(
        text == pattern or fnmatchcase(text, pattern) for text in (name, layer, layer.rpartition("/")[2]) if text
    )
