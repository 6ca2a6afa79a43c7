"""Which input or output of one model is which of another: by name, else by order and shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from workbench.core.errors import WorkbenchError
from workbench.core.graph import Port
from workbench.core.i18n import _
from workbench.core.shapes import bracketed

Pairs = list[tuple[Port, Port]]

POSITIONAL = re.compile(r"^(?P<stem>.*?)(?:[:_](?P<position>\d+))?$")


class Pairing(msgspec.Struct, frozen=True):
    """Which port of A is which of B, and how that was found."""

    pairs: list[tuple[Port, Port]]
    """In the order of A."""
    by: Literal["name", "order", "shape"]

    def note(self) -> str:
        """Return what a person should know of it (translated): "" when names decided, or there was no choice."""
        if self.by == "name" or len(self.pairs) < 2:
            return ""
        shown = ", ".join(f"{left.name} = {right.name}" for left, right in self.pairs)
        if not self.ambiguous():
            return _("The models name these differently; they were paired by their shapes: {pairs}.").format(
                pairs=shown
            )
        text = _(
            "The models name these differently; they were paired by their order, and some have the same shape: check "
            "that they belong together: {pairs}."
        )
        return text.format(pairs=shown)

    def ambiguous(self) -> bool:
        """Say whether shapes would have allowed other pairs, and no name tells which is right."""
        others = [right for _left, right in self.pairs]
        return self.by != "name" and any(
            sum(compatible(left, other) for other in others) > 1 for left, _right in self.pairs
        )


def match_ports(a: list[Port], b: list[Port]) -> list[tuple[Port, Port]]:
    """Return the pairs that ``pair_ports`` finds."""
    return pair_ports(a, b).pairs


def pair_ports(a: list[Port], b: list[Port]) -> Pairing:
    """Pair the inputs (or outputs) of two models, in the order of ``a``.

    Names decide when they are the same on both sides (TensorFlow's ``serving_default_`` and ``:0`` aside, and what
    converters put in place of characters that a name may not hold). Else the
    order does, where the shapes allow it; TensorFlow numbers the outputs of a signature by the alphabet of their keys,
    so a numbered side ("StatefulPartitionedCall:1", "Identity_1") meets the other side sorted. Else each port must
    have one partner of its shape. Raises WorkbenchError when none of this works, saying what differs.
    """
    if len(a) != len(b):
        raise WorkbenchError(
            _("The models do not match: one has {a}, the other {b}.").format(a=_list(a), b=_list(b)),
            _("Both must have as many inputs, and as many outputs."),
        )
    ways: tuple[tuple[Literal["name", "order", "shape"], Callable[[list[Port], list[Port]], Pairs | None]], ...]
    ways = (("name", _by_name), ("order", _by_order), ("shape", _by_shape))
    for by, way in ways:
        pairs = way(a, b)
        if pairs is None:
            continue
        for left, right in pairs:
            if not compatible(left, right):
                raise _mismatch([left], [right])
        return Pairing(pairs, by)
    raise _mismatch(a, b)


def compatible(a: Port, b: Port) -> bool:
    """Say whether the known dimensions agree; the first may differ where either side takes samples one at a time."""
    if a.shape is None or b.shape is None:
        return True
    if len(a.shape) != len(b.shape):
        return False
    return all(
        left == right or not isinstance(left, int) or not isinstance(right, int) or (axis == 0 and 1 in (left, right))
        for axis, (left, right) in enumerate(zip(a.shape, b.shape, strict=True))
    )


def _by_name(a: list[Port], b: list[Port]) -> Pairs | None:
    for spelling in (_exact, _plain, _alias, _layer, _readable):
        left, right = [spelling(port) for port in a], {spelling(port): port for port in b}
        if len(set(left)) == len(a) == len(right) and set(left) == set(right):
            return [(port, right[name]) for port, name in zip(a, left, strict=True)]
    return None


def _exact(port: Port) -> str:
    return port.name


def _plain(port: Port) -> str:
    """Return the name without what TensorFlow adds around it."""
    return re.sub(r"^serving_default_|:0$", "", port.name)


def _alias(port: Port) -> str:
    """Return the name inside the file: SavedModel and TFLite keep it beside the signature's, ONNX has only it."""
    return port.alias or port.name


def _layer(port: Port) -> str:
    """Return the layer that converters of quantized models kept: ``conv2d_input`` of ``conv2d_input_int8``."""
    return re.sub(r"_u?int8$", "", _plain(port))


def _readable(port: Port) -> str:
    """Return the name as our exporters write it: letters, digits and "_"."""
    return re.sub(r"\W", "_", _plain(port), flags=re.ASCII)


def _by_order(a: list[Port], b: list[Port]) -> Pairs | None:
    orders: list[Callable[[list[Port]], list[Port]]] = [list]
    numbered_a, numbered_b = positions(a) is not None, positions(b) is not None
    if numbered_a != numbered_b:
        orders = [_in_number_order, list]
    for order in orders:
        right_of = dict(zip([port.name for port in order(a)], order(b), strict=True))
        pairs = [(port, right_of[port.name]) for port in a]
        if all(compatible(left, right) for left, right in pairs):
            return pairs
    return None


def positions(ports: Sequence[Port]) -> list[int] | None:
    """Return the numbers in names like "Identity", "Identity_1" or "Call:0", "Call:1"; None when they are no such."""
    found = [POSITIONAL.match(port.alias or port.name) for port in ports]
    stems = {match["stem"] for match in found if match}
    numbers = [int(match["position"] or 0) for match in found if match]
    return numbers if len(ports) > 1 and len(stems) == 1 and sorted(numbers) == list(range(len(ports))) else None


def _in_number_order(ports: list[Port]) -> list[Port]:
    numbers = positions(ports)
    if numbers is None:
        return sorted(ports, key=lambda port: port.name)
    return [port for _number, port in sorted(zip(numbers, ports, strict=True), key=lambda item: item[0])]


def _by_shape(a: list[Port], b: list[Port]) -> Pairs | None:
    """Pair each port with the only one of its shape."""
    pairs: Pairs = []
    for left in a:
        partners = [right for right in b if compatible(left, right)]
        if len(partners) != 1:
            return None
        pairs.append((left, partners[0]))
    return pairs if len({right.name for _left, right in pairs}) == len(b) else None


def _mismatch(a: list[Port], b: list[Port]) -> WorkbenchError:
    text = _("The models do not match: {a} against {b}.").format(a=_list(a), b=_list(b))
    if any(_other_layout(left, right) for left, right in zip(a, b, strict=False)):
        return WorkbenchError(
            text, _("One has its channels last (NHWC), the other first (NCHW): compare models of the same layout.")
        )
    return WorkbenchError(text, _("Only models with the same inputs and outputs can be compared."))


def _other_layout(a: Port, b: Port) -> bool:
    if a.shape is None or b.shape is None or len(a.shape) != len(b.shape) or len(a.shape) not in (3, 4, 5):
        return False
    last, first = a.shape, b.shape
    return [first[0], *first[2:], first[1]] == [first[0], *last[1:]] or [last[0], *last[2:], last[1]] == [
        last[0],
        *first[1:],
    ]


def _list(ports: Sequence[Port]) -> str:
    return ", ".join(f"{port.name} {bracketed(port.shape)}" for port in ports) or _("nothing")
