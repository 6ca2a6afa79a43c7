"""Quantize ONNX models to 8-bit integers with ONNX Runtime's quantizer, calibrating at bounded memory."""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType
from onnxruntime.quantization import quantize_dynamic as ort_quantize_dynamic
from onnxruntime.quantization import quantize_static as ort_quantize_static
from onnxruntime.quantization.calibrate import create_calibrator, save_tensors_data
from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry
from onnxruntime.quantization.shape_inference import quant_pre_process

from workbench.backends.onnx_files import (
    check,
    graphs_of,
    is_oversized,
    is_valid,
    load_onnx,
    opset_of,
    with_opset,
    write_onnx,
)
from workbench.backends.onnx_weights import (
    WEIGHTED,
    lift_constants,
    name_nodes,
    numbers,
    replace_numbers,
    weights_of,
    with_patterns,
)
from workbench.core.errors import WorkbenchError, library_errors
from workbench.core.i18n import _

Feeds = Mapping[str, NDArray[np.generic]]

LOWEST_OPSET = 13
"""The first opset in which QuantizeLinear knows a scale for each channel."""
CALLS_AT_ONCE = 4
"""Calls whose activations are held in memory together while calibrating with histograms."""
DENSE_OPS = ("MatMul", "Gemm", "Attention", "LSTM")
INTEGER_OPS = ("MatMulInteger", "ConvInteger", "DynamicQuantizeLSTM", "QAttention", "MatMulIntegerToFloat")
OWNED = {"Conv": (2,), "ConvTranspose": (2,), "Gemm": (1, 2)}
"""Inputs that no other node may share: biases, and the weights that the quantizer may transpose."""
METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}
UNSIGNED, SIGNED = QuantType.QUInt8, QuantType.QInt8


class StaticOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to quantize with calibrated ranges."""

    method: str = "minmax"
    percentile: float = 99.999
    per_channel: bool = True
    reduce_range: bool = False
    signed_activations: bool = False
    skip: tuple[str, ...] = ()
    """Ops, or nodes by name; * and ? match anything."""


class Quantized(msgspec.Struct):
    """How many layers with weights became integer, by op, and which stayed in float."""

    done: dict[str, int]
    left: dict[str, list[str]]
    """Names by op."""
    nested: int
    """Layers inside branches and loops, which are never quantized."""


def quantize_dynamic(
    source: Path, target: Path, *, convolutions: bool | None, per_channel: bool, skip: tuple[str, ...], scratch: Path
) -> Quantized:
    """Quantize weights to 8 bits; activations are quantized while running.

    ``convolutions``: whether to quantize them too; None only when they hold most of the weights. Raises WorkbenchError
    when nothing could be quantized.
    """
    with quiet(), tempfile.TemporaryDirectory(dir=scratch) as folder:
        prepared = _prepare(source, Path(folder))
        model = load_onnx(prepared)
        valid = is_valid(model)
        with_convolutions = _mostly_convolutions(model) if convolutions is None else convolutions
        ops = [*DENSE_OPS, "Conv"] if with_convolutions else [*DENSE_OPS]
        excluded = with_patterns([node.name for node in model.graph.node], skip, what=_("node"))
        with _refused():
            ort_quantize_dynamic(
                prepared,
                target,
                op_types_to_quantize=ops,
                per_channel=per_channel,
                weight_type=UNSIGNED if with_convolutions else SIGNED,  # ConvInteger runs only with unsigned weights
                # a Gemm becomes a MatMul called after it before names are looked at
                nodes_to_exclude=sorted(excluded | {f"{name}_MatMul" for name in excluded}),
                extra_options={"MatMulConstBOnly": True},
            )
    return _result(target, valid=valid)


def quantize_static(
    source: Path, target: Path, options: StaticOptions, calls: Iterable[Feeds], *, scratch: Path
) -> Quantized:
    """Quantize weights and activations to 8 bits (QDQ). ``calls`` are the feeds to calibrate on, read once.

    Raises WorkbenchError when nothing could be quantized or the calibration data is not finite.
    """
    with quiet(), tempfile.TemporaryDirectory(dir=scratch) as folder:
        prepared = _prepare(source, Path(folder))
        model = load_onnx(prepared)
        valid = is_valid(model)
        supported = {*QDQRegistry, *QLinearOpsRegistry}
        present = {node.op_type for node in model.graph.node}
        names = [node.name for node in model.graph.node]
        skipped = with_patterns([*names, *sorted(present)], options.skip, what=_("node or op"))
        ops = sorted(supported - skipped)
        ranges = _calibrate(prepared, ops, options, calls, Path(folder))
        with _refused():
            ort_quantize_static(
                prepared,
                target,
                None,
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=ops,
                per_channel=options.per_channel,
                reduce_range=options.reduce_range,
                activation_type=SIGNED if options.signed_activations else UNSIGNED,
                weight_type=SIGNED,
                nodes_to_exclude=sorted(skipped.intersection(names)),
                calibrate_method=METHODS[options.method],
                calibration_cache_path=ranges,
            )
    return _result(target, valid=valid)


def _mostly_convolutions(model: Any) -> bool:
    sizes: Counter[bool] = Counter()
    for weight in weights_of(model):
        if not weight.nested and weight.op in (*DENSE_OPS, "Conv"):
            sizes[weight.op == "Conv"] += int(np.prod(weight.tensor.dims, dtype=np.int64))
    return sizes[True] > sizes[False]


class _Calls(CalibrationDataReader):  # type: ignore[misc]
    """A few calls for ONNX Runtime's calibrator, checked to be finite."""

    def __init__(self, calls: Iterable[Feeds]) -> None:
        self._calls = iter(calls)

    def get_next(self) -> dict[str, NDArray[np.generic]] | None:
        feeds = next(self._calls, None)
        if feeds is None:
            return None
        for name, values in feeds.items():
            if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
                raise WorkbenchError(
                    _("The calibration data for input {name} holds NaN or infinite numbers.").format(name=name),
                    _("Remove those samples: ranges cannot be measured with them."),
                )
        return dict(feeds)


def _calibrate(prepared: Path, ops: list[str], options: StaticOptions, calls: Iterable[Feeds], folder: Path) -> Path:
    """Measure the activations' ranges a few calls at a time, and return the file that holds them."""
    extra: dict[str, Any] = {"symmetric": False}
    if options.method == "percentile":
        extra["percentile"] = options.percentile
    ranges = folder / "ranges.json"
    waiting = iter(calls)
    with _uncalibrated():
        calibrator = create_calibrator(
            prepared, ops, str(folder / "augmented.onnx"), METHODS[options.method], extra_options=extra
        )
    while some := list(islice(waiting, CALLS_AT_ONCE)):
        with _uncalibrated():
            calibrator.collect_data(_Calls(some))
    with _uncalibrated():
        save_tensors_data(calibrator.compute_data(), ranges)
    return ranges


def _uncalibrated() -> contextlib.AbstractContextManager[None]:
    return library_errors(
        _("The model cannot be calibrated: {reason}"), _("Give calibration data of a size that the model takes.")
    )


def _prepare(source: Path, folder: Path) -> Path:
    """Return a copy that quantizes well: opset 13, constants as initializers, folded, shapes inferred, nodes named."""
    model = load_onnx(source)
    if is_oversized(model):
        raise WorkbenchError(
            _("{name} is larger than 2 GB, which the quantizer cannot take.").format(name=source.name),
            _("Use float16 first, or quantize a smaller variant of the model."),
        )
    if opset_of(model) < LOWEST_OPSET:
        model = with_opset(model, LOWEST_OPSET)
    lift_constants(model)
    name_nodes(model)
    raw, prepared = folder / "raw.onnx", folder / "prepared.onnx"
    write_onnx(model, raw)
    try:
        quant_pre_process(str(raw), str(prepared), skip_symbolic_shape=True)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - folding only helps; a model that it cannot take is quantized as it is
        return raw
    named = load_onnx(prepared)
    name_nodes(named)
    _own_tensors(named)
    write_onnx(named, prepared)
    return prepared


def _own_tensors(model: Any) -> None:
    """Give every layer a bias of its own, of rank 1, and every Gemm weights of its own.

    The quantizer copies a shared bias to its name with a number behind it, which may be the name of something else;
    it stumbles over the bias of a Gemm that is stored as (1, n); and it transposes a Gemm's weights in place.
    """
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    uses = Counter(name for node in model.graph.node for name in node.input)
    for index, node in enumerate(model.graph.node):
        for position in OWNED.get(node.op_type, ()):
            name = node.input[position] if position < len(node.input) else ""
            if name not in stored:
                continue
            tensor = stored[name]
            if uses[name] > 1:
                uses[name] -= 1
                tensor = type(tensor).FromString(tensor.SerializeToString())
                tensor.name = node.input[position] = f"{name}/of_layer_{index}"
                model.graph.initializer.append(tensor)
            if node.op_type == "Gemm" and position == 2 and len(tensor.dims) == 2 and tensor.dims[0] == 1:
                replace_numbers(tensor, numbers(tensor).reshape(-1))


def _result(target: Path, *, valid: bool) -> Quantized:
    """Count what became integer; raises WorkbenchError when nothing did, or a ``valid`` model is so no more."""
    model = load_onnx(target)
    if valid:
        check(model)
    dequantized = {node.output[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}
    stored = {tensor.name for tensor in model.graph.initializer}
    from_storage = {
        node.output[0]
        for node in model.graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in stored and node.output[0] in dequantized
    }
    done: Counter[str] = Counter()
    for node in model.graph.node:
        dequantized_weight = node.op_type in WEIGHTED and any(name in from_storage for name in node.input[:2])
        if node.op_type in INTEGER_OPS or dequantized_weight:
            done[node.op_type] += 1
    left: dict[str, list[str]] = {}
    nested = 0
    for weight in weights_of(model):
        if weight.nested:
            nested += 1
        else:
            left.setdefault(weight.op, []).append(weight.layer)
    if not done:
        raise WorkbenchError(
            _("Nothing in this model could be quantized."),
            _nothing_hint(left, nested, [graph for graph, inner in graphs_of(model) if inner]),
        )
    return Quantized(dict(done), left, nested)


def _nothing_hint(left: dict[str, list[str]], nested: int, inner: list[Any]) -> str:
    if nested and not left:
        return _("All its layers are inside branches or loops (If, Loop, Scan), which the quantizer does not enter.")
    if left:
        listed = ", ".join(f"{op} ({len(names)})" for op, names in left.items())
        return _("Its layers are: {ops}. Include them, or skip less.").format(ops=listed)
    if inner:
        return _("It holds no layer with weights outside its branches and loops.")
    return _("It holds no layer with weights that the quantizer knows.")


def _refused() -> contextlib.AbstractContextManager[None]:
    return library_errors(
        _("ONNX Runtime cannot quantize this model: {reason}"),
        _("Skip the node or op that the message names, or try float16."),
    )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the quantizer's advice ("consider to run pre-processing") out of the log while it runs."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        root.setLevel(level)
