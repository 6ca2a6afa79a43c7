"""SHA-256 of a file, or of a folder's files and their names: which bytes exactly a step started from and made."""

from __future__ import annotations

import hashlib
from pathlib import Path

_BLOCK = 1 << 20


def fingerprint(path: Path) -> str:
    """Return the hex digest of a file's bytes; of a folder, one over relative path, size and bytes of every file."""
    digest = hashlib.sha256()
    if path.is_dir():
        for item in sorted(item for item in path.rglob("*") if item.is_file()):
            name = item.relative_to(path).as_posix().encode()
            digest.update(len(name).to_bytes(8, "big") + name + item.stat().st_size.to_bytes(8, "big"))
            _add(digest, item)
    else:
        _add(digest, path)
    return digest.hexdigest()


def _add(digest: hashlib._Hash, path: Path) -> None:
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
