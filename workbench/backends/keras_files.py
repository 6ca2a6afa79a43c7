"""Write Keras 3 files, and bring files of Keras 1 and 2 to Keras 3 where it can rebuild them."""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import h5py
import keras

from workbench.backends.keras_config import KerasFile, check_keras_config
from workbench.backends.keras_models import load_keras
from workbench.core.errors import WorkbenchError, library_errors
from workbench.core.events import Report
from workbench.core.i18n import _

DROPPED: dict[str, dict[str, Any]] = {
    "LSTM": {"time_major": False},
    "GRU": {"time_major": False},
    "SimpleRNN": {"time_major": False},
    "RNN": {"time_major": False},
    "ConvLSTM2D": {"time_major": False},
    "DepthwiseConv2D": {"groups": 1},
    "SeparableConv2D": {"groups": 1},
    "Conv2DTranspose": {"groups": 1},
    "Embedding": {"input_length": None},
    "InputLayer": {"ragged": False},
}
"""Settings that Keras 3 no longer knows, by layer, with the value at which leaving them out changes nothing."""

ANY = ("input_length",)
"""Settings that never change what is computed."""


def to_keras_file(source: Path, target: Path, *, suffix: str, report: Report) -> list[str]:
    """Write ``source`` as a Keras 3 file of the kind that ``suffix`` names (.keras, .h5); return notes (translated).

    Raises WorkbenchError with the reason where Keras 3 cannot rebuild a model of Keras 1 or 2.
    """
    report.progress(0.1, _("Loading the model"))
    file = check_keras_config(source)
    notes = []
    if file.is_pre_keras3:
        model = _rebuilt(source, file, report)
        notes.append(
            _("Rebuilt from Keras {version} in Keras {new}.").format(version=file.version or "1", new=keras.__version__)
        )
    else:
        model = load_keras(source)
    report.progress(0.6, _("Writing"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras calls .h5 a thing of the past
        written = target.with_name(target.name + suffix)  # Keras chooses the format by the name
        model.save(str(written))
    written.rename(target)
    return notes


def _rebuilt(source: Path, file: KerasFile, report: Report) -> Any:
    if file.kind != "h5":
        raise WorkbenchError(
            _("{file} is a .keras file of Keras {version}, which Keras 3 cannot read.").format(
                file=source.name, version=file.version
            ),
            _("Export it as a SavedModel, ONNX or TFLite instead, or save it as .h5 where it was made."),
        )
    copy = Path(tempfile.mkdtemp(prefix="keras-", dir=report.scratch)) / "model.h5"
    shutil.copyfile(source, copy)
    with h5py.File(copy, "r+") as stored:
        stored.attrs["model_config"] = json.dumps(cleaned(file.config)).encode()
    refused = library_errors(
        _("Keras 3 cannot rebuild this model of Keras {version}: {reason}").format(
            version=file.version or "1", reason="{reason}"
        ),
        _("Export it as a SavedModel, ONNX or TFLite instead: these go through Keras 2."),
    )
    try:
        with refused, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return keras.models.load_model(copy, compile=False, safe_mode=True)
    finally:
        shutil.rmtree(copy.parent, ignore_errors=True)


def cleaned(config: Any) -> Any:
    """Return the configuration without settings that Keras 3 does not know and that change nothing."""
    if isinstance(config, list):
        return [cleaned(item) for item in config]
    if not isinstance(config, dict):
        return config
    result = {key: cleaned(value) for key, value in config.items()}
    dropped = DROPPED.get(str(result.get("class_name")), {})
    settings = result.get("config")
    if isinstance(settings, dict):
        result["config"] = {
            key: value
            for key, value in settings.items()
            if not (key in dropped and (key in ANY or value == dropped[key]))
        }
    return result
