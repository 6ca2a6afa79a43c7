"""Read how a Keras functional model's layers call each other, in the forms that Keras 1, 2 and 3 write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from workbench.formats.keras_shapes import Shape, as_shape


class Reference(msgspec.Struct, frozen=True):
    """A tensor in a functional model: output ``output`` of call ``call`` of ``layer``."""

    layer: str
    call: int
    output: int
    shape: Shape = None
    dtype: str = ""


class Call(msgspec.Struct):
    """One call of a layer: what flows in, and settings given with the call."""

    inputs: list[Reference] = []
    settings: dict[str, Any] = {}
    extra_outputs: list[int] = []
    """Numbers of the outputs beside the first that somebody uses."""


def calls_of(layer: Mapping[str, Any]) -> list[Call]:
    """Return the calls of a layer in order."""
    inbound = layer.get("inbound_nodes")
    if not isinstance(inbound, list):
        return []
    return [
        _from_keras3(item) if isinstance(item, Mapping) and "args" in item else _from_lists(item) for item in inbound
    ]


def _from_keras3(item: Mapping[str, Any]) -> Call:
    kwargs = item.get("kwargs")
    kwargs = kwargs if isinstance(kwargs, Mapping) else {}
    inputs = [*references(item["args"]), *references(kwargs)]
    settings = {key: value for key, value in kwargs.items() if value is not None and not any(references(value))}
    return Call(inputs, settings)


def _from_lists(item: Any) -> Call:
    """Keras 1 and 2: [[layer, call, output, kwargs], ...]; kwargs may hold references too."""
    call = Call()
    for ref in _entries(item):
        if ref[0] != "_CONSTANT_VALUE":
            call.inputs.append(Reference(ref[0], int(ref[1]), int(ref[2])))
        for name, value in (ref[3] if len(ref) > 3 and isinstance(ref[3], Mapping) else {}).items():
            inside = list(references(value))
            call.inputs.extend(inside)
            if not inside and value is not None:
                call.settings[str(name)] = value
    return call


def _entries(item: Any) -> Iterator[list[Any]]:
    if _is_entry(item):
        yield item
    elif isinstance(item, list):
        for inner in item:
            yield from _entries(inner)
    elif isinstance(item, Mapping):
        for inner in item.values():
            yield from _entries(inner)


def _is_entry(item: Any) -> bool:
    return (
        isinstance(item, list)
        and len(item) in (3, 4)
        and isinstance(item[0], str)
        and (
            item[0] == "_CONSTANT_VALUE"
            or all(isinstance(part, int) and not isinstance(part, bool) for part in item[1:3])
        )
        and (len(item) == 3 or isinstance(item[3], Mapping))
    )


def references(item: Any) -> Iterator[Reference]:
    """Yield the tensors that a nested structure of either form names, in order."""
    if _is_entry(item):
        if item[0] != "_CONSTANT_VALUE":
            yield Reference(item[0], int(item[1]), int(item[2]))
    elif isinstance(item, list):
        for inner in item:
            yield from references(inner)
    elif isinstance(item, Mapping):
        if item.get("class_name") == "__keras_tensor__":
            yield from _keras3_tensor(item)
        else:
            for inner in item.values():
                yield from references(inner)


def _keras3_tensor(item: Mapping[str, Any]) -> Iterator[Reference]:
    config = item.get("config")
    history = config.get("keras_history") if isinstance(config, Mapping) else None
    if isinstance(config, Mapping) and isinstance(history, list) and len(history) == 3:
        layer, call, output = history
        yield Reference(
            str(layer), int(call), int(output), as_shape(config.get("shape")), str(config.get("dtype") or "")
        )
