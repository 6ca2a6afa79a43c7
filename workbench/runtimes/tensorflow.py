"""TensorFlow: runs Keras models and SavedModels on the CPU, and on a GPU where it finds one."""

from __future__ import annotations

from pathlib import Path

from workbench.core.i18n import N_, _
from workbench.runtimes import Device, DeviceId, Runtime, Session


class TensorFlow(Runtime):
    """TensorFlow, with Keras 3, or with tf_keras in the engine for files of Keras 1 and 2."""

    id = "tensorflow"
    label = N_("TensorFlow")
    summary = N_("Runs Keras models and SavedModels.")
    needs = ("tensorflow", "keras")
    install = "tensorflow"
    accepts = ("keras-h5", "keras-zip", "saved-model")

    def devices(self) -> list[Device]:
        """List the CPU, and the GPU with the reason why it cannot be used."""
        from workbench.backends.tensorflow_session import gpus, no_gpu_reason

        names, reason = gpus(), no_gpu_reason()
        label = _("GPU ({name})").format(name=names[0]) if names else _("GPU")
        return [Device("cpu", _("CPU"), available=True), Device("gpu", label, available=not reason, reason=reason)]

    def open(self, path: Path, *, device: DeviceId = "cpu", threads: int | None = None, signature: str = "") -> Session:
        """Open a model; raises WorkbenchError for code in the file, custom layers, or a device that is not there.

        Raises EngineRequired("tf-keras") for a file of Keras 1 or 2 in another engine, before TensorFlow is imported.
        """
        from workbench.backends.keras_models import require_engine

        require_engine(path)
        from workbench.backends.tensorflow_session import TensorFlowSession

        return TensorFlowSession(path, device=device, threads=threads, signature=signature)
