"""Static int8 quantization: weights and activations are integers, with ranges measured on calibration data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from workbench.core.datasets import RANDOM
from workbench.core.errors import WorkbenchError
from workbench.core.events import Report
from workbench.core.graph import Graph
from workbench.core.i18n import N_, _, ngettext
from workbench.core.params import Params, meta
from workbench.datasets import Dataset
from workbench.formats.identify import identify, read_model
from workbench.passes import Outcome, Pass, reasons
from workbench.passes.calibration import Feeds, calls
from workbench.passes.float_tflite import TO_TFLITE, as_float_tflite
from workbench.passes.notes import calibration_notes, layers_note, nested_note, size_note
from workbench.runtimes.quantized import real_ports

if TYPE_CHECKING:
    from workbench.backends.tflite_agreement import Agreed
    from workbench.backends.tflite_quantization import StaticQuantizer

LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul", "Gather")
"""ONNX ops with weights that it can quantize."""


class StaticInt8Params(Params, frozen=True):
    """Settings of static-int8."""

    ranges: Annotated[
        Literal["auto", "minmax", "percentile", "entropy"],
        meta(
            N_("Ranges"),
            N_(
                "How the range of an activation follows from calibration data: all of it, without outliers "
                "(percentile), or where least information is lost (entropy; ONNX only). Auto takes all of it, and "
                "for TFLite classifiers the percentile where that agrees better."
            ),
            labels=(N_("Auto"), N_("Minimum and maximum"), N_("Percentile"), N_("Entropy")),
        ),
    ] = "auto"
    percentile: Annotated[
        float, meta(N_("Percentile"), N_("Share of the numbers inside the range, for percentile."), ge=90.0, le=100.0)
    ] = 99.999
    per_channel: Annotated[
        bool, meta(N_("Per channel"), N_("One scale for each output channel of the weights: more accurate."))
    ] = True
    skip: Annotated[
        tuple[str, ...], meta(N_("Layers to skip"), N_("Names or ops that stay in float; * and ? match anything."))
    ] = ()
    agreement: Annotated[
        float,
        meta(
            N_("Wanted agreement"),
            N_(
                "TFLite classifiers: while fewer of the calibration samples keep their class, other ranges are tried "
                "(auto), then up to four of the most sensitive layers stay in float. 0 quantizes everything."
            ),
            ge=0.0,
            le=1.0,
            formats=tuple(TO_TFLITE),
        ),
    ] = 0.98
    io: Annotated[
        Literal["float32", "int8"],
        meta(
            N_("Inputs and outputs"),
            N_("TFLite: type of the model's inputs and outputs; int8 for microcontrollers."),
            formats=tuple(TO_TFLITE),
        ),
    ] = "float32"
    activations: Annotated[
        Literal["uint8", "int8"],
        meta(
            N_("Activations"),
            N_("ONNX: uint8 is several times faster on x86; int8 suits TensorRT and ARM."),
            formats=("onnx",),
        ),
    ] = "uint8"
    reduce_range: Annotated[
        bool,
        meta(
            N_("7-bit weights"),
            N_("ONNX: for x86 processors without VNNI, which overflow with 8 bits."),
            formats=("onnx",),
        ),
    ] = False


class StaticInt8(Pass[StaticInt8Params]):
    """A quarter of the size, and the fastest on a CPU."""

    id = "static-int8"
    label = N_("Quantize to int8 with calibration (static)")
    summary = N_("Weights and activations as 8-bit integers, ranges measured on calibration data: small and fast.")
    needs = ("onnxruntime", "ai_edge_quantizer", "tensorflow")
    install = "onnxruntime ai-edge-quantizer tensorflow"
    params = StaticInt8Params
    accepts: ClassVar[dict[str, str]] = {"onnx": "onnx", **TO_TFLITE}
    data = "required"

    def requires(self, graph: Graph) -> str | None:
        """Refuse what is quantized already, has no weights, or loops whose ranges cannot be measured."""
        return reasons.first(
            reasons.no_architecture(graph),
            reasons.already_quantized(graph),
            reasons.no_weights(graph),
            reasons.sparse(graph),
            reasons.never_run(graph),
            reasons.recurrent(graph),
            reasons.only_nested(graph, LAYERS),
        )

    def run(
        self, source: Path, target: Path, params: StaticInt8Params, *, data: Dataset | None, report: Report
    ) -> Outcome:
        """Calibrate and quantize."""
        if data is None:
            raise WorkbenchError(
                _("Static quantization needs calibration data."),
                _("Give some hundred typical samples, or use dynamic-int8, which needs none."),
            )
        if identify(source).id == "onnx":
            return _onnx(source, target, params, data, report)
        return _tflite(source, target, params, data, report)


def _onnx(source: Path, target: Path, params: StaticInt8Params, data: Dataset, report: Report) -> Outcome:
    from workbench.backends.onnx_quantization import StaticOptions, quantize_static

    ports = read_model(source).inputs
    feeds = calls(data, real_ports(ports), ports, report, span=(0.1, 0.8))
    options = StaticOptions(
        method="minmax" if params.ranges == "auto" else params.ranges,
        percentile=params.percentile,
        per_channel=params.per_channel,
        reduce_range=params.reduce_range,
        signed_activations=params.activations == "int8",
        skip=params.skip,
    )
    result = quantize_static(source, target, options, feeds(), scratch=report.scratch)
    notes = [
        layers_note(result.done, result.left, precision="int8"),
        *nested_note(result.nested),
        *calibration_notes(data),
        *size_note(source, target),
    ]
    return Outcome(notes=notes, figures={"quantized_layers": float(sum(result.done.values()))})


def _tflite(source: Path, target: Path, params: StaticInt8Params, data: Dataset, report: Report) -> Outcome:
    if params.ranges == "entropy":
        raise WorkbenchError(
            _("Entropy ranges are only there for ONNX models."), _("Choose minmax or percentile for TFLite.")
        )
    model, notes = as_float_tflite(source, report)
    from workbench.backends.litert_session import LiteRtSession
    from workbench.backends.tflite_agreement import quantize_until
    from workbench.backends.tflite_quantization import counted, layers_of, nothing_done

    session = LiteRtSession(model, threads=None)
    taking, own = real_ports(session.inputs), real_ports(read_model(source).inputs)
    session.close()
    quiet, loud = calls(data, own, taking), calls(data, own, taking, report, span=(0.5, 0.7))
    wanted = 0.0 if data.name == RANDOM else params.agreement  # classes of noise tell nothing
    chosen = quantize_until(_variants(model, loud, params), model, quiet, wanted=wanted, report=report)
    result = counted(layers_of(model.read_bytes()), layers_of(chosen.content))
    if not result.done:
        raise nothing_done(result)
    target.write_bytes(chosen.content)
    notes += [layers_note(result.done, result.left, precision="int8"), *calibration_notes(data)]
    notes += size_note(model, target)
    figures = {"quantized_layers": float(sum(result.done.values()))}
    if chosen.agreement is not None:
        figures["calibration_agreement"] = chosen.agreement
        notes.append(_agreement_note(chosen, params.agreement))
    return Outcome(notes=notes, figures=figures)


def _variants(
    model: Path, feeds: Callable[[], Iterator[Feeds]], params: StaticInt8Params
) -> Iterator[tuple[str, StaticQuantizer]]:
    """Yield a quantizer for each kind of ranges to try, measured only when it comes to that."""
    from workbench.backends.tflite_quantization import StaticQuantizer
    from workbench.backends.tflite_ranges import measure_ranges

    for kind in ("minmax", "percentile") if params.ranges == "auto" else (params.ranges,):
        ranges = measure_ranges(model, feeds, percentile=params.percentile if kind == "percentile" else None)
        yield (
            kind,
            StaticQuantizer(
                model, ranges, per_channel=params.per_channel, integer_io=params.io == "int8", skip=params.skip
            ),
        )


def _agreement_note(chosen: Agreed, wanted: float) -> str:
    text = _("With {variant} ranges, {share:.1%} of the calibration samples keep their most likely class.").format(
        variant=chosen.variant, share=chosen.agreement
    )
    if chosen.in_float:
        text += " " + ngettext(
            "For that, {n} sensitive layer stayed in float.",
            "For that, {n} sensitive layers stayed in float.",
            len(chosen.in_float),
        ).format(n=len(chosen.in_float))
    if (chosen.agreement or 0.0) < wanted:
        text += " " + _("That is less than the wanted {wanted:.1%}: more calibration data may help.").format(
            wanted=wanted
        )
    return text + " " + _("Ranges and layers were chosen on these samples: check on others.")
