"""Export as a Keras 3 .keras file, and what the exports to Keras files have in common."""

from __future__ import annotations

from pathlib import Path

from workbench.core.events import Report
from workbench.core.graph import Graph
from workbench.core.i18n import N_
from workbench.core.outcome import Outcome
from workbench.core.params import Params
from workbench.exporters import Exporter
from workbench.exporters.obstacles import KERAS_FORMATS, unloadable


class KerasParams(Params, frozen=True):
    """The exports as Keras files have no settings."""


class KerasFileExport(Exporter[KerasParams]):
    """Any Keras file to a file of Keras 3; files of Keras 1 and 2 where Keras 3 can rebuild them."""

    needs = ("tensorflow", "keras", "h5py")
    install = "keras"
    params = KerasParams
    accepts = KERAS_FORMATS
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


class KerasZipExport(KerasFileExport):
    """The form that Keras 3 prefers."""

    id = "keras"
    label = N_(".keras")
    summary = N_("The file format of Keras 3.")
    produces = "keras-zip"
    suffix = ".keras"
