"""Which axis of each model input counts samples, and what one sample of it looks like."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from workbench.core.errors import WorkbenchError
from workbench.core.graph import Dim, Port
from workbench.core.i18n import _


class SampleShape(msgspec.Struct, frozen=True):
    """What one sample of a model input looks like."""

    port: Port
    batched: bool
    """Whether the first axis counts samples; False for a scalar or a state that belongs to one call."""
    shape: tuple[int | None, ...]
    """Shape of one sample: without the batch axis when ``batched``. None where the model leaves it open."""
    names: tuple[str, ...]
    """Name of each open dimension ("" when it has none), as long as ``shape``."""


def sample_shapes(ports: Sequence[Port]) -> list[SampleShape]:
    """Return what one sample of each input looks like; raises WorkbenchError when a shape is not known.

    The first axis counts samples, except for a scalar and for an input whose first axis is fixed to a number that the
    other inputs do not have (the state of a recurrent network): such an input is given whole, one sample a call.
    """
    own_batch = _common_batch(ports)
    return [_sample_shape(port, own_batch) for port in ports]


def samples_per_call(ports: Sequence[Port]) -> int | None:
    """Return how many samples one call takes: a fixed number, or None when the caller may choose."""
    shapes = sample_shapes(ports)
    if not all(shape.batched for shape in shapes):
        return 1
    return next((first for first in map(_first, ports) if isinstance(first, int)), None)


def _first(port: Port) -> Dim:
    first = port.shape[0] if port.shape else None
    return None if isinstance(first, int) and first < 0 else first


def _common_batch(ports: Sequence[Port]) -> int | None:
    """Return the only fixed size that a batch axis may have here (None: only open axes count samples)."""
    firsts = [_first(port) for port in ports if port.shape]
    fixed = {first for first in firsts if isinstance(first, int)}
    if 1 in fixed:
        return 1
    if len(fixed) == 1 and all(isinstance(first, int) for first in firsts):
        return fixed.pop()
    return None


def _sample_shape(port: Port, own_batch: int | None) -> SampleShape:
    if port.shape is None:
        raise WorkbenchError(
            _("The model does not say which shape its input {name} has.").format(name=port.name),
            _("Fix the input's shape in the program that wrote the model, and open it again."),
        )
    first = _first(port)
    batched = bool(port.shape) and (not isinstance(first, int) or first == own_batch)
    dims = port.shape[1:] if batched else port.shape
    sizes = tuple(dim if isinstance(dim, int) and dim >= 0 else None for dim in dims)
    names = tuple(dim if isinstance(dim, str) and dim != "?" else "" for dim in dims)
    return SampleShape(port, batched, sizes, names)
