"""Write files and folders so that a killed job leaves the whole artifact or none, and nothing is overwritten."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _


@contextmanager
def atomic_target(target: Path) -> Iterator[Path]:
    """Yield a temporary sibling to write a file or folder to; on success fsync it and rename it onto ``target``.

    Raises WorkbenchError when the target exists, its folder cannot be written, or the disk is full. On any error, or
    when the process is killed, ``target`` does not exist; a killed process leaves only a ``.partial`` sibling.
    """
    if target.exists():
        raise WorkbenchError(
            _("{path} exists already.").format(path=target), _("Choose another name: nothing is overwritten.")
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
    except OSError as error:
        raise _write_error(target, error) from error
    try:
        partial = scratch / target.name
        yield partial
        _fsync_tree(partial)
        partial.rename(target)
        _fsync(target.parent)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM):
            raise _write_error(target, error) from error
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _write_error(target: Path, error: OSError) -> WorkbenchError:
    return WorkbenchError(
        _("Cannot write {path}: {reason}.").format(path=target, reason=error.strerror or error),
        _("Free some space or choose a folder that you may write to; nothing was left half-written."),
    )


def _fsync_tree(path: Path) -> None:
    if path.is_dir():
        for item in path.rglob("*"):
            if item.is_file():
                _fsync(item)
    else:
        _fsync(path)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
