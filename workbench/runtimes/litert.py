"""LiteRT: runs TFLite models on the CPU."""

from __future__ import annotations

from pathlib import Path

from workbench.core.errors import WorkbenchError
from workbench.core.i18n import N_, _
from workbench.runtimes import Device, DeviceId, Runtime, Session, refuse_signature


class LiteRt(Runtime):
    """LiteRT, formerly TensorFlow Lite."""

    id = "litert"
    label = N_("LiteRT")
    summary = N_("Runs TFLite models.")
    needs = ("ai_edge_litert",)
    install = "ai-edge-litert"
    accepts = ("tflite",)

    def devices(self) -> list[Device]:
        """List the CPU, and the GPU with the reason why it cannot be used."""
        return [Device("cpu", _("CPU"), available=True), Device("gpu", _("GPU"), available=False, reason=_no_gpu())]

    def open(self, path: Path, *, device: DeviceId = "cpu", threads: int | None = None, signature: str = "") -> Session:
        """Open a TFLite model; raises WorkbenchError when it is bad or the device is not there."""
        if device != "cpu":
            raise WorkbenchError(_no_gpu(), _("Choose the CPU."))
        refuse_signature(path, signature)
        from workbench.backends.litert_session import LiteRtSession

        return LiteRtSession(path, threads=threads)


def _no_gpu() -> str:
    return _("LiteRT's Python package has no GPU delegate: TFLite models run on the CPU here.")
