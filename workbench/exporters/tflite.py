"""Export to TFLite."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from workbench.core.events import Report
from workbench.core.graph import Graph
from workbench.core.i18n import N_, _
from workbench.core.outcome import Outcome
from workbench.core.params import Params, meta
from workbench.exporters import Exporter
from workbench.exporters.obstacles import KERAS_TO_TFLITE, TENSORFLOW_TO_TFLITE, unloadable, without_counterpart


class TfliteParams(Params, frozen=True):
    """Settings of the export to TFLite."""

    batch: (
        Annotated[
            int,
            meta(
                N_("Batch"),
                N_("Samples per call, fixed in the file; empty leaves it free where TFLite can, and is 1 elsewhere."),
                ge=1,
            ),
        ]
        | None
    ) = None
    signature: Annotated[
        str,
        meta(
            N_("Signature"),
            N_("Which entry point of a SavedModel; empty takes serving_default."),
            formats=("saved-model",),
        ),
    ] = ""


class TfliteExport(Exporter[TfliteParams]):
    """Keras or SavedModel to float TFLite."""

    id = "tflite"
    label = N_("TFLite")
    summary = N_("For LiteRT (TensorFlow Lite) on phones, boards and browsers; float, nothing is quantized.")
    needs = ("tensorflow", "keras")
    install = "tensorflow"
    params = TfliteParams
    accepts = ("keras-h5", "keras-zip", "saved-model")
    produces = "tflite"
    suffix = ".tflite"
    verify = "litert"

    def requires(self, graph: Graph) -> str | None:
        """Name the operation that TFLite has no kernel for, if there is one."""
        known = TENSORFLOW_TO_TFLITE if graph.format == "saved-model" else KERAS_TO_TFLITE
        return unloadable(graph) or without_counterpart(graph, known, _("LiteRT has no kernel for {op} ({node})."))

    def run(self, source: Path, target: Path, params: TfliteParams, *, report: Report) -> Outcome:
        """Write ``target``; raises WorkbenchError naming what cannot be converted."""
        from workbench.backends.keras_models import require_engine

        require_engine(source)
        from workbench.backends.tflite_conversion import to_float_tflite

        return Outcome(
            notes=to_float_tflite(source, target, batch=params.batch, signature=params.signature, report=report)
        )
