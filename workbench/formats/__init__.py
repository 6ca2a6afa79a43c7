"""Formats: read a model file into a Graph without executing anything in it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from workbench.core.graph import Graph, Tensor
from workbench.core.plugins import Plugin

Slice = tuple[slice, ...]


class Format(Plugin):
    """One file format. Reading never executes, never follows a path out of the model's folder, never loads weights."""

    suffixes: ClassVar[tuple[str, ...]] = ()
    """Usual endings, for the Open dialog only: a file is matched by content."""
    is_folder: ClassVar[bool] = False

    def matches(self, path: Path) -> bool:
        """Say from the content whether this is such a file; never raises for bad content."""
        raise NotImplementedError

    def read(self, path: Path) -> Graph:
        """Read the Graph; raises WorkbenchError for a truncated or malformed file."""
        raise NotImplementedError

    def read_tensor(self, path: Path, tensor: Tensor, region: Slice | None = None) -> NDArray[np.generic]:
        """Read the numbers of ``tensor`` (or only ``region`` of it), dequantized never, densified when sparse."""
        raise NotImplementedError
