"""Which port of one model is which of another."""

from __future__ import annotations

import pytest

from workbench.core.errors import WorkbenchError
from workbench.core.graph import Dim, Port
from workbench.runtimes.matching import match_ports, pair_ports


def port(name: str, *shape: Dim, alias: str = "") -> Port:
    return Port(name, "float32", list(shape), alias=alias)


def matched(a: list[Port], b: list[Port]) -> list[tuple[str, str]]:
    return [(left.name, right.name) for left, right in match_ports(a, b)]


def test_names_decide_whatever_the_order() -> None:
    a, b = [port("p", None, 3), port("q", None, 3)], [port("q", None, 3), port("p", None, 3)]
    assert matched(a, b) == [("p", "p"), ("q", "q")]


def test_what_tensorflow_adds_to_names_is_ignored() -> None:
    a = [port("left", 1, 2), port("right", 1, 2)]
    b = [port("serving_default_right:0", None, 2), port("serving_default_left:0", None, 2)]
    assert matched(a, b) == [("left", "serving_default_left:0"), ("right", "serving_default_right:0")]


def test_the_tensor_behind_a_signature_is_a_name_too() -> None:
    tflite = [port("note", None, 88, alias="Call:1"), port("onset", None, 88, alias="Call:2")]
    onnx = [port("Call:2", None, 88), port("Call:1", None, 88)]
    assert matched(tflite, onnx) == [("note", "Call:1"), ("onset", "Call:2")]


def test_tensorflow_numbers_outputs_by_the_alphabet_of_their_keys() -> None:
    saved_model = [port("onset", None, 88), port("note", None, 88), port("contour", None, 264)]
    onnx = [port("Call:2", None, 88), port("Call:1", None, 88), port("Call:0", None, 264)]
    assert matched(saved_model, onnx) == [("onset", "Call:2"), ("note", "Call:1"), ("contour", "Call:0")]
    identity = [port("Identity_1", None, 88), port("Identity", None, 264), port("Identity_2", None, 88)]
    assert matched(saved_model, identity) == [("onset", "Identity_2"), ("note", "Identity_1"), ("contour", "Identity")]


def test_order_and_then_shapes_decide_among_unrelated_names() -> None:
    a = [port("a", None, 2), port("b", None, 3)]
    assert matched(a, [port("x", None, 2), port("y", None, 3)]) == [("a", "x"), ("b", "y")]
    assert matched(a, [port("y", None, 3), port("x", None, 2)]) == [("a", "x"), ("b", "y")]


def test_a_fixed_batch_of_one_meets_an_open_or_larger_one() -> None:
    assert matched([port("x", None, 4)], [port("y", 1, 4)]) == [("x", "y")]
    assert matched([port("x", 8, 4)], [port("y", 1, 4)]) == [("x", "y")]


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ([port("x", 1, 4)], [port("x", 1, 5)], r"x \[1, 4\] against x \[1, 5\]"),
        ([port("x", 1, 4)], [], "one has x"),
        ([port("a", 1, 2), port("b", 1, 2)], [port("c", 1, 2), port("d", 1, 3)], "do not match"),
    ],
)
def test_what_does_not_match_is_shown(a: list[Port], b: list[Port], said: str) -> None:
    with pytest.raises(WorkbenchError, match=said):
        match_ports(a, b)


def test_channels_first_against_channels_last_is_called_so() -> None:
    with pytest.raises(WorkbenchError) as caught:
        match_ports([port("x", None, 28, 28, 3)], [port("x", None, 3, 28, 28)])
    assert "NHWC" in caught.value.hint
    with pytest.raises(WorkbenchError) as caught:
        match_ports([port("x", None, 28, 28, 3)], [port("x", None, 32, 32, 3)])
    assert "NHWC" not in caught.value.hint


def test_how_ports_were_paired_is_said_when_names_did_not_decide() -> None:
    same = [port("p", None, 3), port("q", None, 3)]
    assert (pair_ports(same, same).by, pair_ports(same, same).note()) == ("name", "")
    guessed = pair_ports(same, [port("x", None, 3), port("y", None, 3)])
    assert (guessed.by, guessed.ambiguous()) == ("order", True)
    assert "p = x, q = y" in guessed.note()
    assert "same shape" in guessed.note()
    told_apart = pair_ports([port("p", None, 3), port("q", None, 4)], [port("x", None, 4), port("y", None, 3)])
    assert (told_apart.by, told_apart.ambiguous()) == ("shape", False)
    assert "p = y, q = x" in told_apart.note()
    assert pair_ports([port("p", None, 3)], [port("x", None, 3)]).note() == ""


def test_names_that_our_exporters_made_readable_are_the_same_names() -> None:
    a, b = [port("head/b", None, 3), port("head/a", None, 3)], [port("head_a", None, 3), port("head_b", None, 3)]
    assert matched(a, b) == [("head/b", "head_b"), ("head/a", "head_a")]
    assert pair_ports(a, b).by == "name"
