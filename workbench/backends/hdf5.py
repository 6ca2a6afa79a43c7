"""Read Keras weights out of HDF5 without following any link or path that leads out of the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import IOBase
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from workbench.core.errors import WorkbenchError
from workbench.core.graph import Tensor
from workbench.core.i18n import _

SUSPICIOUS_BYTES = 64 * 1024 * 1024
LARGEST_RATIO = 1100
"""Deflate cannot shrink by more than 1032: whatever declares more than this is no honest data set."""


@contextmanager
def opened(file: Path | IOBase, name: str) -> Iterator[h5py.File]:
    """Open for reading; raises WorkbenchError with HDF5's own reason when the file is truncated or damaged."""
    try:
        with h5py.File(file, "r", locking=False) as content:
            yield content
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, SystemError, MemoryError, OverflowError) as error:
        reason = str(error).lower()
        if isinstance(error, FileNotFoundError | PermissionError):
            raise
        if "truncated" in reason or "eof" in reason:
            message = _("{name} is truncated: a part of the HDF5 file is missing.")
        else:
            message = _("{name} is a damaged HDF5 file: {reason}.")
        raise WorkbenchError(
            message.format(name=name, reason=str(error).strip("\"'")),
            _("Download or copy the file again and compare its size with the source."),
        ) from error


def text_attribute(group: Any, name: str) -> str:
    """Return a text attribute, "" when there is none."""
    value = group.attrs.get(name)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return value if isinstance(value, str) else ""


def list_attribute(group: Any, name: str) -> list[str] | None:
    """Return a list of texts; Keras splits long ones over name0, name1 ... None when there is none."""
    if name in group.attrs:
        pieces = [group.attrs[name]]
    else:
        pieces = []
        while f"{name}{len(pieces)}" in group.attrs:
            pieces.append(group.attrs[f"{name}{len(pieces)}"])
        if not pieces:
            return None
    flat = [item for piece in pieces for item in np.asarray(piece).reshape(-1).tolist()]
    return [item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item) for item in flat]


def child(group: Any, path: str) -> Any:
    """Return the member at a relative path, following hard links only; None when it is not there."""
    parts = path.strip("/").split("/")
    if not isinstance(group, h5py.Group) or not all(parts):
        return None
    for end in range(1, len(parts) + 1):
        try:
            link = group.id.links.get_info("/".join(parts[:end]).encode())
        except (KeyError, RuntimeError):
            return None
        if link.type != h5py.h5l.TYPE_HARD:
            return None
    return group["/".join(parts)]


def datasets(group: Any) -> dict[str, Any]:
    """Return every numeric data set below ``group`` by relative path, in file order; links are not followed."""
    found: dict[str, Any] = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "fiubcV":
            found[name] = item

    group.visititems(visit)
    return found


def links_left_out(group: Any) -> int:
    """Count the soft and external links, which are never followed."""
    count = 0

    def visit(_name: bytes, link: Any) -> None:
        nonlocal count
        count += link.type != h5py.h5l.TYPE_HARD

    group.id.links.visit(visit, info=True)
    return count


def stored_bytes(group: Any) -> int:
    """Return the bytes of all data sets below a group."""
    total = 0

    def visit(name: bytes) -> None:
        nonlocal total
        item = h5py.h5o.open(group.id, name)
        if isinstance(item, h5py.h5d.DatasetID):
            total += int(item.get_storage_size())

    h5py.h5o.visit(group.id, visit)
    return total


def tensor_of(name: str, dataset: Any) -> Tensor:
    """Describe a data set without reading it."""
    return Tensor(
        name,
        dtype_name(dataset.dtype),
        [int(dim) for dim in dataset.shape or ()],
        int(dataset.id.get_storage_size()),
        source=dataset.name,
    )


def dtype_name(dtype: np.dtype[Any]) -> str:
    """Return the numpy spelling; Keras stores bfloat16 as two opaque bytes."""
    if dtype.kind == "V":
        return "bfloat16" if dtype.itemsize == 2 else str(dtype)
    return str(dtype.newbyteorder("=")) if dtype.kind != "O" else "string"


def refuse_outside(file: Any, name: str) -> None:
    """Raise WorkbenchError naming a link out of the file, or a data set whose numbers lie in another one.

    Whatever opens the file afterwards finds all of it inside: each link and each object is looked at once, however
    many names lead to it.
    """
    outward: list[str] = []

    def visit_link(path: bytes, link: Any) -> None:
        if link.type not in (h5py.h5l.TYPE_HARD, h5py.h5l.TYPE_SOFT):
            outward.append(path.decode("utf-8", "replace"))

    def visit_object(path: bytes) -> None:
        refuse_kept_outside(h5py.h5o.open(file.id, path), path.decode("utf-8", "replace"))

    file.id.links.visit(visit_link, info=True)
    if outward:
        raise WorkbenchError(
            _("{path} takes {name} from another file through an HDF5 link.").format(path=name, name=outward[0]),
            _("Such links are never followed: save the model again into one file."),
        )
    h5py.h5o.visit(file.id, visit_object)


def refuse_kept_outside(item: Any, name: str) -> None:
    """Raise WorkbenchError for a data set (h5py's low-level id) whose numbers lie in another file."""
    if not isinstance(item, h5py.h5d.DatasetID):
        return
    created = item.get_create_plist()
    if created.get_layout() == h5py.h5d.VIRTUAL or created.get_external_count():
        raise WorkbenchError(
            _("The tensor {name} is kept in another file, which is not opened.").format(name=name),
            _("Load the model where it was made and save it into one file."),
        )


def read_region(dataset: Any, region: tuple[slice, ...] | None) -> NDArray[np.generic]:
    """Read numbers; refuses data kept outside of the file and sizes that the stored bytes cannot fill."""
    refuse_kept_outside(dataset.id, dataset.name)
    declared = int(np.prod(dataset.shape, dtype=np.int64)) * dataset.dtype.itemsize
    stored = int(dataset.id.get_storage_size())
    if declared > SUSPICIOUS_BYTES and declared > stored * LARGEST_RATIO:
        raise WorkbenchError(
            _("The tensor {name} says that it holds {declared} bytes, but the file stores only {stored}.").format(
                name=dataset.name, declared=declared, stored=stored
            ),
            _("The file is damaged or was made to exhaust memory. Get it again from its source."),
        )
    values: NDArray[np.generic] = np.asarray(dataset[region if region else ()])
    if values.dtype.kind == "V" and values.dtype.itemsize == 2:
        return (values.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return values


def weights_root(file: Any) -> Any:
    """Return the group that holds Keras's weights, None when there is none."""
    for candidate in (child(file, "model_weights"), file):
        if isinstance(candidate, h5py.Group) and (
            list_attribute(candidate, "layer_names") is not None or _has_paths(candidate)
        ):
            return candidate
    return None


def _has_paths(group: Any) -> bool:
    """Say whether this is the Keras 3 form of weights (.weights.h5)."""
    names = ("layers", "_layer_checkpoint_dependencies", "vars")
    return any(isinstance(child(group, name), h5py.Group) for name in names)


def grouped_weights(root: Any) -> dict[str, list[tuple[str, Tensor]]]:
    """Return the weights of each layer group as (stored name, Tensor), in Keras's order."""
    names = list_attribute(root, "layer_names")
    groups: dict[str, list[tuple[str, Tensor]]] = {}
    if names is None:
        for path, tensor in path_weights(root)[0].items():
            parts = [part for part in path.split("/") if part != "vars"]
            tensor.name = "/".join(parts)
            groups.setdefault("/".join(parts[:-1]), []).append((tensor.name, tensor))
        return groups
    for name in names:
        group = child(root, name)
        if group is None:
            continue
        stored = list_attribute(group, "weight_names")
        found = stored if stored is not None else list(datasets(group))
        for weight in found:
            dataset = child(group, weight)
            if isinstance(dataset, h5py.Dataset):
                groups.setdefault(name, []).append((weight, tensor_of(_clean(name, weight), dataset)))
    return groups


def _clean(layer: str, weight: str) -> str:
    weight = weight.removesuffix(":0")
    return weight if layer in weight.split("/") or weight.startswith(layer) else f"{layer}/{weight}"


def path_weights(file: Any) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return Keras 3 variables by path, optimizer left out, and the layer names that stand beside them by path."""
    stored: dict[str, Tensor] = {}
    names: dict[str, str] = {}

    def visit(path: str, item: Any) -> None:
        if path.split("/", 1)[0] in ("optimizer", "_optimizer", "metrics"):
            return
        clean = path.replace("_layer_checkpoint_dependencies/", "layers/")
        if isinstance(item, h5py.Dataset):
            tensor = tensor_of(path, item)
            if item.attrs.get("dtype") == "bfloat16":
                tensor.dtype = "bfloat16"
            stored[clean] = tensor
        elif clean.endswith("/vars") and "name" in item.attrs:
            names[clean.removesuffix("/vars")] = text_attribute(item, "name")

    file.visititems(visit)
    return dict(sorted(stored.items(), key=lambda pair: _natural(pair[0]))), names


def _natural(path: str) -> tuple[tuple[bool, int, str], ...]:
    return tuple((part.isdigit(), int(part) if part.isdigit() else 0, part) for part in path.split("/"))


def read_named(file: Any, source: str, region: tuple[slice, ...] | None) -> NDArray[np.generic]:
    """Read the data set at an absolute path; raises WorkbenchError when it is not there."""
    dataset = child(file, source)
    if not isinstance(dataset, h5py.Dataset):
        raise WorkbenchError(_("The file holds no tensor {name}.").format(name=source), _("Open the file again."))
    return read_region(dataset, region)


def remarks(file: Any) -> list[str]:
    """Return notes about what else the file holds."""
    found = []
    optimizer = child(file, "optimizer_weights")
    if optimizer is None:
        optimizer = child(file, "optimizer")
    if isinstance(optimizer, h5py.Group):
        size = stored_bytes(optimizer)
        if size >= 100_000:
            found.append(
                _("{size:.1f} MB of the file are the optimizer's state, needed only to go on training.").format(
                    size=size / 1e6
                )
            )
    links = links_left_out(file)
    if links:
        found.append(_("{count} links inside the file were not followed.").format(count=links))
    return found
