"""The models folder of a project: one folder an artifact, with step.json, so that no finished work is ever lost."""

from __future__ import annotations

import logging
import os
import re
import shutil
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil

from workbench.core import wire
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _
from workbench.core.writing import atomic_target, remove_partials

logger = logging.getLogger(__name__)

STEP = "step.json"
_RESERVED = ".workbench-reserved"
"""Holds the pid of the process that a job's target folder is waiting for."""


class KeptStep(msgspec.Struct, frozen=True, kw_only=True):
    """What step.json says: enough to put the artifact back into the database."""

    artifact: str
    """File or folder name beside step.json."""
    source: str
    """Absolute path of the model that it was made from."""
    step: dict[str, Any]
    """JSON of Transformed."""


class _Essentials(msgspec.Struct):
    """What a step must say for its artifact to be taken in."""

    format: str
    artifact_sha256: str = ""
    source_sha256: str = ""


def reserve(models: Path, name: str, suffix: str) -> Path:
    """Return a path in a new folder of its own for an artifact called ``name``; raises WorkbenchError."""
    slug = slug_of(name)
    number = 1
    while True:
        folder = models / (slug if number == 1 else f"{slug}-{number}")
        try:
            folder.mkdir(parents=True)
            (folder / _RESERVED).write_text(str(os.getpid()), encoding="ascii")
        except FileExistsError:
            number += 1
            continue
        except OSError as error:
            raise WorkbenchError(
                _("Cannot write to the project folder {path}: {reason}.").format(
                    path=models.parent, reason=error.strerror
                ),
                _("Free some space or choose a folder that you may write to."),
            ) from error
        return folder / f"{slug}{suffix}"


def slug_of(name: str) -> str:
    """Return ``name`` as a file name that every system takes; letters of all scripts are kept."""
    slug = re.sub(r"[^\w.+-]+", "-", name).strip("-. ")[:60].rstrip("-. ")
    if not slug or re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", slug):
        slug = f"model-{slug}".rstrip("-")
    return slug


def keep_step(artifact: Path, *, source: Path, step: Any) -> None:
    """Write step.json beside an artifact that lies in a folder made by ``reserve``; elsewhere do nothing.

    A worker calls it just before the artifact appears: a step without its artifact counts for nothing, and once both
    are there the step survives whatever happens to the window.
    """
    if not (artifact.parent / _RESERVED).exists():
        return
    kept = KeptStep(artifact=artifact.name, source=str(source), step=msgspec.to_builtins(step))
    with atomic_target(artifact.parent / STEP) as partial:
        partial.write_bytes(wire.encode(kept))


def kept_steps(models: Path) -> Iterator[tuple[Path, KeptStep]]:
    """Yield every finished artifact with its step; a step.json that does not make sense is left alone."""
    for path in sorted(models.glob(f"*/{STEP}"), key=lambda item: item.stat().st_mtime_ns):
        kept = _read_step(path)
        if kept is not None and _artifact_of(path, kept).exists():
            yield _artifact_of(path, kept), kept


def _read_step(path: Path) -> KeptStep | None:
    try:
        kept = wire.decode(path.read_bytes(), KeptStep)
        msgspec.convert(kept.step, _Essentials)
        if not (Path(kept.artifact).name and Path(kept.source).is_absolute()):
            raise msgspec.ValidationError("it does not name its artifact and source")
    except (msgspec.DecodeError, OSError) as error:
        logger.warning("%s is skipped: %s", path, error)
        return None
    return KeptStep(artifact=kept.artifact, source=kept.source, step=wire.restored(kept.step))


def _artifact_of(path: Path, kept: KeptStep) -> Path:
    return path.parent / Path(kept.artifact).name


def remove_unfinished(models: Path, known: Collection[Path]) -> None:
    """Remove what jobs of dead processes began and did not finish.

    Folders of ``known`` artifacts, and those that a person made, are left alone.
    """
    folders = {path.parent for path in known}
    for mark in models.glob(f"*/{_RESERVED}"):
        folder = mark.parent
        if folder in folders or _is_finished(folder):
            remove_partials(folder)
        elif not _is_awaited(mark):
            shutil.rmtree(folder, ignore_errors=True)


def _is_finished(folder: Path) -> bool:
    """Whether a step.json and its artifact are there; one that cannot be read may be a finished one's."""
    if not (folder / STEP).exists():
        return False
    kept = _read_step(folder / STEP)
    return kept is None or _artifact_of(folder / STEP, kept).exists()


def settle(artifact: Path) -> None:
    """Note that the artifact has arrived in the database: its folder is no longer only reserved."""
    (artifact.parent / _RESERVED).unlink(missing_ok=True)


def _is_awaited(mark: Path) -> bool:
    try:
        pid, age = mark.read_text(encoding="ascii"), time.time() - mark.stat().st_mtime
    except OSError:
        return True  # it has just been settled by another window
    if not pid:
        return age < 60  # about to be written, or its writer was killed
    return pid.isdigit() and psutil.pid_exists(int(pid))
