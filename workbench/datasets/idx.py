"""IDX files (MNIST-style): a big-endian array each, plain or gzipped, images and labels in files of their own."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Port
from workbench.core.i18n import N_, _
from workbench.datasets import Dataset, Reader
from workbench.datasets.labels import labels_from
from workbench.datasets.samples import ArrayColumn, Labels, StoredSamples

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
"""Type codes of the format: http://yann.lecun.com/exdb/mnist/ ("the IDX file format")."""
LARGEST_ARRAY = 8 << 30
"""Bytes that a gzipped file may unpack to."""
SPLITS = {"train": "train", "test": "t10k", "t10k": "t10k"}


class Idx(Reader):
    """One IDX file of samples with its labels beside it, or a folder with the MNIST names."""

    id = "idx"
    label = N_("IDX (MNIST-style)")
    summary = N_("train-images-idx3-ubyte and train-labels-idx1-ubyte, plain or gzipped, or their folder.")
    suffixes: ClassVar[tuple[str, ...]] = (".gz", "")

    def matches(self, path: Path) -> bool:
        """Look for the IDX header, or for a folder that holds such files."""
        if path.is_dir():
            return bool(_images(path))
        try:
            with _opened(path) as file:
                return _header(file) is not None
        except (OSError, EOFError, zlib.error):
            return False

    def open(self, spec: DataSpec, ports: list[Port]) -> Dataset:
        """Read samples and, from the file called alike, labels."""
        if len(ports) != 1:
            raise WorkbenchError(
                _("An IDX file feeds one input; the model has {n}.").format(n=len(ports)),
                _("Save the inputs as arrays in a .npz file."),
            )
        path = Path(spec.path)
        source = _chosen(path, spec.inputs) if path.is_dir() else path
        labels_path = (source.parent / spec.labels) if spec.labels else _labels_beside(source)
        labels = Labels()
        if labels_path is not None:
            labels = labels_from(_read(labels_path), [], required=True, name=labels_path.name)
        return StoredSamples(spec, ports, {ports[0].name: ArrayColumn(_read(source))}, labels)


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path, "rb")) if zipped else path.open("rb")


def _header(file: BinaryIO) -> tuple[np.dtype[np.generic], tuple[int, ...]] | None:
    """Read type and shape, or None when it is no IDX file. Format: 0, 0, type, rank, then rank big-endian uint32."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in TYPES or not 1 <= magic[3] <= 8:
        return None
    sizes = file.read(4 * magic[3])
    if len(sizes) < 4 * magic[3]:
        return None
    return np.dtype(TYPES[magic[2]]), struct.unpack(f">{magic[3]}I", sizes)


def _read(path: Path) -> NDArray[np.generic]:
    try:
        with _opened(path) as file:
            header = _header(file)
            if header is None:
                raise WorkbenchError(_("{path} is not an IDX file.").format(path=path))
            dtype, shape = header
            size = int(np.prod(shape, dtype=object)) * dtype.itemsize
            start = 4 + 4 * len(shape)
            if not isinstance(file, gzip.GzipFile):
                if path.stat().st_size < start + size:
                    raise EOFError(_("it ends too early"))
                return np.memmap(path, dtype=dtype, mode="r", offset=start, shape=shape)
            if size > LARGEST_ARRAY:
                raise WorkbenchError(
                    _("{path} says it unpacks to {size} GB.").format(path=path, size=size >> 30),
                    _("Unpack it first: a plain IDX file is read piece by piece."),
                )
            content = file.read(size)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, str(error)) from error
    if len(content) < size:
        raise _damaged(path, _("it ends too early"))
    return np.frombuffer(content, dtype=dtype).reshape(shape)


def _damaged(path: Path, reason: str) -> WorkbenchError:
    return WorkbenchError(
        _("Cannot read {path}: {reason}.").format(path=path, reason=reason), _("Download or copy the file again.")
    )


def _images(folder: Path) -> list[Path]:
    """Return the files of a folder that are called like images in IDX files."""
    return sorted(path for path in folder.iterdir() if "images" in path.name and "idx" in path.name and path.is_file())


def _chosen(folder: Path, asked: str) -> Path:
    images = _images(folder)
    if asked:
        prefix = SPLITS.get(asked, asked)
        images = [path for path in images if path.name.startswith(prefix)]
    if len(images) == 1:
        return images[0]
    names = ", ".join(path.name for path in images or _images(folder))
    if not names:
        raise WorkbenchError(_("{path} holds no IDX images.").format(path=folder))
    raise WorkbenchError(
        _("The folder {path} holds these sets: {names}.").format(path=folder, names=names),
        _("Say which one in the setting inputs (train or test), or give one file."),
    )


def _labels_beside(images: Path) -> Path | None:
    """Return the labels that belong to ``images`` (train-images-idx3-ubyte.gz: train-labels-idx1-ubyte[.gz])."""
    if "images" not in images.name:
        return None
    name = images.name.replace("images", "labels").replace("idx3", "idx1")
    for candidate in (name, name.removesuffix(".gz"), f"{name}.gz"):
        if (images.parent / candidate).is_file():
            return images.parent / candidate
    return None
