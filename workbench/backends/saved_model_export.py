"""Write SavedModels: from Keras with a serving signature, or a checked copy."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path
from typing import Any

import tensorflow as tf

from workbench.backends.keras_models import load_keras
from workbench.backends.tf_programs import (
    DEFAULT_SIGNATURE,
    Program,
    choose_signature,
    keras_program,
    load_saved_model,
    saved_signature,
)
from workbench.core.errors import WorkbenchError
from workbench.core.events import Report
from workbench.core.i18n import _

INFERENCE_ONLY = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
"""Without the gradients of custom functions: swish captures a constant in its own, and saving then fails."""


def to_saved_model(source: Path, target: Path, *, signature: str = "", report: Report) -> Program:
    """Write a Keras file, or copy a SavedModel that loads, to the folder ``target``; return its entry point.

    Of a Keras model each variable is stored once, and the signature serving_default carries the names of its input
    and output layers. Raises WorkbenchError or EngineRequired.
    """
    report.progress(0.1, _("Loading the model"))
    if source.is_dir():
        loaded = load_saved_model(source)
        program = saved_signature(loaded, choose_signature(loaded.signatures, signature, source))
        report.progress(0.6, _("Copying the SavedModel"))
        shutil.copytree(source, target, ignore=_links)
        return program
    model = load_keras(source)
    program = keras_program(model)
    report.progress(0.5, _("Writing the SavedModel"))
    save_program(program, model, target)
    return program


def _links(folder: str, names: list[str]) -> set[str]:
    """Leave links out: a copy must not reach outside the model's folder."""
    return {name for name in names if (Path(folder) / name).is_symlink()}


def save_program(program: Program, model: Any, target: Path) -> None:
    """Write a traced Keras model; only its variables are tracked, so that each is stored once."""
    module = tf.Module()
    module.weights = [_plain(variable) for variable in model.variables]
    module.serve = program.concrete
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            signatures = {DEFAULT_SIGNATURE: program.concrete}
            tf.saved_model.save(module, str(target), signatures=signatures, options=INFERENCE_ONLY)
    except AssertionError as error:  # it uses a table (a vocabulary), which only the model itself tracks
        shutil.rmtree(target, ignore_errors=True)
        _export_whole(model, target, error)


def _plain(variable: Any) -> Any:
    """Return the TensorFlow variable inside a Keras 3 one."""
    inner = getattr(variable, "_value", None)
    return inner if isinstance(inner, tf.Variable) else variable


def _export_whole(model: Any, target: Path, reason: Exception) -> None:
    export = getattr(model, "export", None)
    if export is None:
        raise WorkbenchError(
            _("The model keeps state that cannot be stored in a SavedModel: {reason}").format(reason=str(reason)[:300]),
            _("Save it as a SavedModel where it was made."),
        ) from reason
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if type(model).__module__.startswith("tf_keras"):
            export(str(target))
        else:
            export(str(target), format="tf_saved_model", verbose=False)
