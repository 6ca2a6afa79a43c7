"""Open a data set: the reader that was asked for, or the one whose content it is."""

from __future__ import annotations

from pathlib import Path

import workbench.datasets
from workbench.core.datasets import RANDOM, DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Port
from workbench.core.i18n import _
from workbench.core.plugins import discover
from workbench.datasets import Dataset, Reader
from workbench.datasets.random_input import RandomInput


def readers() -> dict[str, Reader]:
    """Return the installed readers by id."""
    return discover(workbench.datasets, Reader)


def open_dataset(spec: DataSpec, ports: list[Port]) -> Dataset:
    """Open the data that ``spec`` names, checked against ``ports``, or random input.

    Raises WorkbenchError when there is no such data set, or when it cannot feed these inputs.
    """
    if spec.limit is not None and spec.limit < 1:
        raise WorkbenchError(_("A data set needs at least one sample."), _("Set the limit to 1 or more."))
    if spec.path == RANDOM:
        return RandomInput(spec, ports)
    return find_reader(spec).open(spec, ports)


def find_reader(spec: DataSpec) -> Reader:
    """Return the reader called ``spec.kind``, or the first that knows the content."""
    path = Path(spec.path)
    known = readers()
    if not path.exists():
        raise WorkbenchError(
            _("There is no data set at {path}.").format(path=path),
            _("Check the path, or write {word} for random input.").format(word=RANDOM),
        )
    if spec.kind:
        if spec.kind not in known:
            raise WorkbenchError(
                _("There is no data set reader called {kind}.").format(kind=spec.kind),
                _("Known readers: {names}.").format(names=", ".join(known)),
            )
        return known[spec.kind]
    for reader in known.values():
        if reader.matches(path):
            return reader
    raise WorkbenchError(
        _("{path} is not a data set that can be read.").format(path=path),
        _("Give a .npz, .npy or CSV file, a folder of images, or an IDX file (MNIST-style)."),
    )
