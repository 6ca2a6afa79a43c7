"""Engines: the Python environments that workers run in, and the command that starts a worker there."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

BASE = "base"
TF_KERAS = "tf-keras"


class Engine(msgspec.Struct, frozen=True):
    """One way to start a worker. Libraries that cannot live in one process get an engine each."""

    id: str
    environment: dict[str, str] = {}
    preload: tuple[str, ...] = ()
    """What an idle worker may import before its first job."""


ENGINES = {
    # Keras 2 files that Keras 3 refuses: tf_keras switches `tf.keras` for the whole process, so it gets its own.
    engine.id: engine
    for engine in (
        Engine(BASE, {"TF_USE_LEGACY_KERAS": "0"}, ("tensorflow",)),
        Engine(TF_KERAS, {"TF_USE_LEGACY_KERAS": "1"}),
    )
}


def worker_command(
    *,
    python: Path | None = None,
    preload: Sequence[str] = (),
    idle_s: float = 0.0,
    modules: Sequence[str] = (),
    scratch: Path,
) -> list[str]:
    """Return the command line of a worker whose parent is this process.

    It imports ``preload`` when no job has come for ``idle_s`` seconds.
    ``-P`` keeps the current folder off the import path: a ``tensorflow.py`` beside someone's model is never imported.
    """
    if getattr(sys, "frozen", False):
        command = [sys.executable, "--worker"]
    else:
        command = [str(python or sys.executable), "-P", "-X", "utf8", "-m", "workbench.jobs.worker"]
    command += ["--parent", str(os.getpid()), "--scratch", str(scratch)]
    for name in preload:
        command += ["--preload", name]
    if preload and idle_s:
        command += ["--idle", str(idle_s)]
    for name in modules:
        command += ["--jobs", name]
    return command


def worker_environment(engine: str) -> dict[str, str]:
    """Return the environment of a worker of ``engine``: this process's own, and what tells engines apart."""
    own = {"WORKBENCH_ENGINE": engine, "PYTHONUNBUFFERED": "1"}
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "2", "TF_ENABLE_ONEDNN_OPTS": "1"}
    return {**quiet, **os.environ, **ENGINES[engine].environment, **own}


def current_engine() -> str:
    """Return the engine that this process is a worker of."""
    return os.environ.get("WORKBENCH_ENGINE", BASE)
