"""Bundled samples: small models with their data, for a first try."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

import workbench.formats
from workbench.core.datasets import DataSpec
from workbench.core.i18n import _
from workbench.core.paths import resources
from workbench.core.plugins import discover
from workbench.formats import Format
from workbench.gui.state import State


class Sample(msgspec.Struct, frozen=True):
    """One row of resources/samples/index.json; paths are relative to that folder."""

    id: str
    title: str
    summary: str
    path: str
    format: str
    data: DataSpec

    def model(self) -> Path:
        """Return the model file or folder."""
        return folder() / self.path

    def spec(self) -> DataSpec:
        """Return its data with an absolute path."""
        return msgspec.structs.replace(self.data, path=str(folder() / self.data.path))

    def kind(self) -> str:
        """Return the name of its format, in short."""
        known = discover(workbench.formats, Format).get(self.format)
        return _(known.label) if known is not None else self.format


def folder() -> Path:
    """Return where the samples are."""
    return resources() / "samples"


@cache
def bundled() -> tuple[Sample, ...]:
    """Return the samples of this installation; none when the folder was left out."""
    index = folder() / "index.json"
    if not index.is_file():
        return ()
    return msgspec.json.decode(index.read_bytes(), type=tuple[Sample, ...])


def sample_of(path: Path) -> Sample | None:
    """Return the sample that ``path`` is, if any."""
    return next((sample for sample in bundled() if sample.model() == path), None)


def open_sample(state: State, sample: Sample) -> None:
    """Open a sample and offer its data to the panels."""
    state.offer_data(sample.spec(), sample.model())
    state.open_model(sample.model())
