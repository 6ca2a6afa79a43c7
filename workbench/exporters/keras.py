"""Export as a Keras 3 .keras file."""

from __future__ import annotations

from pathlib import Path

from workbench.core.events import Report
from workbench.core.graph import Graph
from workbench.core.i18n import N_
from workbench.core.params import Params
from workbench.exporters import Exporter
from workbench.exporters.obstacles import unloadable
from workbench.passes import Outcome


class KerasParams(Params, frozen=True):
    """The export as .keras has no settings."""


class KerasExport(Exporter[KerasParams]):
    """Any Keras file to a Keras 3 .keras file; files of Keras 1 and 2 where Keras 3 can rebuild them."""

    id = "keras"
    label = N_(".keras")
    summary = N_("The file format of Keras 3.")
    needs = ("tensorflow", "keras", "h5py")
    install = "keras"
    params = KerasParams
    accepts = ("keras-h5", "keras-zip")
    produces = "keras-zip"
    suffix = ".keras"
    verify = "tensorflow"

    def requires(self, graph: Graph) -> str | None:
        """Say why the source cannot be loaded."""
        return unloadable(graph)

    def run(self, source: Path, target: Path, params: KerasParams, *, report: Report) -> Outcome:
        """Write ``target``; raises WorkbenchError with the reason when Keras 3 cannot rebuild the source."""
        from workbench.backends.keras_models import require_engine

        require_engine(source)
        from workbench.backends.keras_files import to_keras_file

        return Outcome(notes=to_keras_file(source, target, suffix=self.suffix, report=report))
