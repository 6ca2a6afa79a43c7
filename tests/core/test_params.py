"""One declaration of settings gives fields, checks and what a command needs to say."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest

from workbench.core.errors import WorkbenchError
from workbench.core.i18n import N_
from workbench.core.params import Params, changed, fields, meta, parse


class Example(Params, frozen=True):
    sparsity: Annotated[float, meta(N_("Sparsity"), N_("Share of zeros."), ge=0, le=1)] = 0.5
    threads: Annotated[int, meta(N_("Threads"), N_("How many."), ge=1)] | None = None
    batch: Annotated[int | None, meta(N_("Batch"), N_("Samples per call."))] = 1
    granularity: Annotated[
        Literal["global", "layer"], meta(N_("Granularity"), N_("Where."), labels=(N_("Global"), N_("Per layer")))
    ] = "global"
    bits: Annotated[Literal[8, 4], meta(N_("Bits"), N_("Width."), unit="bit")] = 8
    skip: Annotated[tuple[str, ...], meta(N_("Skip"), N_("Layers to leave."))] = ()
    mean: Annotated[tuple[float, ...], meta(N_("Mean"), N_("Per channel."))] = (0.5,)
    strict: Annotated[bool, meta(N_("Strict"), N_("Refuse."))] = True
    labels: Annotated[str, meta(N_("Labels"), N_("A file."), path=True)] = ""


def test_fields_say_what_a_form_needs():
    found = {field.name: field for field in fields(Example)}
    assert [field.kind for field in found.values()] == [
        *("float", "int", "int", "choice", "choice", "texts", "texts", "bool", "path")
    ]
    assert [name for name, field in found.items() if field.optional] == ["threads", "batch"]
    assert (found["sparsity"].minimum, found["sparsity"].maximum, found["sparsity"].default) == (0, 1, 0.5)
    assert (found["threads"].title, found["threads"].minimum) == ("Threads", 1)
    assert found["granularity"].choice_labels == ("Global", "Per layer")
    assert (found["bits"].choices, found["bits"].choice_labels, found["bits"].unit) == ((8, 4), ("8", "4"), "bit")
    assert found["labels"].help == "A file."


def test_texts_of_a_command_line_become_values():
    parsed = parse(
        Example,
        {"sparsity": "0.25", "threads": "2", "bits": "4", "skip": " a , b,", "mean": "1,2.5", "strict": "false"},
    )
    assert parsed == Example(sparsity=0.25, threads=2, bits=4, skip=("a", "b"), mean=(1.0, 2.5), strict=False)


def test_json_values_are_taken_as_they_are():
    assert parse(Example, {"skip": ["a,b"], "threads": None, "strict": False}) == Example(skip=("a,b",), strict=False)


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"sparsity": 1.5}, "Sparsity cannot be 1.5.", "It goes from 0 to 1."),
        ({"threads": "0"}, "Threads cannot be 0.", "It is at least 1."),
        ({"granularity": "block"}, "Granularity cannot be block.", "It is one of global, layer."),
        ({"bits": 5}, "Bits cannot be 5.", "It is one of 8, 4."),
        ({"sparsity": "much"}, "Sparsity cannot be much.", "It goes from 0 to 1."),
        ({"sparcity": 0.5}, "There is no setting called sparcity.", "Known settings: sparsity, threads"),
    ],
)
def test_a_bad_value_is_named_with_the_way_out(given, message, hint):
    with pytest.raises(WorkbenchError) as refused:
        parse(Example, given)
    assert message in refused.value.message
    assert refused.value.hint.startswith(hint)


def test_a_plugin_without_settings_says_so():
    class Nothing(Params, frozen=True):
        """No settings."""

    with pytest.raises(WorkbenchError) as refused:
        parse(Nothing, {"x": 1})
    assert refused.value.hint == "It has no settings."


def test_only_what_differs_is_said():
    assert changed(Example()) == {}
    assert changed(Example(skip=("a",), mean=(0.5,), threads=3)) == {"threads": 3, "skip": ("a",)}
    assert parse(Example, changed(Example(skip=("a",), threads=3))) == Example(skip=("a",), threads=3)
