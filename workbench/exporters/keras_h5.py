"""Export as a Keras 3 .h5 file."""

from __future__ import annotations

from workbench.core.i18n import N_
from workbench.exporters.keras import KerasFileExport


class KerasHdf5Export(KerasFileExport):
    """The older form, which Keras 3 still writes."""

    id = "keras-h5"
    label = N_("Keras .h5")
    summary = N_("The older HDF5 file format, as Keras 3 writes it.")
    produces = "keras-h5"
    suffix = ".h5"
