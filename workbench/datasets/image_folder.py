"""Folders of images: one folder a class, or all in one folder without labels; read one at a time."""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Port
from workbench.core.i18n import N_, _
from workbench.datasets import Dataset, Reader
from workbench.datasets.samples import Labels, StoredSamples

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")

DAMAGED = (OSError, SyntaxError, ValueError, EOFError, TypeError, LookupError, RuntimeError, struct.error, zlib.error)
"""What Pillow's decoders raise for content that is not what it says."""


class ImageFolder(Reader):
    """Pictures, turned upright as their EXIF says."""

    id = "image-folder"
    label = N_("Image folder")
    summary = N_("One folder of images for each class, or one folder without labels; a single image works too.")
    suffixes: ClassVar[tuple[str, ...]] = SUFFIXES

    def matches(self, path: Path) -> bool:
        """Look for files with an image's ending in the folder or its subfolders."""
        if path.is_file():
            return _is_image(path)
        try:
            return next(_walk(path), None) is not None
        except OSError:
            return False

    def open(self, spec: DataSpec, ports: list[Port]) -> Dataset:
        """List the images and the classes; pixels are read when they are asked for."""
        if len(ports) != 1:
            raise WorkbenchError(
                _("A folder of images feeds one input; the model has {n}.").format(n=len(ports)),
                _("Save the inputs as arrays in a .npz file."),
            )
        root = Path(spec.path)
        files, labels = ([root], Labels()) if root.is_file() else _listed(root)
        if not files:
            raise WorkbenchError(
                _("{path} holds no images.").format(path=root),
                _("Known endings: {names}.").format(names=", ".join(SUFFIXES)),
            )
        fitted = msgspec.structs.replace(spec.preprocessing, resize=True)  # files come in all sizes
        spec = msgspec.structs.replace(spec, preprocessing=fitted)
        return StoredSamples(spec, ports, {ports[0].name: Pictures(root, files)}, labels)


class Pictures:
    """The pixels of image files: (height, width) for grey, (height, width, 3) for colour, uint8."""

    def __init__(self, root: Path, files: list[Path]) -> None:
        self._root = root
        self._files = files

    def __len__(self) -> int:
        """Return the number of files."""
        return len(self._files)

    def sample(self, index: int) -> NDArray[np.generic]:
        """Read one image; raises WorkbenchError for a broken or enormous one."""
        return _pixels(self._files[index])

    def raw(self, index: int) -> bytes:
        """Return the name inside the folder and the file's bytes."""
        path = self._files[index]
        try:
            return path.relative_to(self._root).as_posix().encode() + b"\0" + path.read_bytes()
        except OSError as error:
            raise _unreadable(path, error.strerror or str(error)) from error


def _pixels(path: Path) -> NDArray[np.generic]:
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        warnings.filterwarnings("ignore", category=UserWarning, module="PIL")  # odd EXIF and TIFF tags
        try:
            with Image.open(path) as image:
                upright = ImageOps.exif_transpose(image)
                if upright.mode.startswith("I"):  # 16 bits a channel
                    return (np.asarray(upright, dtype=np.int64) >> 8).clip(0, 255).astype(np.uint8)
                grey = upright.mode in ("1", "L", "LA", "La")
                return np.asarray(upright.convert("L" if grey else "RGB"))
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise WorkbenchError(
                _("The image {path} unpacks to more than {n} million pixels and is not read.").format(
                    path=path, n=(Image.MAX_IMAGE_PIXELS or 0) // 1_000_000
                ),
                _("Make it smaller, or take it out of the folder."),
            ) from error
        except DAMAGED as error:
            raise _unreadable(path, str(error)) from error


def _unreadable(path: Path, reason: str) -> WorkbenchError:
    return WorkbenchError(
        _("Cannot read the image {path}: {reason}.").format(path=path, reason=reason),
        _("Take it out of the folder, or save it again."),
    )


def _listed(root: Path) -> tuple[list[Path], Labels]:
    """Return all images by class folder, classes sorted by name as Keras and torchvision sort them."""
    try:
        folders = sorted(item for item in root.iterdir() if item.is_dir() and not item.name.startswith("."))
        by_class = {folder.name: sorted(_walk(folder)) for folder in folders}
        loose = sorted(item for item in root.iterdir() if item.is_file() and _is_image(item))
    except OSError as error:
        raise WorkbenchError(_("Cannot read {path}: {reason}.").format(path=root, reason=error.strerror)) from error
    by_class = {name: files for name, files in by_class.items() if files}
    if not by_class:
        return loose, Labels()
    if loose:
        raise WorkbenchError(
            _("{path} holds images beside its class folders.").format(path=root),
            _("Put each image into the folder of its class, or all of them into one folder without classes."),
        )
    files = [path for group in by_class.values() for path in group]
    indices = np.repeat(np.arange(len(by_class)), [len(group) for group in by_class.values()])
    return files, Labels(indices.astype(np.int64), list(by_class))


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(parent) / name for name in names if _is_image(Path(name)))


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
