"""ONNX Runtime: runs ONNX models on the CPU, and on a GPU where its build has one."""

from __future__ import annotations

from pathlib import Path

from workbench.core.i18n import N_, _
from workbench.runtimes import Device, DeviceId, Runtime, Session, refuse_signature


class OnnxRuntime(Runtime):
    """ONNX Runtime."""

    id = "onnxruntime"
    label = N_("ONNX Runtime")
    summary = N_("Runs ONNX models.")
    needs = ("onnxruntime",)
    install = "onnxruntime"
    accepts = ("onnx",)

    def devices(self) -> list[Device]:
        """List the CPU, and the GPU with the reason why it cannot be used."""
        from workbench.backends.onnxruntime_session import GPU_PROVIDERS, gpu_provider, no_gpu_reason

        reason = no_gpu_reason()
        provider = gpu_provider()
        label = _("GPU ({name})").format(name=GPU_PROVIDERS[provider]) if provider else _("GPU")
        return [Device("cpu", _("CPU"), available=True), Device("gpu", label, available=not reason, reason=reason)]

    def open(self, path: Path, *, device: DeviceId = "cpu", threads: int | None = None, signature: str = "") -> Session:
        """Open an ONNX model; raises WorkbenchError when it is bad or the device is not there."""
        refuse_signature(path, signature)
        from workbench.backends.onnxruntime_session import OnnxRuntimeSession, provider_for

        return OnnxRuntimeSession(path, provider=provider_for(device), threads=threads)
