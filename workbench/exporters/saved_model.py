"""Export as a SavedModel."""

from __future__ import annotations

from pathlib import Path

from workbench.core.events import Report
from workbench.core.graph import Graph
from workbench.core.i18n import N_, _
from workbench.core.outcome import Outcome
from workbench.core.params import Params
from workbench.exporters import Exporter
from workbench.exporters.obstacles import unloadable


class SavedModelParams(Params, frozen=True):
    """The export as a SavedModel has no settings."""


class SavedModelExport(Exporter[SavedModelParams]):
    """Keras to a SavedModel with a serving signature; a SavedModel to a copy that was loaded once."""

    id = "saved-model"
    label = N_("SavedModel")
    summary = N_("TensorFlow's own folder, with one signature called serving_default.")
    needs = ("tensorflow", "keras")
    install = "tensorflow"
    params = SavedModelParams
    accepts = ("keras-h5", "keras-zip", "saved-model")
    produces = "saved-model"
    suffix = ""
    verify = "tensorflow"

    def requires(self, graph: Graph) -> str | None:
        """Say why the source cannot be loaded."""
        return unloadable(graph)

    def run(self, source: Path, target: Path, params: SavedModelParams, *, report: Report) -> Outcome:
        """Write the folder ``target``; raises WorkbenchError when TensorFlow cannot load the source."""
        from workbench.backends.keras_models import require_engine

        require_engine(source)
        from workbench.backends.saved_model_export import to_saved_model

        program = to_saved_model(source, target, report=report)
        names = ", ".join(port.name for port in (*program.inputs, *program.outputs))
        return Outcome(notes=[_("Signature {name}: {ports}.").format(name=program.signature, ports=names)])
