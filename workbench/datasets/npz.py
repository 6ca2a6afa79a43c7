"""NumPy files: .npz with named arrays, or one array in .npy (mapped, never loaded whole)."""

from __future__ import annotations

import lzma
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Port
from workbench.core.i18n import N_, _
from workbench.datasets import Dataset, Reader
from workbench.datasets.labels import CLASS_NAMES, labels_from
from workbench.datasets.matching import match_inputs, match_labels
from workbench.datasets.samples import ArrayColumn, Labels, StoredSamples

NPY_MAGIC = b"\x93NUMPY"
LARGEST_ARRAY = 8 << 30
"""Bytes of one array that is unpacked into memory; .npy has no such bound."""

DAMAGED = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,  # encrypted, or compressed in a way that Python does not know
    OverflowError,
    MemoryError,
    SyntaxError,
    tokenize.TokenError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)
"""What zipfile, its decompressors and numpy raise for files that are damaged, incomplete or locked."""


class Npz(Reader):
    """Arrays by the names of the model's inputs, or the only one that fits."""

    id = "npz"
    label = N_("NumPy arrays")
    summary = N_("Arrays in a .npz or .npy file, samples along the first axis.")
    suffixes: ClassVar[tuple[str, ...]] = (".npz", ".npy")

    def matches(self, path: Path) -> bool:
        """Look for the .npy magic, or a zip that holds only .npy members."""
        try:
            with path.open("rb") as file:
                if file.read(len(NPY_MAGIC)) == NPY_MAGIC:
                    return True
            if not zipfile.is_zipfile(path):
                return False
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except DAMAGED:
            return False
        return bool(names) and all(name.endswith(".npy") for name in names)

    def open(self, spec: DataSpec, ports: list[Port]) -> Dataset:
        """Find the arrays for inputs and labels from their headers, and read only those."""
        path = Path(spec.path)
        arrays = _Mapped(path) if _is_npy(path) else _Archive(path)
        shapes = arrays.shapes()
        inputs = match_inputs(spec, ports, shapes)
        columns = {port: ArrayColumn(arrays.read(name)) for port, name in inputs.items()}
        names = _class_names(arrays, shapes)
        label_array = match_labels(spec, list(inputs.values()), shapes)
        labels = Labels(None, names)
        if label_array:
            labels = labels_from(arrays.read(label_array), names, required=bool(spec.labels), name=label_array)
        return StoredSamples(spec, ports, columns, labels)


class _Mapped:
    """One array in a .npy file, and the labels beside it (``x.npy`` with ``x_labels.npy`` are not looked for)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._array: NDArray[np.generic] = np.load(path, mmap_mode="r", allow_pickle=False)
        except DAMAGED as error:
            raise _refused(path, path.name, error) from error

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {self._path.stem: self._array.shape}

    def read(self, name: str) -> NDArray[np.generic]:
        return self._array


class _Archive:
    """The arrays of a .npz file: headers at once, numbers when asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def shapes(self) -> dict[str, tuple[int, ...]]:
        try:
            with zipfile.ZipFile(self._path) as archive:
                members = [name for name in archive.namelist() if name.endswith(".npy")]
                return {name.removesuffix(".npy"): self._header(archive, name)[0] for name in members}
        except DAMAGED as error:
            raise _refused(self._path, self._path.name, error) from error

    def read(self, name: str) -> NDArray[np.generic]:
        try:
            with zipfile.ZipFile(self._path) as archive:
                self._check_size(archive, f"{name}.npy")
                with archive.open(f"{name}.npy") as member:
                    array: NDArray[np.generic] = np.lib.format.read_array(member, allow_pickle=False)
        except DAMAGED as error:
            raise _refused(self._path, name, error) from error
        return array

    def _check_size(self, archive: zipfile.ZipFile, member: str) -> None:
        shape, dtype = self._header(archive, member)
        size = int(np.prod(shape, dtype=object)) * dtype.itemsize
        if size > LARGEST_ARRAY:
            raise WorkbenchError(
                _("Array {name} in {path} says it needs {size} GB of memory.").format(
                    name=member.removesuffix(".npy"), path=self._path, size=size >> 30
                ),
                _("Save it as a .npy file: that is read piece by piece."),
            )

    def _header(self, archive: zipfile.ZipFile, member: str) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
        try:
            with archive.open(member) as file:
                version = np.lib.format.read_magic(file)
                read = {
                    (1, 0): np.lib.format.read_array_header_1_0,
                    (2, 0): np.lib.format.read_array_header_2_0,
                }.get(version, np.lib.format.read_array_header_2_0)
                shape, _fortran, dtype = read(file)
        except DAMAGED as error:
            raise _refused(self._path, member, error) from error
        return tuple(shape), dtype


def _is_npy(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(NPY_MAGIC)) == NPY_MAGIC
    except OSError as error:
        raise _refused(path, path.name, error) from error


def _refused(path: Path, name: str, error: Exception) -> WorkbenchError:
    if "allow_pickle" in str(error) or "Python objects" in str(error):
        return WorkbenchError(
            _("{name} in {path} holds Python objects, which could run code: it is not read.").format(
                name=name, path=path
            ),
            _("Save plain arrays of numbers or text (not dtype=object)."),
        )
    return WorkbenchError(
        _("Cannot read {name} in {path}: {reason}.").format(name=name, path=path, reason=error),
        _("The file is damaged or incomplete: save it again with numpy.savez or numpy.save."),
    )


def _class_names(arrays: _Mapped | _Archive, shapes: dict[str, tuple[int, ...]]) -> list[str]:
    for name in CLASS_NAMES:
        if name in shapes and len(shapes[name]) == 1:
            found = arrays.read(name)
            if found.dtype.kind in "US":
                return [text.decode() if isinstance(text, bytes) else str(text) for text in found.tolist()]
    return []
