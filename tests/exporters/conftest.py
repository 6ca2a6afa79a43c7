"""What the tests of exporters share: networks in files, a report that remembers, a comparison."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import small_nets

from workbench.core.events import Samples
from workbench.runtimes import Session
from workbench.runtimes.tensorflow import TensorFlow


class Ear:
    """A Report that remembers."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.steps: list[tuple[float | None, str]] = []

    def progress(self, fraction: float | None, text: str) -> None:
        self.steps.append((fraction, text))

    def log(self, text: str, level: str = "info") -> None:
        pass

    def samples(self, samples: Samples) -> None:
        raise AssertionError("an export measures nothing")


@pytest.fixture
def ear(tmp_path: Path) -> Ear:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return Ear(scratch)


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Return a function of (network, format id) that gives its file, made once."""
    folder = tmp_path_factory.mktemp("nets")

    def make(name: str, kind: str) -> Path:
        suffix = {"keras-zip": ".keras", "keras-h5": ".h5", "saved-model": ""}[kind]
        path = folder / f"{name}{suffix}"
        if not path.exists():
            model = small_nets.build(name)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of Keras, about its own file formats
                if kind == "saved-model":
                    model.export(path, verbose=False)
                else:
                    model.save(path)
        return path

    return make


@pytest.fixture
def worst_error() -> Callable[..., float]:
    """Return a function of (source, session) that gives the largest difference; ports are paired in order."""

    def compare(source: Path, session: Session, **sizes: int) -> float:
        reference = TensorFlow().open(source)
        feeds = small_nets.inputs(reference.inputs, **sizes)
        expected = reference.run(feeds)
        names = {port.name for port in session.inputs}
        renamed = feeds if names == set(feeds) else {session.inputs[0].name: next(iter(feeds.values()))}
        given = session.run(renamed)
        pairs = zip(reference.outputs, session.outputs, strict=True)
        return max(
            float(np.abs(given.get(mine.name, given[other.name]) - expected[mine.name]).max()) for mine, other in pairs
        )

    return compare
