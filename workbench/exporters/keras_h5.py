"""Export as a Keras 3 .h5 file."""

from __future__ import annotations

from pathlib import Path

from workbench.core.events import Report
from workbench.core.graph import Graph
from workbench.core.i18n import N_
from workbench.core.params import Params
from workbench.exporters import Exporter
from workbench.exporters.obstacles import unloadable
from workbench.passes import Outcome


class KerasHdf5Params(Params, frozen=True):
    """The export as .h5 has no settings."""


class KerasHdf5Export(Exporter[KerasHdf5Params]):
    """Any Keras file to a Keras 3 .h5 file; files of Keras 1 and 2 where Keras 3 can rebuild them."""

    id = "keras-h5"
    label = N_("Keras .h5")
    summary = N_("The older HDF5 file format, as Keras 3 writes it.")
    needs = ("tensorflow", "keras", "h5py")
    install = "keras"
    params = KerasHdf5Params
    accepts = ("keras-h5", "keras-zip")
    produces = "keras-h5"
    suffix = ".h5"
    verify = "tensorflow"

    def requires(self, graph: Graph) -> str | None:
        """Say why the source cannot be loaded."""
        return unloadable(graph)

    def run(self, source: Path, target: Path, params: KerasHdf5Params, *, report: Report) -> Outcome:
        """Write ``target``; raises WorkbenchError with the reason when Keras 3 cannot rebuild the source."""
        from workbench.backends.keras_models import require_engine

        require_engine(source)
        from workbench.backends.keras_files import to_keras_file

        return Outcome(notes=to_keras_file(source, target, suffix=self.suffix, report=report))
