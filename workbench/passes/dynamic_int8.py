"""Dynamic int8 quantization: weights are stored as int8, activations are quantized while the model runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from workbench.core.events import Report
from workbench.core.graph import Graph
from workbench.core.i18n import N_, _
from workbench.core.params import Params, meta
from workbench.datasets import Dataset
from workbench.formats.identify import identify
from workbench.passes import Outcome, Pass, reasons
from workbench.passes.float_tflite import TO_TFLITE, as_float_tflite
from workbench.passes.notes import layers_note, nested_note, size_note

LAYERS = ("MatMul", "Gemm", "Attention", "LSTM", "Conv")
"""ONNX ops with weights that it can quantize."""


class DynamicInt8Params(Params, frozen=True):
    """Settings of dynamic-int8."""

    layers: Annotated[
        Literal["auto", "dense", "all"],
        meta(
            N_("Layers"),
            N_(
                "ONNX: dense and recurrent layers only, or convolutions too (smaller, but on a CPU dynamic "
                "convolutions are often slower than float). Auto takes convolutions when they hold most of the "
                "weights. TFLite always takes all."
            ),
            labels=(N_("Auto"), N_("Dense and recurrent"), N_("All, with convolutions")),
            formats=("onnx",),
        ),
    ] = "auto"
    per_channel: Annotated[
        bool, meta(N_("Per channel"), N_("One scale for each output channel: more accurate, same size and speed."))
    ] = True
    skip: Annotated[
        tuple[str, ...], meta(N_("Layers to skip"), N_("Names that stay in float; * and ? match anything."))
    ] = ()


class DynamicInt8(Pass[DynamicInt8Params]):
    """Needs no data: about a quarter of the size."""

    id = "dynamic-int8"
    label = N_("Quantize weights to int8 (dynamic)")
    summary = N_("Store weights as 8-bit integers: about a quarter of the size, no calibration data needed.")
    needs = ("onnxruntime", "ai_edge_quantizer", "tensorflow")
    install = "onnxruntime ai-edge-quantizer tensorflow"
    params = DynamicInt8Params
    accepts: ClassVar[dict[str, str]] = {"onnx": "onnx", **TO_TFLITE}

    def requires(self, graph: Graph) -> str | None:
        """Refuse what is quantized already, has no weights, or cannot be converted to TFLite."""
        return reasons.first(
            reasons.no_architecture(graph),
            reasons.already_quantized(graph),
            reasons.no_weights(graph),
            reasons.sparse(graph),
            reasons.never_run(graph),
            reasons.only_nested(graph, LAYERS),
        )

    def run(
        self, source: Path, target: Path, params: DynamicInt8Params, *, data: Dataset | None, report: Report
    ) -> Outcome:
        """Quantize the weights."""
        if identify(source).id == "onnx":
            return _onnx(source, target, params, report)
        model, notes = as_float_tflite(source, report)
        from workbench.backends.tflite_quantization import quantize_dynamic

        report.progress(0.9, _("Quantizing"))
        result = quantize_dynamic(model, target, per_channel=params.per_channel, skip=params.skip)
        notes.append(layers_note(result.done, result.left, precision="int8"))
        if any("CONV" in op for op in result.done):
            notes.append(_slow_convolutions())
        notes += size_note(model, target)
        return Outcome(notes=notes, figures={"quantized_layers": float(sum(result.done.values()))})


def _onnx(source: Path, target: Path, params: DynamicInt8Params, report: Report) -> Outcome:
    from workbench.backends.onnx_quantization import quantize_dynamic

    report.progress(0.2, _("Quantizing"))
    convolutions = {"auto": None, "dense": False, "all": True}[params.layers]
    result = quantize_dynamic(
        source,
        target,
        convolutions=convolutions,
        per_channel=params.per_channel,
        skip=params.skip,
        scratch=report.scratch,
    )
    notes = [layers_note(result.done, result.left, precision="int8"), *nested_note(result.nested)]
    if "ConvInteger" in result.done:
        notes.append(_slow_convolutions())
    elif "Conv" in result.left:
        notes.append(
            _("Convolutions stayed in float, because they would run slower; choose all layers to shrink them.")
        )
    notes += size_note(source, target)
    return Outcome(notes=notes, figures={"quantized_layers": float(sum(result.done.values()))})


def _slow_convolutions() -> str:
    return _("Convolutions quantized dynamically are often slower on a CPU than in float: measure, or use static-int8.")
