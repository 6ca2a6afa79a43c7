"""Convert a Keras file or a SavedModel to TFLite, recurrent and grouped layers included."""

from __future__ import annotations

import re
import tempfile
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf

from workbench.backends.saved_model_export import INFERENCE_ONLY
from workbench.backends.tf_freezing import Frozen, freeze
from workbench.backends.tf_programs import DEFAULT_SIGNATURE, Program, open_program, retraced
from workbench.backends.tf_shapes import with_known_batch
from workbench.core.errors import WorkbenchError, first_line, library_errors
from workbench.core.events import Report
from workbench.core.i18n import _

LISTS = ("TensorListReserve", "TensorListFromTensor", "TensorListStack", "TensorArrayV3")
"""What loops keep their steps in; TFLite needs their element shape, hence the batch, to be known."""


class Conversion(NamedTuple):
    """A converter ready to run, and what was decided on the way."""

    converter: Any
    """tf.lite.TFLiteConverter; set optimizations or a representative dataset, then give it to ``run_converter``."""
    batch: int | None
    """The fixed batch of the result; None when it is free."""
    notes: list[str]
    signature: str
    """Name of the TFLite signature: what a representative dataset yields first."""


def converter_for(source: Path, *, batch: int | None = None, signature: str = "", report: Report) -> Conversion:
    """Return a converter of a Keras file or SavedModel folder, its float graph frozen and flat.

    Without ``batch`` it stays free, except where TFLite cannot have it free (recurrent layers): then it is 1, and the
    notes say so. Intermediate files lie in the job's scratch folder. Raises WorkbenchError or EngineRequired.
    """
    report.progress(0.05, _("Loading the model"))
    program = open_program(source, signature=signature, batch=batch)
    report.progress(0.25, _("Tracing the model"))
    notes = []
    if batch is None and _has_free_batch(program) and _has_lists(program.concrete.graph.as_graph_def()):
        batch = 1
        program = retraced(program, batch=batch)
        notes.append(
            _("The batch is fixed to 1: TFLite cannot run this model's loops (recurrent layers) with a free batch.")
        )
    frozen = _frozen(program, batch)
    folder = Path(tempfile.mkdtemp(prefix="frozen-", dir=report.scratch))
    save_frozen(program, frozen, folder)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=[DEFAULT_SIGNATURE])
    return Conversion(converter, batch, notes, DEFAULT_SIGNATURE)


def run_converter(conversion: Conversion) -> bytes:
    """Convert and return the TFLite file; raises WorkbenchError naming the operations that TFLite does not have."""
    with library_errors(_explain), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flat: bytes = conversion.converter.convert()
    return flat


def to_float_tflite(
    source: Path, target: Path, *, batch: int | None = None, signature: str = "", report: Report
) -> list[str]:
    """Write ``source`` as float TFLite to ``target``; return notes for the person (translated)."""
    conversion = converter_for(source, batch=batch, signature=signature, report=report)
    report.progress(0.5, _("Converting to TFLite"))
    flat = run_converter(conversion)
    report.progress(0.9, _("Writing"))
    target.write_bytes(flat)
    return conversion.notes


def _frozen(program: Program, batch: int | None) -> Frozen:
    frozen = freeze(program)
    if batch is None or not _has_lists(frozen.graph_def):
        return frozen
    return with_known_batch(frozen, [spec.shape for spec in program.concrete.structured_input_signature[0]], batch)


def _has_free_batch(program: Program) -> bool:
    return any(port.shape and port.shape[0] is None for port in program.inputs)


def _has_lists(graph_def: Any) -> bool:
    nodes = list(graph_def.node)
    for function in graph_def.library.function:
        nodes.extend(function.node_def)
    return any(node.op in LISTS for node in nodes)


def save_frozen(program: Program, frozen: Frozen, folder: Path) -> None:
    """Write the frozen graph as a SavedModel with one signature and no variables."""
    specs = list(program.concrete.structured_input_signature[0])

    def serve(*tensors: Any) -> dict[str, Any]:
        fed = dict(zip(frozen.inputs, tensors, strict=True))
        results = tf.graph_util.import_graph_def(
            frozen.graph_def, input_map=fed, return_elements=frozen.outputs, name=""
        )
        return {port.name: tf.identity(result) for port, result in zip(program.outputs, results, strict=True)}

    module = tf.Module()
    module.serve = tf.function(serve, input_signature=specs, autograph=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tf.saved_model.save(module, str(folder), signatures={DEFAULT_SIGNATURE: module.serve}, options=INFERENCE_ONLY)


def _explain(error: Exception) -> WorkbenchError:
    text = str(error)
    ops = sorted(
        {op for line in re.findall(r"(?:TF Select|Custom|Flex) ops: ([^\n]+)", text) for op in re.findall(r"\w+", line)}
        | set(re.findall(r"'?tf\.(\w+)' op is neither a custom op nor a flex op", text))
    )
    if ops:
        return WorkbenchError(
            _("TFLite has no kernel for {ops}.").format(ops=", ".join(ops)),
            _("Export to ONNX instead, or rebuild that part of the model from other layers."),
        )
    return WorkbenchError(
        _("The conversion to TFLite failed: {reason}").format(reason=first_line(error)),
        _("A fixed batch of 1 may help; so may exporting to ONNX instead."),
    )
