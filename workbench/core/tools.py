"""Which versions of which libraries did the work: part of every step's record."""

from __future__ import annotations

from importlib import metadata

import workbench


def versions(*packages: str) -> dict[str, str]:
    """Return the installed version of each distribution, plus ours; one that is not installed is left out."""
    found = {"model-workbench": workbench.__version__}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
