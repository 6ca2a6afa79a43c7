"""The readers on public data sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workbench.core.datasets import DataSpec, Preprocessing
from workbench.core.graph import Port
from workbench.datasets.select import open_dataset

pytestmark = pytest.mark.real


def test_fashion_mnist(real_models: Path, picture: list[Port]) -> None:
    folder = real_models / "fashion-mnist" / "usr" / "share" / "datasets" / "fashion-mnist"
    spec = DataSpec(path=str(folder), inputs="train", limit=1000, preprocessing=Preprocessing(scale=1 / 255))
    data = open_dataset(spec, picture)
    assert len(data) == 1000
    assert data.labels is not None
    assert np.bincount(data.labels, minlength=10).min() > 60  # every class, about alike
    images = data.feeds(range(1000))["image"]
    assert images.dtype == np.float32
    assert images.min() == 0
    assert images.max() == 1
    assert len(open_dataset(DataSpec(path=str(folder), inputs="test"), picture)) == 10_000


def test_binary_mnist_and_faces(real_models: Path, picture: list[Port]) -> None:
    spec = DataSpec(path=str(real_models / "dianna" / "dianna" / "data" / "binary-mnist.npz"), inputs="X_test")
    data = open_dataset(spec, picture)
    assert len(data) == 2115
    assert data.labels is not None
    assert set(data.labels.tolist()) == {0, 1}
    faces = DataSpec(
        path=str(real_models / "faces" / "skimage" / "data" / "lfw_subset.npy"),
        preprocessing=Preprocessing(resize=True),
    )
    prepared = open_dataset(faces, [Port("face", "float32", [None, 64, 64, 1])])
    assert prepared.feeds(range(200))["face"].shape == (200, 64, 64, 1)
    assert "25\u00d725\u00d71 are made 64\u00d764\u00d71" in prepared.notes[0]
