"""Which container a file is: decided by its first bytes, once, for whoever looks into it and whoever loads it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Container = Literal["zip", "hdf5", ""]

ZIP_MAGIC = b"PK\x03\x04"
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
LAST_USER_BLOCK = 65536


def container_of(path: Path) -> Container:
    """Return what the file begins as; HDF5 may stand behind a user block, but not behind a zip. Raises OSError."""
    with path.open("rb") as file:
        if file.read(len(ZIP_MAGIC)) == ZIP_MAGIC:
            return "zip"
        offset = 0
        while offset <= LAST_USER_BLOCK:
            file.seek(offset)
            if file.read(len(HDF5_MAGIC)) == HDF5_MAGIC:
                return "hdf5"
            offset = offset * 2 or 512
    return ""
