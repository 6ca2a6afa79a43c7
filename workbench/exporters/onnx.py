"""Export to ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from workbench.core.events import Report
from workbench.core.graph import Graph
from workbench.core.i18n import N_, _
from workbench.core.outcome import Outcome
from workbench.core.params import Params, meta
from workbench.exporters import Exporter
from workbench.exporters.obstacles import KERAS_TO_ONNX, TENSORFLOW_TO_ONNX, unloadable, without_counterpart
from workbench.formats.identify import identify


class OnnxParams(Params, frozen=True):
    """Settings of the export to ONNX."""

    opset: Annotated[
        int,
        meta(N_("Opset"), N_("Version of the ONNX operator set; old runtimes know only low ones."), ge=9, le=24),
    ] = 18
    batch: (
        Annotated[
            int,
            meta(N_("Batch"), N_("Samples per call, fixed in the file; empty leaves it free."), ge=1),
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


class OnnxExport(Exporter[OnnxParams]):
    """Keras or SavedModel to ONNX; an ONNX model in another opset."""

    id = "onnx"
    label = N_("ONNX")
    summary = N_("For ONNX Runtime, OpenVINO, TensorRT and most other runtimes.")
    needs = ("tensorflow", "keras", "tf2onnx", "onnx")
    install = "tf2onnx"
    params = OnnxParams
    accepts = ("keras-h5", "keras-zip", "saved-model", "onnx")
    produces = "onnx"
    suffix = ".onnx"
    verify = "onnxruntime"

    def requires(self, graph: Graph) -> str | None:
        """Name the operation that ONNX does not have, if there is one."""
        if graph.format == "onnx":
            return None
        known = TENSORFLOW_TO_ONNX if graph.format == "saved-model" else KERAS_TO_ONNX
        return unloadable(graph) or without_counterpart(
            graph, known, _("the standard has no operation for {op} ({node}).")
        )

    def run(self, source: Path, target: Path, params: OnnxParams, *, report: Report) -> Outcome:
        """Write ``target``; raises WorkbenchError naming what cannot be converted."""
        if identify(source).id == "onnx":
            from workbench.backends.onnx_files import reversion

            return Outcome(notes=reversion(source, target, opset=params.opset, batch=params.batch))
        from workbench.backends.keras_models import require_engine

        require_engine(source)
        from workbench.backends.onnx_conversion import to_onnx

        to_onnx(source, target, opset=params.opset, signature=params.signature, batch=params.batch, report=report)
        return Outcome()
