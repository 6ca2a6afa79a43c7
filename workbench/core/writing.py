"""Write files and folders so that a killed job leaves the whole artifact or none, and nothing is overwritten."""

from __future__ import annotations

import errno
import os
import platform
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_DENIED = (errno.EACCES, errno.EROFS, errno.EPERM)
_FULL_BYTES = 1_000_000
"""With less than this free a failed write is put down to the full disk, whatever a library made of it."""


@contextmanager
def atomic_target(target: Path) -> Iterator[Path]:
    """Yield a temporary sibling to write a file or folder to; on success fsync it and rename it onto ``target``.

    Raises WorkbenchError when the target exists, its folder cannot be written, or the disk is full. On any error, or
    when the process is killed, ``target`` does not exist; a killed process leaves only a ``.partial`` sibling, which
    the next write into that folder removes.
    """
    if os.path.lexists(target):
        raise _exists(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        remove_partials(target.parent)
        scratch = Path(tempfile.mkdtemp(prefix=f"{_mark()}{os.getpid()}-", suffix=".partial", dir=target.parent))
    except OSError as error:
        raise _write_error(target, error) from error
    done = False
    try:
        partial = scratch / target.name
        yield partial
        _fsync_tree(partial)
        _rename(partial, target)
        _fsync(target.parent)
        done = True
    except OSError as error:
        if error.errno in _NO_ROOM + _DENIED:
            raise _explained(target, scratch, error) from error
        raise
    finally:
        full = not done and _is_full(target.parent)
        shutil.rmtree(scratch, ignore_errors=True)
        if full:  # libraries that are not Python's own raise something else than OSError
            raise _write_error(target, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


def remove_partials(folder: Path) -> None:
    """Remove what killed processes of this computer left half-written in ``folder``."""
    mark = _mark()
    for leftover in folder.glob(f"{mark}*.partial"):
        pid = leftover.name[len(mark) :].partition("-")[0]
        if pid.isdigit() and not _lives(int(pid)):
            shutil.rmtree(leftover, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _FULL_BYTES
    except OSError:  # the folder itself is gone
        return False


def _mark() -> str:
    """Return how half-written siblings begin: hidden, and telling computers that share a folder apart."""
    return f".workbench-{zlib.crc32(platform.node().encode()):08x}-"


def _exists(target: Path) -> WorkbenchError:
    return WorkbenchError(
        _("{path} exists already.").format(path=target), _("Choose another name: nothing is overwritten.")
    )


def _explained(target: Path, scratch: Path, error: OSError) -> WorkbenchError:
    """Say what went wrong with which file: one that the error names may be another than the target."""
    names = [
        Path(os.fsdecode(name)).absolute()
        for name in (error.filename, error.filename2)
        if isinstance(name, str | bytes)
    ]
    ours = any(name == target.absolute() or name.is_relative_to(scratch.absolute()) for name in names)
    if not names or ours:
        return _write_error(target, error)
    if error.errno in _NO_ROOM:
        return _write_error(names[0], error)
    return WorkbenchError(
        _("Cannot use {path}: {reason}.").format(path=names[0], reason=error.strerror or error),
        _("Check that you may read it; nothing was left half-written."),
    )


def _write_error(target: Path, error: OSError) -> WorkbenchError:
    if error.errno in _NO_ROOM:
        hint = _("Free some space or choose another folder; nothing was left half-written.")
    else:
        hint = _("Choose a folder that you may write to; nothing was left half-written.")
    return WorkbenchError(_("Cannot write {path}: {reason}.").format(path=target, reason=error.strerror or error), hint)


def _rename(partial: Path, target: Path) -> None:
    """Move into place without ever replacing what another process put there in the meantime."""
    if partial.is_dir():
        try:
            partial.rename(target)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise _exists(target) from error
            raise
        return
    try:
        os.link(partial, target)
    except FileExistsError as error:
        raise _exists(target) from error
    except OSError:  # a file system without hard links
        partial.rename(target)


def _fsync_tree(path: Path) -> None:
    if path.is_dir():
        for item in path.rglob("*"):
            if not item.is_symlink():
                _fsync(item)
    _fsync(path)


def _fsync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():  # Windows has no descriptors for folders
        return
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
