"""Choose the runtime for a model, and run a data set through it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

import workbench.runtimes
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Graph, Port
from workbench.core.i18n import _
from workbench.core.plugins import Plugin, discover, install_command, missing
from workbench.datasets import Dataset
from workbench.formats.identify import identify
from workbench.runtimes import Arrays, DeviceId, Runtime, Session
from workbench.runtimes.batches import chunk, run_feeds
from workbench.runtimes.matching import match_ports

__all__ = [
    "installed_or_error",
    "match_ports",
    "open_session",
    "ports_of",
    "require_engine",
    "run_dataset",
    "runtime_for",
    "runtimes",
]


def runtimes() -> dict[str, Runtime]:
    """Return all runtimes by id, installed or not."""
    return discover(workbench.runtimes, Runtime)


def runtime_for(format_id: str, wanted: str = "") -> Runtime:
    """Return the runtime called ``wanted``, or the first installed one that opens ``format_id``.

    Raises WorkbenchError when there is no such runtime, it does not open the format, or is not installed.
    """
    known = runtimes()
    able = [runtime for runtime in known.values() if format_id in runtime.accepts]
    names = ", ".join(runtime.id for runtime in able)
    if not wanted:
        if not able:
            raise WorkbenchError(
                _("No runtime opens {format} models.").format(format=format_id or _("such")),
                _("Export the model to ONNX or TFLite first."),
            )
        ready = [runtime for runtime in able if not missing(runtime)]
        return ready[0] if ready else installed_or_error(able[0])
    if wanted not in known:
        raise WorkbenchError(
            _("There is no runtime called {name}.").format(name=wanted),
            _("Known runtimes: {names}.").format(names=", ".join(known)),
        )
    if format_id not in known[wanted].accepts:
        raise WorkbenchError(
            _("{runtime} does not open {format} models.").format(runtime=_(known[wanted].label), format=format_id),
            _("Use {names}, or export the model first.").format(names=names) if names else "",
        )
    return installed_or_error(known[wanted])


P = TypeVar("P", bound=Plugin)


def installed_or_error(plugin: P) -> P:
    """Return ``plugin``; raises WorkbenchError naming what is not installed and how to get it."""
    absent = missing(plugin)
    if absent:
        raise WorkbenchError(
            _("{name} needs {packages}, which is not installed here.").format(
                name=_(plugin.label), packages=", ".join(absent)
            ),
            _("Install it: {command}").format(command=install_command(plugin)),
        )
    return plugin


MOST_THREADS_PER_CORE = 4


def open_session(
    path: Path, wanted: str = "", *, device: str = "cpu", threads: int | None = None, signature: str = ""
) -> tuple[Runtime, Session]:
    """Open a model in ``wanted`` or the first runtime that opens its format; raises WorkbenchError.

    ``signature`` chooses an entry point of a SavedModel.
    """
    runtime = runtime_for(identify(path).id, wanted)
    if device not in ("cpu", "gpu"):
        raise WorkbenchError(
            _("There is no device called {device}.").format(device=device), _("Devices are cpu and gpu.")
        )
    if threads is not None and threads < 1:
        raise WorkbenchError(_("A model needs at least one thread."), _("Set the threads to 1 or more."))
    most = MOST_THREADS_PER_CORE * (os.cpu_count() or 1)
    if threads is not None and threads > most:
        raise WorkbenchError(
            _("{threads} threads are more than this computer can use.").format(threads=threads),
            _("Set the threads to {most} or less.").format(most=most),
        )
    place: DeviceId = "gpu" if device == "gpu" else "cpu"
    return runtime, runtime.open(path, device=place, threads=threads, signature=signature)


def require_engine(path: Path) -> None:
    """Raise EngineRequired now, before any work, when running ``path`` needs another engine (Keras 2 files)."""
    if path.is_dir() or "tensorflow" not in runtime_for(identify(path).id).needs:
        return
    from workbench.backends.keras_models import require_engine as require

    with contextlib.suppress(WorkbenchError):  # said when it is opened, if it is
        require(path)


def ports_of(graph: Graph) -> list[Port]:
    """Return the inputs that a Graph declares, quantization included.

    Raises WorkbenchError for a file without any (weights only).
    """
    if not graph.inputs:
        raise WorkbenchError(
            _("{name} has no inputs: it cannot be run.").format(name=graph.name), " ".join(graph.notes)
        )
    return [_with_quantization(port, graph) for port in graph.inputs]


def _with_quantization(port: Port, graph: Graph) -> Port:
    value = graph.values.get(port.name) or graph.values.get(port.alias)
    if port.quantization is not None or value is None or value.quantization is None or "int" not in port.dtype:
        return port
    return msgspec.structs.replace(port, quantization=value.quantization)


def run_dataset(session: Session, dataset: Dataset, indices: Sequence[int]) -> Arrays:
    """Run these samples; return the outputs with samples along the first axis, real numbers (see ``run_feeds``).

    ``dataset`` was opened against ``real_ports(session.inputs)``. Raises WorkbenchError as ``run_feeds`` does.
    """
    if not len(indices):
        raise WorkbenchError(_("There are no samples to run."), _("Give a data set with at least one sample."))
    parts = [run_feeds(session, dataset.feeds(piece)) for piece in chunk(indices, session.inputs)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
