"""Keras files and SavedModels of the small networks, made once for all tests of converters."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import small_nets

from workbench.core.events import Samples


class Ear:
    """A Report that remembers."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.lines: list[str] = []
        self.steps: list[tuple[float | None, str]] = []

    def progress(self, fraction: float | None, text: str) -> None:
        self.steps.append((fraction, text))

    def log(self, text: str, level: str = "info") -> None:
        self.lines.append(text)

    def samples(self, samples: Samples) -> None:
        raise AssertionError("a conversion measures nothing")


@pytest.fixture
def ear(tmp_path: Path) -> Ear:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return Ear(scratch)


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Return a function of (network, "keras-zip" | "keras-h5" | "saved-model") that gives its file, made once."""
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
