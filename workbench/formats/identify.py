"""Say from its content what a file is: one of our formats, or by name what else, with the way out."""

from __future__ import annotations

import gc
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import workbench.formats
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Graph
from workbench.core.i18n import _
from workbench.core.paths import size_of
from workbench.core.plugins import discover
from workbench.formats import Format
from workbench.formats.foreign import foreign_file, foreign_folder


def identify(path: Path) -> Format:
    """Return the Format that reads ``path``, by content; raises WorkbenchError naming what a foreign file is."""
    formats = discover(workbench.formats, Format)
    try:
        mode = path.stat().st_mode
        is_folder = stat.S_ISDIR(mode)
        if not is_folder and not stat.S_ISREG(mode):
            raise WorkbenchError(
                _("{path} is a device or pipe, not a file.").format(path=path), _("Copy what it gives to a file first.")
            )
        if not is_folder:
            with path.open("rb") as file:
                file.read(1)
        for candidate in formats.values():
            if candidate.is_folder == is_folder and candidate.matches(path):
                return candidate
        raise foreign_folder(path) if is_folder else foreign_file(path)
    except OSError as error:
        raise unreadable(path, error) from error


def read_model(path: Path) -> Graph:
    """Identify and read a model; fills in ``format``, ``name`` and the sizes. Raises WorkbenchError."""
    found = identify(path)
    try:
        with _no_collection():
            graph = found.read(path)
        graph.bytes = graph.bytes or size_of(path)
    except OSError as error:
        raise unreadable(path, error) from error
    except RecursionError as error:
        raise WorkbenchError(
            _("{name} is nested too deeply to be read.").format(name=path.name),
            _("No training tool writes such a file; it may have been made to crash programs. Get it from its source."),
        ) from error
    graph.format = found.id
    graph.name = graph.name or path.stem
    graph.weights_bytes = graph.weights_bytes or sum(
        tensor.nbytes for each in graph.all_graphs() for tensor in each.tensors.values()
    )
    return graph


@contextmanager
def _no_collection() -> Iterator[None]:
    """Pause the garbage collector: all that a reader makes stays, and looking for what does not takes half the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def unreadable(path: Path, error: OSError) -> WorkbenchError:
    """Return the error that says why the system did not let a file be read."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        broken = path.is_symlink()
        return WorkbenchError(
            _("{path} is a link to something that does not exist.").format(path=path)
            if broken
            else _("There is no file {path}.").format(path=path),
            _("Check the spelling, or whether the file was moved or its disk is not connected."),
        )
    if isinstance(error, PermissionError):
        return WorkbenchError(
            _("You may not read {path}.").format(path=path), _("Ask its owner for read permission, or copy it.")
        )
    return WorkbenchError(
        _("Cannot read {path}: {reason}.").format(path=path, reason=error.strerror or error),
        _("Check the disk or network drive that holds it, and copy the file to a local folder."),
    )
