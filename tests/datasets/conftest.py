"""Inputs of small models, as data sets are checked against them."""

from __future__ import annotations

import pytest

from workbench.core.graph import Port


@pytest.fixture
def picture() -> list[Port]:
    """A 28 x 28 grey image, channels last."""
    return [Port("image", "float32", [None, 28, 28, 1])]


@pytest.fixture
def table() -> list[Port]:
    """Four measurements."""
    return [Port("features", "float32", [None, 4])]
