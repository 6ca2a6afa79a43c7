"""Class names in the forms in which files carry them."""

from __future__ import annotations

import pytest

from workbench.core.labels import parse_labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("cat\ndog\n", ["cat", "dog"]),
        ("cat, dog", ["cat", "dog"]),
        ('["cat", "dog"]', ["cat", "dog"]),
        ("{0: 'cat', 1: 'dog'}", ["cat", "dog"]),
        ('{"1": "dog", "0": "cat"}', ["cat", "dog"]),
        ('{"cat": 0, "dog": 1}', ["cat", "dog"]),
        ('{"cat": 1, "dog": 2}', []),
        ("{0: 'cat', 2: 'dog'}", []),
        ('{"a": [1]}', []),
        ("[[1]]", []),
        ("{__import__('os').system('true'): 0}", []),
        ("{broken", []),
        ("one", []),
        ("", []),
    ],
)
def test_labels(text: str, labels: list[str]) -> None:
    assert parse_labels(text) == labels
