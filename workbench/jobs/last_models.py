"""The models that this worker read last: each look at one (graph, layout, tensor) would else read the file anew."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from workbench.core.graph import Graph
from workbench.formats import Format
from workbench.formats.identify import identify, read_model

MOST = 2
"""The one in view, and the one that it is compared with."""


def read_again(path: Path) -> tuple[Format, Graph]:
    """Return the format and Graph of ``path``, read now unless it is as it was at the last time; not to be changed.

    Raises WorkbenchError as ``read_model`` does.
    """
    return _read(str(path), stamp(path))


def stamp(path: Path) -> tuple[int, int]:
    """Return the newest modification time in ns and the size in bytes of a file, or of all files in a folder."""
    try:
        files = [path, *path.rglob("*")] if path.is_dir() else [path]
        facts = [item.stat() for item in files]
    except OSError:  # reading it will say what is wrong
        return (0, 0)
    return max(each.st_mtime_ns for each in facts), sum(each.st_size for each in facts)


@lru_cache(maxsize=MOST)
def _read(path: str, seen: tuple[int, int]) -> tuple[Format, Graph]:
    return identify(Path(path)), read_model(Path(path))
