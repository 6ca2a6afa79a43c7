"""A model as a TensorFlow function with named inputs and outputs, whatever kind of file it came from."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf

from workbench.backends.keras_models import load_keras
from workbench.backends.saved_model_safety import check_saved_model
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Dim, Port
from workbench.core.i18n import _

DEFAULT_SIGNATURE = "serving_default"


class Program(NamedTuple):
    """One traced entry point of a model."""

    concrete: Any
    """ConcreteFunction: takes tensors by input name, returns a dict by output name."""
    inputs: list[Port]
    outputs: list[Port]
    variable_names: dict[int, str]
    """id of a variable's handle to a readable path ("conv1/kernel")."""
    signature: str
    owner: Any
    """The Keras model or loaded SavedModel; keeps the variables alive."""


def open_program(source: Path, *, signature: str = "", batch: int | None = None) -> Program:
    """Open a Keras file or a SavedModel folder and trace it for inference.

    ``batch`` fixes the first dimension where the model leaves it free. Raises WorkbenchError for an unknown signature,
    EngineRequired for a file of Keras 1 or 2 outside its engine.
    """
    if source.is_dir():
        loaded = load_saved_model(source)
        return _traced_signature(loaded, choose_signature(loaded.signatures, signature, source), batch)
    if signature not in ("", DEFAULT_SIGNATURE):
        raise WorkbenchError(
            _("{file} is a Keras model: it has no signature called {name}.").format(file=source.name, name=signature),
            _("Leave the signature empty."),
        )
    return keras_program(load_keras(source), batch=batch)


def keras_program(model: Any, *, batch: int | None = None) -> Program:
    """Trace a Keras 3 or tf_keras model for inference, its inputs and outputs named after its layers."""
    if not getattr(model, "built", False) or not getattr(model, "inputs", None):
        raise WorkbenchError(
            _("The model does not say what its inputs are."),
            _("Give it an Input layer where it was made, and save it again."),
        )
    functional = getattr(model, "_functional", None) or model  # a Keras 3 Sequential wraps one
    is_tf_keras = type(model).__module__.startswith("tf_keras") or hasattr(functional, "_nested_inputs")
    if is_tf_keras:
        structure = getattr(functional, "_nested_inputs", None)
        raw_inputs, raw_outputs = functional.input_names, functional.output_names
    else:
        structure = functional._inputs_struct
        raw_inputs = [tensor._keras_history.operation.name for tensor in functional.inputs]
        raw_outputs = [tensor._keras_history.operation.name for tensor in functional.outputs]
    specs = [
        tf.TensorSpec(_with_batch(tensor.shape, batch), tensor.dtype, name=name)
        for tensor, name in zip(functional.inputs, readable_names(raw_inputs), strict=True)
    ]
    output_names = readable_names(raw_outputs)

    def infer(*tensors: Any) -> dict[str, Any]:
        packed = tf.nest.pack_sequence_as(structure, tensors) if structure is not None else list(tensors)
        results = tf.nest.flatten(functional(packed, training=False))
        return {name: tf.identity(result, name=name) for name, result in zip(output_names, results, strict=True)}

    concrete = tf.function(infer, input_signature=specs, autograph=False).get_concrete_function()
    names = {id(_handle(variable)): _path(variable) for variable in model.variables if _handle(variable) is not None}
    return _program(concrete, specs, output_names, names=names, signature=DEFAULT_SIGNATURE, owner=model)


def _handle(variable: Any) -> Any:
    """Return the resource tensor of a Keras 3, tf_keras or TensorFlow variable."""
    inner = getattr(variable, "_value", None)
    return getattr(inner if inner is not None and hasattr(inner, "handle") else variable, "handle", None)


def _path(variable: Any) -> str:
    return str(getattr(variable, "path", None) or variable.name).split(":", maxsplit=1)[0]


def _program(
    concrete: Any, specs: list[Any], output_names: list[str], *, names: dict[int, str], signature: str, owner: Any
) -> Program:
    shapes = concrete.structured_outputs
    return Program(
        concrete=concrete,
        inputs=[Port(spec.name, spec.dtype.name, _dims(spec.shape)) for spec in specs],
        outputs=[Port(name, shapes[name].dtype.name, _dims(shapes[name].shape)) for name in output_names],
        variable_names=names,
        signature=signature,
        owner=owner,
    )


def _dims(shape: Any) -> list[Dim] | None:
    return None if shape.rank is None else list(shape.as_list())


def _with_batch(shape: Any, batch: int | None) -> list[int | None] | None:
    if isinstance(shape, tf.TensorShape) and shape.rank is None:
        return None
    dims = list(shape.as_list() if isinstance(shape, tf.TensorShape) else shape)
    if batch is not None and dims and dims[0] is None:
        dims[0] = batch
    return dims


def readable_names(names: Iterable[str]) -> list[str]:
    """Return unique names of letters, digits and "_", as signatures and serving want them, in order."""
    found: list[str] = []
    for name in names:
        plain = re.sub(r"\W", "_", name, flags=re.ASCII) or "tensor"
        plain = f"_{plain}" if plain[0].isdigit() else plain
        candidate, count = plain, 1
        while candidate in found:
            candidate, count = f"{plain}_{count}", count + 1
        found.append(candidate)
    return found


def load_saved_model(source: Path) -> Any:
    """Load a SavedModel folder; raises WorkbenchError when TensorFlow cannot, or when it would do more than compute."""
    try:
        check_saved_model(source)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # deprecations inside TensorFlow while it rebuilds the functions
            return tf.saved_model.load(str(source))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, tf.errors.OpError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise WorkbenchError(
            _("TensorFlow cannot load {path}: {reason}").format(path=source, reason=first[:300]),
            _("The folder may be incomplete, or its model may use operations that this TensorFlow does not have."),
        ) from error


def choose_signature(signatures: Iterable[str], wanted: str, source: Path) -> str:
    """Return the wanted signature, else the usual one, else the only one; raises WorkbenchError naming them."""
    names = [name for name in signatures if name != "__saved_model_init_op"]
    if wanted and wanted in names:
        return wanted
    if not wanted and DEFAULT_SIGNATURE in names:
        return DEFAULT_SIGNATURE
    if not wanted and len(names) == 1:
        return names[0]
    if wanted:
        message = _("{file} has no signature called {name}.").format(file=source.name, name=wanted)
    elif names:
        message = _("{file} has several signatures and none is called serving_default.").format(file=source.name)
    else:
        raise WorkbenchError(
            _("{file} has no signature: nothing in it says how to call the model.").format(file=source.name),
            _("Save it again with tf.saved_model.save(..., signatures=...) or Keras' model.export."),
        )
    raise WorkbenchError(message, _("Signatures in it: {names}.").format(names=", ".join(sorted(names))))


def saved_signature(loaded: Any, name: str) -> Program:
    """Return a SavedModel's own function under its own names, nothing around it."""
    original = loaded.signatures[name]
    given = original.structured_input_signature[1]
    specs = [given[key] for key in sorted(given)]
    ports = [Port(key, given[key].dtype.name, _dims(given[key].shape)) for key in sorted(given)]
    names = {id(variable.handle): _path(variable) for variable in original.variables}
    program = _program(original, specs, sorted(original.structured_outputs), names=names, signature=name, owner=loaded)
    return program._replace(inputs=ports)


def retraced(program: Program, *, batch: int) -> Program:
    """Trace the same model again with a fixed batch; it is not loaded again."""
    if hasattr(program.owner, "signatures"):
        return _traced_signature(program.owner, program.signature, batch)
    return keras_program(program.owner, batch=batch)


def _traced_signature(loaded: Any, signature: str, batch: int | None) -> Program:
    own = saved_signature(loaded, signature)
    given = own.concrete.structured_input_signature[1]
    keys, result_keys = [port.name for port in own.inputs], [port.name for port in own.outputs]
    specs = [
        tf.TensorSpec(_with_batch(given[key].shape, batch), given[key].dtype, name=name)
        for key, name in zip(keys, readable_names(keys), strict=True)
    ]
    names = readable_names(result_keys)

    def infer(*tensors: Any) -> dict[str, Any]:
        results = own.concrete(**dict(zip(keys, tensors, strict=True)))
        return {name: tf.identity(results[key], name=name) for key, name in zip(result_keys, names, strict=True)}

    concrete = tf.function(infer, input_signature=specs, autograph=False).get_concrete_function()
    return _program(concrete, specs, names, names=own.variable_names, signature=own.signature, owner=loaded)
