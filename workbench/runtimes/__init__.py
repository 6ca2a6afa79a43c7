"""Runtimes: run a model."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _
from workbench.core.plugins import Plugin
from workbench.core.session import Arrays, Device, DeviceId, Session

__all__ = ["Arrays", "Device", "DeviceId", "Runtime", "Session", "refuse_signature"]


class Runtime(Plugin):
    """One inference runtime."""

    accepts: ClassVar[tuple[str, ...]] = ()
    """Format ids that it opens."""

    def devices(self) -> list[Device]:
        """List CPU and GPU with availability; runs in a worker (may import the runtime)."""
        raise NotImplementedError

    def open(self, path: Path, *, device: DeviceId = "cpu", threads: int | None = None, signature: str = "") -> Session:
        """Open a model, at the entry point called ``signature`` ("" for the usual one).

        Raises WorkbenchError when the device is not there (never falls back), for a bad file, or when there is no such
        entry point.
        """
        raise NotImplementedError


def refuse_signature(path: Path, signature: str) -> None:
    """Raise WorkbenchError when ``signature`` is given for a model that has one entry point only."""
    if signature:
        raise WorkbenchError(
            _("{name} is not opened by a signature, so there is none called {signature}.").format(
                name=path.name, signature=signature
            ),
            _("Leave the signature empty."),
        )
