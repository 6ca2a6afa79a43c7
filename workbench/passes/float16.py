"""Float16: half the size; on ONNX the arithmetic too, where the person wants it."""

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
from workbench.passes.notes import layers_note


class Float16Params(Params, frozen=True):
    """Settings of float16."""

    arithmetic: Annotated[
        Literal["auto", "float16", "float32"],
        meta(
            N_("Arithmetic"),
            N_(
                "ONNX: compute in float16 (faster on most GPUs, often slower on a CPU), or store weights in float16 "
                "and compute in float32 (same speed, closer numbers). Auto computes in float16, except in models with "
                "branches or loops. TFLite always computes in float32 on a CPU."
            ),
            labels=(N_("Auto"), N_("float16"), N_("float32, weights in float16")),
            formats=("onnx",),
        ),
    ] = "auto"
    skip: Annotated[
        tuple[str, ...], meta(N_("Layers to skip"), N_("Names or ops that stay in float32; * and ? match anything."))
    ] = ()


class Float16(Pass[Float16Params]):
    """Inputs and outputs stay float32."""

    id = "float16"
    label = N_("Convert to float16")
    summary = N_("Half the size with nearly the same numbers; inputs and outputs stay float32.")
    needs = ("onnxruntime", "ai_edge_quantizer", "tensorflow")
    install = "onnxruntime ai-edge-quantizer tensorflow"
    params = Float16Params
    accepts: ClassVar[dict[str, str]] = {"onnx": "onnx", **TO_TFLITE}

    def requires(self, graph: Graph) -> str | None:
        """Refuse what is quantized already, has no weights, or cannot be converted to TFLite."""
        return reasons.first(
            reasons.no_architecture(graph),
            reasons.already_quantized(graph),
            reasons.no_weights(graph),
            reasons.sparse(graph),
            reasons.already_half(graph),
            reasons.never_run(graph),
        )

    def run(
        self, source: Path, target: Path, params: Float16Params, *, data: Dataset | None, report: Report
    ) -> Outcome:
        """Convert."""
        if identify(source).id == "onnx":
            return _onnx(source, target, params, report)
        model, notes = as_float_tflite(source, report)
        from workbench.backends.tflite_quantization import halve

        report.progress(0.9, _("Converting to float16"))
        result = halve(model, target, skip=params.skip)
        notes.append(layers_note(result.done, result.left, precision="float16"))
        return Outcome(notes=notes)


def _onnx(source: Path, target: Path, params: Float16Params, report: Report) -> Outcome:
    from workbench.backends.onnx_float16 import compute_in_half, has_branches, store_in_half

    report.progress(0.2, _("Converting to float16"))
    branches = params.arithmetic == "auto" and has_branches(source)
    if params.arithmetic == "float32" or branches:
        notes = store_in_half(source, target, skip=params.skip)
        if branches:
            notes.append(_("Only weights are float16: the model has branches or loops, which compute in float32."))
        return Outcome(notes=notes)
    notes = compute_in_half(source, target, skip=params.skip)
    notes.append(_("On a CPU float16 arithmetic is often slower than float32: measure it."))
    return Outcome(notes=notes)
