"""Look into a Keras file's configuration before any loading: what in it must not be run, and what nobody here knows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import h5py

from workbench.backends import hdf5
from workbench.core.archive import Archive
from workbench.core.containers import container_of
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _

RUNS_CODE = ("Lambda", "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper", "__lambda__")
"""Classes whose stored form is code, or a path to code."""

TRUSTED_PACKAGES = frozenset(
    [
        "layers",
        "models",
        "ops",
        "activations",
        "initializers",
        "regularizers",
        "constraints",
        "dtype_policies",
        "quantizers",
        "random",
        "losses",
        "metrics",
        "optimizers",
        "engine",
        "legacy",
        "backend",
        "applications",
    ]
)
"""Packages of Keras whose classes only compute (keras.utils, for one, can download)."""

TRUSTED_CLASSES = ("Model", "Sequential", "Functional", "DTypePolicy", "FloatDTypePolicy", "Variable", "KerasTensor")
"""What may come from the module ``keras`` itself."""

TRUSTED_SYMBOLS = (
    "math.", "nn.", "linalg.", "image.resize", "image.adjust", "image.convert", "image.rgb", "image.grayscale",
    "image.pad", "image.crop", "image.central", "image.flip", "image.extract", "signal.", "strings.", "sets.",
    "keras.activations.", "keras.backend.", "compat.v1.gather", "compat.v1.transpose", "compat.v1.shape",
    "compat.v1.size", "compat.v1.math.", "compat.v1.nn.", "__operators__.", "quantization.", "bitwise.",
)  # fmt: skip
"""What a TFOpLambda layer may name: TensorFlow functions that only compute."""

TRUSTED_FUNCTIONS = frozenset(
    [
        "abs",
        "acos",
        "add",
        "add_n",
        "argmax",
        "argmin",
        "argsort",
        "asin",
        "atan",
        "atan2",
        "boolean_mask",
        "broadcast_to",
        "cast",
        "ceil",
        "clip_by_norm",
        "clip_by_value",
        "complex",
        "concat",
        "constant",
        "convert_to_tensor",
        "cos",
        "cosh",
        "cumsum",
        "divide",
        "einsum",
        "ensure_shape",
        "equal",
        "exp",
        "expand_dims",
        "eye",
        "fill",
        "floor",
        "gather",
        "gather_nd",
        "greater",
        "greater_equal",
        "identity",
        "less",
        "less_equal",
        "linspace",
        "logical_and",
        "logical_not",
        "logical_or",
        "matmul",
        "maximum",
        "meshgrid",
        "minimum",
        "multiply",
        "negative",
        "norm",
        "not_equal",
        "one_hot",
        "ones",
        "ones_like",
        "pad",
        "pow",
        "range",
        "rank",
        "realdiv",
        "reduce_all",
        "reduce_any",
        "reduce_logsumexp",
        "reduce_max",
        "reduce_mean",
        "reduce_min",
        "reduce_prod",
        "reduce_sum",
        "repeat",
        "reshape",
        "reverse",
        "roll",
        "round",
        "scatter_nd",
        "searchsorted",
        "sequence_mask",
        "shape",
        "sigmoid",
        "sign",
        "sin",
        "sinh",
        "size",
        "slice",
        "sort",
        "space_to_batch",
        "split",
        "sqrt",
        "square",
        "squeeze",
        "stack",
        "stop_gradient",
        "strided_slice",
        "subtract",
        "tan",
        "tanh",
        "tensor_scatter_nd_add",
        "tensor_scatter_nd_update",
        "tensordot",
        "tile",
        "transpose",
        "truediv",
        "unique",
        "unstack",
        "where",
        "zeros",
        "zeros_like",
    ]
)


WEIGHTS = "model.weights.h5"
"""Member of a .keras archive from which Keras reads the weights."""


class KerasFile(NamedTuple):
    """What a Keras file says of itself, read with h5py, zipfile and json only."""

    kind: str
    """ "h5" or "zip"."""
    version: str
    """ "2.0.5"; "" when the file does not say (Keras 1)."""
    config: dict[str, Any]

    @property
    def is_pre_keras3(self) -> bool:
        """Say whether Keras 1 or 2 wrote it, which Keras 3 may read wrongly or not at all."""
        major = self.version.split(".", maxsplit=1)[0]
        return not major.isdecimal() or int(major) < 3


def read_keras_file(path: Path) -> KerasFile:
    """Return version and model configuration; raises WorkbenchError for weights without an architecture.

    Also raises it when weights lie outside of the file.
    """
    try:
        return _read_zip(path) if container_of(path) == "zip" else _read_h5(path)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise WorkbenchError(
            _("Cannot read {path} as a Keras file: {reason}.").format(path=path, reason=error),
            _("It may be truncated: fetch or save it again."),
        ) from error


def _read_h5(path: Path) -> KerasFile:
    with h5py.File(path, "r") as file:
        hdf5.refuse_outside(file, path.name)
        version = _text(file.attrs.get("keras_version", ""))
        stored = file.attrs.get("model_config")
        config = json.loads(_text(stored)) if stored is not None else None
    if not isinstance(config, dict):
        raise _weights_only(path)
    return KerasFile("h5", version, config)


def _read_zip(path: Path) -> KerasFile:
    with Archive(path) as archive:
        if "config.json" not in archive.names:
            raise _weights_only(path)
        config = json.loads(archive.text("config.json"))
        metadata = json.loads(archive.text("metadata.json")) if "metadata.json" in archive.names else {}
        if WEIGHTS in archive.names:
            with archive.member(WEIGHTS) as stream, h5py.File(stream, "r") as weights:
                hdf5.refuse_outside(weights, path.name)
    if not isinstance(config, dict) or not isinstance(metadata, dict):
        raise _weights_only(path)
    return KerasFile("zip", str(metadata.get("keras_version", "")), config)


def _weights_only(path: Path) -> WorkbenchError:
    return WorkbenchError(
        _("{path} holds weights only: there is no architecture inside.").format(path=path.name),
        _("Save the whole model (model.save) where it was made."),
    )


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def check_keras_config(path: Path) -> KerasFile:
    """Return what the file says of itself; raises WorkbenchError naming a layer that holds code or is not Keras'."""
    file = read_keras_file(path)
    for item in _objects(file.config):
        _check(item, path)
    return file


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """Yield every serialized object, outermost first."""
    if isinstance(config, dict):
        if isinstance(config.get("class_name"), str):
            yield config
        for key, value in config.items():
            if key != "compile_config":  # the training set-up is never loaded
                yield from _objects(value)
    elif isinstance(config, list):
        for value in config:
            yield from _objects(value)


def _check(item: dict[str, Any], path: Path) -> None:
    name, kind, settings = _name(item), item["class_name"], item.get("config")
    if kind in RUNS_CODE:
        raise WorkbenchError(
            _("{file} was not loaded: its layer {name} is a {kind}, which holds program code.").format(
                file=path.name, name=name, kind=kind
            ),
            _("Code in a model file is never run. Rebuild the layer from Keras operations and save the model again."),
        )
    registered = item.get("registered_name")
    module = item.get("module")
    if isinstance(module, str) and not _is_trusted(module, kind):
        raise _custom(path, name, f"{module}.{kind}")
    if isinstance(registered, str) and ">" in registered and not registered.startswith("keras"):
        raise _custom(path, name, registered)
    if ">" in kind:
        raise _custom(path, name, kind)
    if kind in ("TFOpLambda", "ClassMethod", "SlicingOpLambda", "InstanceMethod", "InstanceProperty"):
        _check_symbol(path, name, settings)
    if isinstance(settings, dict) and isinstance(settings.get("vocabulary"), str):
        raise WorkbenchError(
            _("{file} was not loaded: its layer {name} reads its vocabulary from the file {other}.").format(
                file=path.name, name=name, other=settings["vocabulary"]
            ),
            _("A model must not read other files: save it with the vocabulary inside."),
        )


def _is_trusted(module: str, kind: str) -> bool:
    if module == "builtins":
        return True
    if module in ("keras", "tf_keras"):
        return kind in TRUSTED_CLASSES
    root, _dot, rest = module.removeprefix("tensorflow.").partition(".")
    return root in ("keras", "tf_keras") and rest.removeprefix("src.").split(".")[0] in TRUSTED_PACKAGES


def _check_symbol(path: Path, name: str, settings: Any) -> None:
    symbol = str(settings.get("function", "")) if isinstance(settings, dict) else ""
    if symbol and symbol not in TRUSTED_FUNCTIONS and not symbol.startswith(TRUSTED_SYMBOLS):
        raise WorkbenchError(
            _("{file} was not loaded: its layer {name} calls tf.{symbol}, which may do more than compute.").format(
                file=path.name, name=name, symbol=symbol
            ),
            _("Rebuild the layer from Keras operations and save the model again."),
        )


def _name(item: dict[str, Any]) -> str:
    settings = item.get("config")
    inner = settings.get("name") if isinstance(settings, dict) else None
    return str(item.get("name") or inner or item["class_name"])


def _custom(path: Path, name: str, kind: str) -> WorkbenchError:
    return WorkbenchError(
        _("{file} was not loaded: its layer {name} is of the custom class {kind}, which is not part of Keras.").format(
            file=path.name, name=name, kind=kind
        ),
        _("Where the class is known, export the model as a SavedModel (model.export) and open that."),
    )
