"""How shapes are written."""

from __future__ import annotations

from workbench.core.shapes import bracketed, listed, shape_text, short_shape


def test_a_drawn_shape_is_a_product() -> None:
    assert shape_text(None) == "?"
    assert shape_text([]) == "scalar"
    assert shape_text([1, None, "time"]) == "1\u00d7?\u00d7time"
    assert short_shape(["unk__sequence_length", 3]) == "\u2026length\u00d73"


def test_a_spoken_shape_is_a_list() -> None:
    assert bracketed(None) == "[?]"
    assert bracketed([]) == "[]"
    assert bracketed(["batch", -1, None, 3]) == "[batch, ?, ?, 3]"
    assert listed((28, 28)) == "28, 28"
