"""JSON that keeps every float."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core import wire
from workbench.core.agreement import Agreement, failed


class Held(msgspec.Struct):
    number: float
    maybe: float | None = None
    text: str = ""
    anything: object = None


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
).filter(lambda value: not _spelling_in(value))


def _spelling_in(value: object) -> bool:
    if isinstance(value, list):
        return any(map(_spelling_in, value))
    if isinstance(value, dict):
        return any(map(_spelling_in, value.values()))
    return value in ("Infinity", "-Infinity", "NaN")


@given(st.floats(), st.none() | st.floats(), st.text())
def test_structs_come_back_equal(number, maybe, text):
    held = Held(number, maybe, text)
    back = wire.decode(wire.encode(held), Held)
    assert repr(back) == repr(held)


@given(PLAIN)
def test_plain_values_come_back_equal(value):
    assert wire.restored(msgspec.json.decode(wire.encode(value))) == value


def test_not_a_number_stays_not_a_number():
    assert math.isnan(wire.restored(msgspec.json.decode(wire.encode({"x": [math.nan]})))["x"][0])


def test_what_is_finite_is_ordinary_json():
    assert wire.encode(Held(1.5)) == b'{"number":1.5,"maybe":null,"text":"","anything":null}'


def test_an_infinite_error_survives():
    agreement = failed("It does not run.", runtime="litert", tolerance=1e-4, data="random")
    assert agreement.max_abs_error == math.inf
    assert wire.decode(msgspec.Raw(wire.encode(agreement)), Agreement) == agreement


def test_what_does_not_fit_is_refused():
    with pytest.raises(msgspec.ValidationError):
        wire.decode(b'{"number":"one"}', Held)
    with pytest.raises(msgspec.DecodeError):
        wire.decode(b"{", Held)
