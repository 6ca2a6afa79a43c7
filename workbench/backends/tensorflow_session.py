"""Run Keras models and SavedModels with TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from workbench.backends.tf_programs import Program, choose_signature, load_saved_model, open_program, saved_signature
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Port
from workbench.core.i18n import _
from workbench.core.session import Arrays, DeviceId, Session

ERRORS = (tf.errors.OpError, ValueError, TypeError, RuntimeError, NotImplementedError)


def gpus() -> list[str]:
    """Return the names of the GPUs that TensorFlow can use."""
    names = []
    for device in tf.config.list_physical_devices("GPU"):
        details = tf.config.experimental.get_device_details(device)
        names.append(str(details.get("device_name", device.name)))
    return names


def no_gpu_reason() -> str:
    """Say (translated) why TensorFlow has no GPU here; "" when it has one."""
    if gpus():
        return ""
    if not tf.test.is_built_with_gpu_support():
        return _("This TensorFlow is built without GPU support.")
    return _("TensorFlow finds no GPU: it needs an NVIDIA GPU with its driver and the CUDA libraries.")


class TensorFlowSession(Session):
    """A Keras model or a SavedModel's signature, opened by TensorFlow."""

    def __init__(self, path: Path, *, device: DeviceId, threads: int | None, signature: str = "") -> None:
        if not path.exists():
            raise WorkbenchError(_("There is no file {path}.").format(path=path), _("Check the path."))
        if device == "gpu" and not gpus():
            raise WorkbenchError(no_gpu_reason(), _("Choose the CPU."))
        set_threads(threads)
        self._name = path.name
        self._place = "/GPU:0" if device == "gpu" else "/CPU:0"
        with tf.device(self._place):
            self._program = _entry(path, signature)
        self.inputs, self.outputs = self._program.inputs, self._program.outputs
        self.device = _device_of(self._program, wanted=device)
        self.device_label = gpus()[0] if self.device == "gpu" else _("TensorFlow on CPU")
        if self.device != device:
            raise WorkbenchError(
                _("TensorFlow put {name} on the {device}.").format(name=path.name, device=self.device.upper()),
                _("Choose that device."),
            )

    def run(self, feeds: Mapping[str, NDArray[np.generic]]) -> Arrays:
        """Run once. Raises WorkbenchError for inputs that are missing or of another type or shape."""
        try:
            with tf.device(self._place):
                results = self._program.concrete(**self._tensors(feeds))
                return {port.name: results[port.name].numpy() for port in self.outputs}
        except ERRORS as error:
            raise self._refusal(feeds, _reason(error)) from error

    def prepare(self, feeds: Mapping[str, NDArray[np.generic]]) -> Callable[[], object]:
        """Return the call of the traced function on tensors already in place; it ends when the results are there."""
        self.run(feeds)  # says what is wrong with them, and lets TensorFlow optimize, before anything is timed
        with tf.device(self._place):
            tensors = self._tensors(feeds)
        return partial(_call, self._program.concrete, tensors, [port.name for port in self.outputs])

    def close(self) -> None:
        """Free the model."""
        del self._program

    def _tensors(self, feeds: Mapping[str, NDArray[np.generic]]) -> dict[str, Any]:
        tensors = {}
        for port in self.inputs:
            if port.name not in feeds:
                raise self._refusal(feeds, _("{name} is missing.").format(name=port.name))
            value = feeds[port.name]
            if not _fits(value, port):
                wanted = f"{port.dtype} {['?' if dim is None else dim for dim in port.shape or []]}"
                raise self._refusal(feeds, _("{name} takes {wanted}.").format(name=port.name, wanted=wanted))
            tensors[port.name] = tf.constant(value, dtype=port.dtype if port.dtype != "string" else tf.string)
        return tensors

    def _refusal(self, feeds: Mapping[str, NDArray[np.generic]], reason: str) -> WorkbenchError:
        given = ", ".join(f"{name} {np.asarray(value).dtype} {list(np.shape(value))}" for name, value in feeds.items())
        return WorkbenchError(
            _("TensorFlow cannot run {name} on {given}: {reason}").format(name=self._name, given=given, reason=reason),
            _("Check that the data has the type and shape that the model expects."),
        )


def _call(function: Any, tensors: dict[str, Any], names: list[str]) -> list[Any]:
    results = function(**tensors)
    return [results[name].numpy() for name in names]


def _entry(path: Path, signature: str) -> Program:
    """Open the model without a wrapper around a SavedModel's own function: what a script would call."""
    if not path.is_dir():
        return open_program(path, signature=signature)
    loaded = load_saved_model(path)
    return saved_signature(loaded, choose_signature(loaded.signatures, signature, path))


def _device_of(program: Program, *, wanted: DeviceId) -> DeviceId:
    """Return where the weights lie; a model without any runs where it is told to."""
    places = {str(handle.device) for handle in program.concrete.captured_inputs if handle.dtype == tf.resource}
    if not places or all(not place for place in places):
        return wanted
    return "gpu" if any("GPU" in place for place in places) else "cpu"


def set_threads(threads: int | None) -> None:
    """Set how many threads one operation uses; TensorFlow can do so only before it first runs anything."""
    if threads is None or tf.config.threading.get_intra_op_parallelism_threads() == threads:
        return
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError as error:
        raise WorkbenchError(
            _("TensorFlow has already started in this process and cannot change to {n} threads.").format(n=threads),
            _("Leave the threads empty, or measure in a new process (the command line starts one each time)."),
        ) from error


def _fits(value: NDArray[np.generic], port: Port) -> bool:
    if port.shape is None:
        return True
    shape = np.shape(value)
    return len(shape) == len(port.shape) and all(
        not isinstance(dim, int) or dim == size for dim, size in zip(port.shape, shape, strict=True)
    )


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
