"""Where models can run: runtimes and their devices, with the reason where something is not available."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QObject, Signal

import workbench.runtimes
from workbench.core.i18n import _
from workbench.core.plugins import discover, install_command, missing
from workbench.gui.jobs import Jobs
from workbench.jobs.probe import DeviceList, ListDevices
from workbench.runtimes import Device, Runtime


class Place(msgspec.Struct, frozen=True):
    """A runtime on a device, for one model format."""

    runtime: str
    device: str
    label: str
    available: bool
    reason: str = ""
    """Why not (translated), or what the device is."""


class Devices(QObject):
    """Asks a worker once which devices there are; until it answers, the CPU of installed runtimes is offered."""

    changed = Signal()

    def __init__(self, jobs: Jobs) -> None:
        super().__init__(jobs)
        self._jobs = jobs
        self._known: dict[str, list[Device]] = {}
        self._asked = False

    @classmethod
    def of(cls, jobs: Jobs) -> Devices:
        """Return the one that belongs to ``jobs``: all panels share it."""
        found = jobs.findChild(cls)
        return found if isinstance(found, cls) else cls(jobs)

    def ask(self) -> None:
        """Ask for the devices, the first time that somebody wants to know."""
        if not self._asked:
            self._asked = True
            self._jobs.submit(ListDevices(), then=self.learn, failed=self._on_failed, quiet=True, background=True)

    def learn(self, devices: DeviceList) -> None:
        """Take in the answer."""
        self._known = dict(devices.devices)
        self.changed.emit()

    def _on_failed(self, _event: object) -> None:
        self._asked = False

    def places(self, format_id: str) -> list[Place]:
        """Return where a model of this format could run, the available ones of each runtime first."""
        return [
            place
            for runtime in discover(workbench.runtimes, Runtime).values()
            if format_id in runtime.accepts
            for place in self._places_of(runtime)
        ]

    def _places_of(self, runtime: Runtime) -> list[Place]:
        name = _(runtime.label)
        absent = missing(runtime)
        if absent:
            reason = _("{packages} is not installed. Install it with: {command}").format(
                packages=", ".join(absent), command=install_command(runtime)
            )
            return [Place(runtime.id, "cpu", name, False, reason)]
        known = self._known.get(runtime.id)
        if known is None:
            looking = _("Looking for devices ...")
            return [
                Place(runtime.id, "cpu", f"{name} \u00b7 CPU", True, ""),
                Place(runtime.id, "gpu", f"{name} \u00b7 GPU", False, looking),
            ]
        return [
            Place(runtime.id, device.id, f"{name} \u00b7 {device.id.upper()}", device.available,
                  device.label if device.available else device.reason)
            for device in known
        ]  # fmt: skip


def runtime_label(runtime_id: str) -> str:
    """Return the title of a runtime, or its id when it is not known any more."""
    runtime = discover(workbench.runtimes, Runtime).get(runtime_id)
    return _(runtime.label) if runtime else runtime_id
