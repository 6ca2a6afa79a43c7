"""Run ONNX models with ONNX Runtime."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as state

from workbench.core.errors import WorkbenchError
from workbench.core.graph import Dim, Port
from workbench.core.i18n import _
from workbench.core.session import Arrays, DeviceId, Session

FATAL_ONLY = 4
"""ONNX Runtime's log severity; its warnings would otherwise go to stderr."""

ERRORS: tuple[type[Exception], ...] = (
    *(value for value in vars(state).values() if isinstance(value, type) and issubclass(value, Exception)),
    RuntimeError,
    ValueError,
    TypeError,
)
"""What ONNX Runtime raises: its own exceptions share no parent."""

GPU_PROVIDERS = {
    "CUDAExecutionProvider": "CUDA",
    "MIGraphXExecutionProvider": "MIGraphX",
    "ROCMExecutionProvider": "ROCm",
    "DmlExecutionProvider": "DirectML",
    "CoreMLExecutionProvider": "Core ML",
    "WebGpuExecutionProvider": "WebGPU",
}
"""Execution providers that use a GPU, the usual choice of each platform first, and what people call them."""

DTYPES = {"float": "float32", "double": "float64"}
"""What ONNX Runtime calls otherwise than numpy."""

NOTHING = (
    b"\x08\x08\x3a\x2f\x0a\x10\x0a\x01x\x12\x01y\x22\x08Identity\x12\x01g"
    b"\x5a\x0b\x0a\x01x\x12\x06\x0a\x04\x08\x01\x12\x00\x62\x0b\x0a\x01y\x12\x06\x0a\x04\x08\x01\x12\x00\x42\x02\x10\x0d"
)
"""An ONNX model of one Identity node (IR 8, opset 13), to see whether a GPU is really there."""

onnxruntime.set_default_logger_severity(FATAL_ONLY)


class OnnxRuntimeSession(Session):
    """An ONNX model opened by ONNX Runtime with one execution provider; raises WorkbenchError rather than fall back."""

    def __init__(self, path: Path, *, provider: str, threads: int | None) -> None:
        self._session = _open(path, provider, threads=threads)
        chosen = self._session.get_providers()[0]
        if chosen != provider:
            raise WorkbenchError(
                _("{wanted} cannot be used: ONNX Runtime chose {chosen}.").format(wanted=provider, chosen=chosen),
                _("Choose the CPU, or install the drivers and libraries that {wanted} needs.").format(wanted=provider),
            )
        self._session.disable_fallback()
        self._name = path.name
        self.device = "gpu" if chosen in GPU_PROVIDERS else "cpu"
        self.device_label = chosen
        self.inputs = [_port(item) for item in self._session.get_inputs()]
        self.outputs = [_port(item) for item in self._session.get_outputs()]

    def run(self, feeds: Mapping[str, NDArray[np.generic]]) -> Arrays:
        """Run once."""
        try:
            results = self._session.run(None, dict(feeds))
        except ERRORS as error:
            raise self._refusal(error, feeds) from error
        return {port.name: _array(result) for port, result in zip(self.outputs, results, strict=True)}

    def prepare(self, feeds: Mapping[str, NDArray[np.generic]]) -> Callable[[], object]:
        """Return ``InferenceSession.run`` bound to these inputs: what a script would call."""
        self.run(feeds)  # says what is wrong with them before anything is timed
        return partial(self._session.run, None, dict(feeds))

    def close(self) -> None:
        """Free the model."""
        del self._session

    def _refusal(self, error: Exception, feeds: Mapping[str, NDArray[np.generic]]) -> WorkbenchError:
        given = ", ".join(f"{name} {np.asarray(value).dtype} {list(np.shape(value))}" for name, value in feeds.items())
        return WorkbenchError(
            _("ONNX Runtime cannot run {name} on {given}: {reason}").format(
                name=self._name, given=given, reason=reason_of(error)
            ),
            _("Check that the data has the type and shape that the model expects."),
        )


def provider_for(device: DeviceId) -> str:
    """Return the execution provider for ``device``; raises WorkbenchError with the reason when there is no GPU."""
    if device == "cpu":
        return "CPUExecutionProvider"
    provider = gpu_provider()
    if provider is None:
        raise WorkbenchError(no_gpu_reason(), _("Choose the CPU."))
    return provider


def gpu_provider() -> str | None:
    """Return the GPU execution provider of this build of ONNX Runtime, or None."""
    available = onnxruntime.get_available_providers()
    return next((provider for provider in GPU_PROVIDERS if provider in available), None)


def no_gpu_reason() -> str:
    """Say why there is no GPU: not in this build, or in the build but not in the machine; "" when there is one."""
    provider = gpu_provider()
    if provider is None:
        return _(
            "The installed ONNX Runtime is built for the CPU only; onnxruntime-gpu (NVIDIA) or "
            "onnxruntime-directml (Windows) runs on a GPU."
        )
    try:
        session = _session(NOTHING, provider, _options(None))
    except ERRORS as error:
        return reason_of(error)
    if session.get_providers()[0] == provider:
        return ""
    return _("ONNX Runtime cannot start {provider}: no such GPU, or its driver or libraries are missing.").format(
        provider=GPU_PROVIDERS[provider]
    )


def reason_of(error: Exception) -> str:
    """Return what ONNX Runtime complains about, without its codes and source lines."""
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", str(error).strip())
    text = re.sub(r"\S+\.(cc|h):\d+ .*?\) ?", "", text)
    return " ".join(text.split())[:500]


def _open(path: Path, provider: str, *, threads: int | None) -> Any:
    if not path.exists():
        raise WorkbenchError(_("There is no file {path}.").format(path=path), _("Check the path."))
    try:
        return _session(str(path), provider, _options(threads))
    except ERRORS as error:
        reason = reason_of(error)
        hint = _("Open another model, or one without custom operators.")
        if "not a registered function/op" in reason or "No Op registered" in reason:
            hint = _("The model uses an operator that ONNX Runtime does not have; it can be viewed but not run.")
        elif "escapes" in reason or "Absolute path" in reason:
            hint = _("Weights are only read from the model's own folder.")
        raise WorkbenchError(
            _("ONNX Runtime cannot open {name}: {reason}").format(name=path.name, reason=reason), hint
        ) from error


def _session(model: str | bytes, provider: str, options: Any) -> Any:
    if provider == "CUDAExecutionProvider" and hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()
    providers = [provider] if provider == "CPUExecutionProvider" else [provider, "CPUExecutionProvider"]
    return onnxruntime.InferenceSession(model, options, providers=providers)


def _options(threads: int | None) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = FATAL_ONLY
    if threads:
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
    return options


def _port(item: Any) -> Port:
    kind = re.fullmatch(r"tensor\((\w+)\)", item.type)
    if kind is None:  # a map or sequence of maps: becomes an array of scores when it runs
        return Port(item.name, "", None)
    shape: list[Dim] = [None if dim == "?" else dim for dim in item.shape]
    return Port(item.name, DTYPES.get(kind[1], kind[1]), shape)


def _array(result: Any) -> NDArray[np.generic]:
    """Return an output as one array; scores that scikit-learn models give as maps become (samples, classes)."""
    if isinstance(result, list) and result and isinstance(result[0], dict):
        keys = sorted(result[0])
        return np.asarray([[row[key] for key in keys] for row in result])
    return np.asarray(result)
