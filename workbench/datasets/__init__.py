"""Data sets: read samples and labels, prepared and checked against a model's inputs."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from workbench.core.datasets import DataSpec
from workbench.core.graph import Port
from workbench.core.plugins import Plugin
from workbench.core.samples import Dataset

__all__ = ["Dataset", "Reader"]


class Reader(Plugin):
    """One kind of data set."""

    suffixes: ClassVar[tuple[str, ...]] = ()

    def matches(self, path: Path) -> bool:
        """Say from the content whether this is such a data set; never raises."""
        raise NotImplementedError

    def open(self, spec: DataSpec, ports: list[Port]) -> Dataset:
        """Open and check against the inputs before any job runs; raises WorkbenchError naming shape and way out."""
        raise NotImplementedError
