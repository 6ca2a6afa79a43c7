"""Runtimes: run a model."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from workbench.core.plugins import Plugin
from workbench.core.session import Arrays, Device, DeviceId, Session

__all__ = ["Arrays", "Device", "DeviceId", "Runtime", "Session"]


class Runtime(Plugin):
    """One inference runtime."""

    accepts: ClassVar[tuple[str, ...]] = ()
    """Format ids that it opens."""

    def devices(self) -> list[Device]:
        """List CPU and GPU with availability; runs in a worker (may import the runtime)."""
        raise NotImplementedError

    def open(self, path: Path, *, device: DeviceId = "cpu", threads: int | None = None) -> Session:
        """Open a model. Raises WorkbenchError when the device is not there (never falls back) or for a bad file."""
        raise NotImplementedError
