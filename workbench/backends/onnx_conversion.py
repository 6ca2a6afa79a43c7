"""Convert a Keras file or a SavedModel to ONNX with a fraction of tf2onnx's memory: large weights stay outside."""

from __future__ import annotations

import gc
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tensorflow as tf
from numpy.typing import NDArray
from tf2onnx import tf_loader
from tf2onnx.convert import _convert_common

from workbench.backends.onnx_files import export_onnx
from workbench.backends.onnx_folding import fold
from workbench.backends.onnx_missing_ops import missing_ops
from workbench.backends.tf_freezing import Frozen, freeze
from workbench.backends.tf_programs import Program, open_program
from workbench.core.errors import WorkbenchError, first_line, library_errors
from workbench.core.events import Report
from workbench.core.graph import Port
from workbench.core.i18n import _

NATIVE_OPSETS = range(9, 19)
"""What tf2onnx writes; newer ones are reached with onnx.version_converter."""

LIFT_ABOVE = 65536
"""Bytes: smaller weights stay in the graph, where tf2onnx folds batch normalization and recognizes cells."""


def to_onnx(
    source: Path, target: Path, *, opset: int = 18, signature: str = "", batch: int | None = None, report: Report
) -> None:
    """Write ``source`` (Keras file or SavedModel folder) as ONNX to ``target``, checked by onnx.checker.

    Inputs and outputs carry the names of Keras layers or of the signature, initializers those of the variables.
    ``batch`` fixes the first dimension. Raises WorkbenchError naming an operation that ONNX cannot express.
    """
    report.progress(0.05, _("Loading the model"))
    program = open_program(source, signature=signature, batch=batch)
    report.progress(0.25, _("Tracing the model"))
    frozen = freeze(program, lift_above=LIFT_ABOVE)
    report.progress(0.35, _("Converting to ONNX"))
    model = _converted(program, frozen, min(opset, NATIVE_OPSETS[-1]), report)
    _name_shapes(model, program)
    report.progress(0.75, _("Folding constants"))
    fold(model, _weights(model, frozen))
    del program, frozen
    gc.collect()  # the model's own weights, before the file is put together
    report.progress(0.85, _("Checking and writing"))
    export_onnx(model, target, opset=opset)


def _converted(program: Program, frozen: Frozen, opset: int, report: Report) -> Any:
    fed = [*frozen.inputs, *(f"{name}:0" for name in frozen.lifted)]
    rename = {name: port.name for name, port in zip(frozen.outputs, program.outputs, strict=True)}
    rename |= {name: port.name for name, port in zip(frozen.inputs, program.inputs, strict=True)}
    handlers = missing_ops()
    with library_errors(lambda error: _explain(error, frozen)), quiet_tf2onnx(report), tf.device("/cpu:0"):
        with tf.Graph().as_default():
            tf.import_graph_def(frozen.graph_def, name="")
            optimized = tf_loader.tf_optimize(fed, frozen.outputs, frozen.graph_def)
        model, _storage = _convert_common(
            optimized,
            name="workbench",
            continue_on_error=False,
            opset=opset,
            custom_op_handlers=handlers,
            input_names=fed,
            output_names=frozen.outputs,
            tensors_to_rename=rename,
        )
    return model


@contextmanager
def quiet_tf2onnx(report: Report) -> Iterator[None]:
    """Send what tf2onnx logs to the report instead of the terminal, and keep its deprecations to itself."""
    lines = _ReportLog(report)
    logger = logging.getLogger("tf2onnx")
    level, propagate = logger.level, logger.propagate
    logger.addHandler(lines)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.removeHandler(lines)
        logger.setLevel(level)
        logger.propagate = propagate


class _ReportLog(logging.Handler):
    def __init__(self, report: Report) -> None:
        super().__init__(logging.WARNING)
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        self._report.log(record.getMessage(), "debug")


def _explain(error: Exception, frozen: Frozen) -> WorkbenchError:
    text = str(error)
    found = re.findall(r"[Tt]ensorflow op \[([^:\]]+): ?([^\]]+)\]", text)
    ops = sorted({op for _node, op in found})
    if ops:
        return WorkbenchError(
            _("ONNX has no operation for TensorFlow's {ops} (at {node}).").format(ops=", ".join(ops), node=found[0][0]),
            _("Leave that part out of the model (preprocessing can be done before it), or export to another format."),
        )
    known = {node.name: node.op for node in frozen.graph_def.node}
    named = next((name for name in re.findall(r"[\w./]+", text) if name in known), "")
    place = _(" at {op} {name}").format(op=known[named], name=named) if named else ""
    return WorkbenchError(
        _("The conversion to ONNX failed{place}: {reason}").format(place=place, reason=first_line(error)),
        _("Another opset may help, or exporting the model as a SavedModel first."),
    )


def _name_shapes(model: Any, program: Program) -> None:
    """Give free dimensions readable names, and put back fixed ones that the converter lost."""
    ports = {port.name: port for port in (*program.inputs, *program.outputs)}
    for value in (*model.graph.input, *model.graph.output):
        if value.name in ports:
            _name_dimensions(value, ports[value.name])
    for value in model.graph.value_info:
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.Clear()


def _name_dimensions(value: Any, port: Port) -> None:
    dims = value.type.tensor_type.shape.dim
    known = port.shape if port.shape is not None and len(port.shape) == len(dims) else [None] * len(dims)
    for index, (dim, size) in enumerate(zip(dims, known, strict=True)):
        if isinstance(size, int):
            dim.dim_value = size
        elif dim.dim_param or not dim.HasField("dim_value") or dim.dim_value <= 0:
            dim.dim_param = "batch" if index == 0 else f"{port.name}_{index}"


def _weights(model: Any, frozen: Frozen) -> dict[str, NDArray[np.generic]]:
    """Take the fed weights out of the inputs and return them by name; all weights get their variables' names."""
    graph = model.graph
    names = _Names(graph)
    kept, fed = [], {}
    for value in graph.input:
        weight = frozen.lifted.get(value.name.split(":")[0])
        if weight is None:
            kept.append(value)
            continue
        fed[names.take(value.name, weight.path)] = weight.numbers()
    del graph.input[:]
    graph.input.extend(kept)
    for tensor in graph.initializer:
        path = frozen.paths.get(tensor.name.split(":")[0])
        if path:
            tensor.name = names.take(tensor.name, path)
    names.apply(graph)
    return fed


class _Names:
    """New names of tensors, unique in the graph."""

    def __init__(self, graph: Any) -> None:
        self._taken = {name for node in graph.node for name in node.output}
        self._taken |= {value.name for value in (*graph.input, *graph.output)}
        self._taken |= {tensor.name for tensor in graph.initializer}
        self._renamed: dict[str, str] = {}

    def take(self, old: str, wanted: str) -> str:
        new, count = wanted, 1
        while new in self._taken:
            new, count = f"{wanted}_{count}", count + 1
        self._taken.add(new)
        self._renamed[old] = new
        return new

    def apply(self, graph: Any) -> None:
        """Rename wherever the tensors are read, nested graphs included."""
        for node in graph.node:
            for index, name in enumerate(node.input):
                if name in self._renamed:
                    node.input[index] = self._renamed[name]
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.GRAPH:
                    self.apply(attribute.g)
