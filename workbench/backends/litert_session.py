"""Run TFLite models with LiteRT."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from workbench.core.errors import WorkbenchError
from workbench.core.graph import Dim, Port, Quantization
from workbench.core.i18n import _
from workbench.core.session import Arrays, Session

Details = dict[str, dict[str, Any]]
"""What LiteRT says of each input or output, by the name that its caller uses."""

ERRORS = (ValueError, RuntimeError, TypeError)


class LiteRtSession(Session):
    """A TFLite model opened by LiteRT on the CPU (XNNPACK, where it knows the operators)."""

    def __init__(self, path: Path, *, threads: int | None) -> None:
        self._name = path.name
        self.device = "cpu"
        self.device_label = "CPU (XNNPACK)"
        if not path.is_file():
            raise WorkbenchError(_("There is no file {path}.").format(path=path), _("Check the path."))
        try:
            self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
            self._in, self._out, self._runner = _entry(self._interpreter)
            self._sizes: dict[str, tuple[int, ...]] = {}
            self._interpreter.allocate_tensors()
        except ERRORS as error:
            raise WorkbenchError(
                _("LiteRT cannot open {name}: {reason}").format(name=path.name, reason=_reason(error)), _hint(error)
            ) from error
        self.inputs = [_port(name, detail) for name, detail in self._in.items()]
        self.outputs = [_port(name, detail) for name, detail in self._out.items()]

    def run(self, feeds: Mapping[str, NDArray[np.generic]]) -> Arrays:
        """Run once, from a fresh state; inputs are resized where the model leaves a dimension open."""
        self._check(feeds)
        try:
            if self._runner is not None:
                return dict(self._runner(**feeds))
            self._load(feeds)
            self._interpreter.invoke()
            return {name: self._interpreter.get_tensor(detail["index"]) for name, detail in self._out.items()}
        except ERRORS as error:
            raise self._refusal(feeds, _reason(error)) from error

    def prepare(self, feeds: Mapping[str, NDArray[np.generic]]) -> Callable[[], object]:
        """Return ``Interpreter.invoke`` with these inputs in place, and reading its outputs: what a script does."""
        self.run(feeds)  # says what is wrong with them before anything is timed
        if self._runner is not None:
            return partial(self._runner, **feeds)
        self._load(feeds)
        return partial(_call, self._interpreter, [detail["index"] for detail in self._out.values()])

    def close(self) -> None:
        """Free the model."""
        self._runner = None
        del self._interpreter

    def _load(self, feeds: Mapping[str, NDArray[np.generic]]) -> None:
        """Resize what must be resized, and put the inputs in place."""
        sizes = {name: np.shape(feeds[name]) for name in self._in}
        if sizes != self._sizes:
            for name, detail in self._in.items():
                self._interpreter.resize_tensor_input(detail["index"], sizes[name])
            self._interpreter.allocate_tensors()
            self._sizes = sizes
        self._interpreter.reset_all_variables()
        for name, detail in self._in.items():
            self._interpreter.set_tensor(detail["index"], _stored(feeds[name], detail["dtype"]))

    def _check(self, feeds: Mapping[str, NDArray[np.generic]]) -> None:
        """Refuse shapes and types that LiteRT would take and then compute nonsense from, or crash on."""
        for port in self.inputs:
            if port.name not in feeds:
                raise self._refusal(feeds, _("{name} is missing.").format(name=port.name))
            given = np.shape(feeds[port.name])
            wanted = port.shape if port.shape is not None else [None] * len(given)
            fits = len(given) == len(wanted) and all(
                dim is None or dim == size for dim, size in zip(wanted, given, strict=True)
            )
            if not fits:
                shape = [dim if dim is not None else "?" for dim in wanted]
                raise self._refusal(feeds, _("{name} takes the shape {shape}.").format(name=port.name, shape=shape))

    def _refusal(self, feeds: Mapping[str, NDArray[np.generic]], reason: str) -> WorkbenchError:
        given = ", ".join(f"{name} {np.asarray(value).dtype} {list(np.shape(value))}" for name, value in feeds.items())
        return WorkbenchError(
            _("LiteRT cannot run {name} on {given}: {reason}").format(name=self._name, given=given, reason=reason),
            _("Check that the data has the type and shape that the model expects."),
        )


def _call(interpreter: Any, outputs: Sequence[int]) -> list[NDArray[np.generic]]:
    interpreter.invoke()
    return [interpreter.get_tensor(index) for index in outputs]


def _entry(interpreter: Any) -> tuple[Details, Details, Any | None]:
    """Return inputs and outputs under their callers' names, and a signature's runner where one is needed.

    The names of a signature are used when there is one. Where it is only another view of the main graph, the
    interpreter itself is called, as a script would; else (several entry points) LiteRT's signature runner is.
    """
    inputs = {detail["name"]: detail for detail in interpreter.get_input_details()}
    outputs = {detail["name"]: detail for detail in interpreter.get_output_details()}
    signatures = interpreter.get_signature_list()
    if not signatures:
        return inputs, outputs, None
    runner = interpreter.get_signature_runner(
        "serving_default" if "serving_default" in signatures else next(iter(signatures))
    )
    named_in, named_out = runner.get_input_details(), runner.get_output_details()
    same = _tensors(named_in) == _tensors(inputs) and _tensors(named_out) <= _tensors(outputs)
    return named_in, named_out, None if same else runner


def _tensors(details: Details) -> set[tuple[int, str]]:
    return {(detail["index"], detail["name"]) for detail in details.values()}


def _port(name: str, detail: dict[str, Any]) -> Port:
    signature = detail.get("shape_signature", detail["shape"])
    known = signature if len(signature) == len(detail["shape"]) else detail["shape"]
    shape: list[Dim] = [None if dim < 0 else int(dim) for dim in known]
    dtype = np.dtype(detail["dtype"])
    text = dtype.kind in "SUO"
    return Port(
        name,
        "string" if text else dtype.name,
        shape,
        None if dtype.kind not in "iu" else _quantization(detail["quantization_parameters"]),
        detail["name"] if detail["name"] != name else "",
    )


def _quantization(parameters: dict[str, Any]) -> Quantization | None:
    scales = [float(scale) for scale in parameters["scales"]]
    if not scales:
        return None
    zeros = [int(zero) for zero in parameters["zero_points"]]
    return Quantization(scales, zeros, int(parameters["quantized_dimension"]) if len(scales) > 1 else None)


def _stored(values: NDArray[np.generic], dtype: Any) -> NDArray[np.generic]:
    """Return texts as the bytes that LiteRT takes; other values unchanged."""
    if np.dtype(dtype).kind in "SUO" and values.dtype.kind != "S":
        return np.asarray([str(value).encode() for value in values.ravel()], dtype=object).reshape(values.shape)
    return values


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:500]


def _hint(error: Exception) -> str:
    if "Select TensorFlow op" in str(error) or "Flex" in str(error):
        return _("The model needs TensorFlow operators (Flex), which LiteRT does not have: convert it without them.")
    if "custom op" in str(error).lower():
        return _("The model uses a custom operator that LiteRT does not have; it can be viewed but not run.")
    return _("Check that the file is complete, or open another model.")
