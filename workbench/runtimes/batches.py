"""Run many samples through a model that takes them one at a time, a fixed number at a time, or as many as one likes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.core.dtypes import kind_of, numpy_dtype
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Port
from workbench.core.i18n import _
from workbench.datasets.ports import sample_shapes, samples_per_call
from workbench.runtimes import Arrays, Session
from workbench.runtimes.quantized import dequantize, quantize

CHUNK_BYTES = 64_000_000
"""Inputs of one call stay below this when the caller leaves the batch to us."""
CHUNK_SAMPLES = 32


def run_feeds(session: Session, feeds: Mapping[str, NDArray[np.generic]]) -> Arrays:
    """Run samples stacked along the first axis of ``feeds``; return outputs stacked the same way.

    Numbers are real on both sides: a quantized model's inputs are quantized and its outputs dequantized here. A model
    with a fixed batch is called once per batch; raises WorkbenchError when the samples do not fill the last one, or
    when samples give outputs of different shapes.
    """
    shapes = sample_shapes(session.inputs)
    batched = [shape.port.name for shape in shapes if shape.batched]
    count = len(feeds[batched[0]]) if batched else 1
    fixed = samples_per_call(session.inputs)
    if fixed and batched:
        require_full_calls(count, fixed)
    size = fixed or _comfortable(feeds, batched, count)
    parts: list[Arrays] = []
    start = 0
    while start < count:
        part = _call(session, _slice(feeds, batched, start, start + size))
        if part is None:  # the model does not really take this batch: one sample at a time, as its author ran it
            size = 1
            continue
        parts.append(part)
        start += size
    return {port.name: _join([part[port.name] for part in parts], port) for port in session.outputs}


def chunk(indices: Sequence[int], ports: Sequence[Port], *, size: int = CHUNK_SAMPLES) -> list[Sequence[int]]:
    """Cut ``indices`` into pieces of about ``size`` that fill the model's fixed batch, if it has one.

    Raises WorkbenchError, before anything has run, when the last piece would not fill it.
    """
    fixed = samples_per_call(ports) or 1
    require_full_calls(len(indices), fixed)
    step = max(size // fixed, 1) * fixed
    return [indices[start : start + step] for start in range(0, len(indices), step)]


def _call(session: Session, feeds: Arrays) -> Arrays | None:
    """Run one call on real numbers; None when several samples were given and the model did not treat them apart."""
    given = {port.name: quantize(_fitting(feeds, port), port) for port in session.inputs}
    count = max((len(given[shape.port.name]) for shape in sample_shapes(session.inputs) if shape.batched), default=1)
    several = count > 1 and samples_per_call(session.inputs) is None
    try:
        outputs = session.run(given)
    except WorkbenchError:
        if several:
            return None
        raise
    if several and any(np.ndim(value) == 0 or len(value) != count for value in outputs.values()):
        return None
    real = {port.name: dequantize(outputs[port.name], port) for port in session.outputs}
    if count > 1 or all(np.ndim(value) > 0 and len(value) == 1 for value in real.values()):
        return real
    return {name: value if np.ndim(value) and len(value) == 1 else value[np.newaxis] for name, value in real.items()}


def _fitting(feeds: Mapping[str, NDArray[np.generic]], port: Port) -> NDArray[np.generic]:
    """Return the feed for ``port`` in its dtype; only changes that keep the numbers are made."""
    if port.name not in feeds:
        raise WorkbenchError(
            _("Nothing feeds the model's input {name}.").format(name=port.name),
            _("The data has: {names}.").format(names=", ".join(feeds)),
        )
    values = np.asarray(feeds[port.name])
    if port.quantization is not None or port.dtype in ("", "string", str(values.dtype)):
        return values
    try:
        wanted = numpy_dtype(port.dtype)
    except TypeError as error:
        raise WorkbenchError(
            _("The input {name} takes {dtype}, which numpy cannot express.").format(name=port.name, dtype=port.dtype),
            _("Convert the model to float32 inputs first."),
        ) from error
    cast = values.astype(wanted)
    if kind_of(wanted) != "f" and not np.array_equal(cast, values):
        raise WorkbenchError(
            _("The input {name} takes {dtype}, but the data has {given} values that do not fit.").format(
                name=port.name, dtype=port.dtype, given=values.dtype
            ),
            _("Give data of the model's own type."),
        )
    return cast


def _slice(feeds: Mapping[str, NDArray[np.generic]], batched: Sequence[str], start: int, stop: int) -> Arrays:
    return {name: value[start:stop] if name in batched else value for name, value in feeds.items()}


def _comfortable(feeds: Mapping[str, NDArray[np.generic]], batched: Sequence[str], count: int) -> int:
    nbytes = sum(feeds[name].nbytes for name in batched if name in feeds)
    return max(1, min(CHUNK_SAMPLES, CHUNK_BYTES * count // max(nbytes, 1)))


def _join(parts: Sequence[NDArray[np.generic]], port: Port) -> NDArray[np.generic]:
    if len({part.shape[1:] for part in parts}) > 1:
        raise WorkbenchError(
            _("The output {name} has another shape for each sample, so samples cannot be put together.").format(
                name=port.name
            ),
            _("Use one sample only (limit 1)."),
        )
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


def require_full_calls(count: int, fixed: int) -> None:
    """Raise WorkbenchError when ``count`` samples do not fill calls of ``fixed`` samples."""
    if count % fixed == 0:
        return
    text = _("The model takes exactly {fixed} samples a call, and {count} samples do not fill the last call.")
    usable = count // fixed * fixed
    hint = _("Use {usable} samples (limit {usable}).").format(usable=usable) if usable else _("Give more samples.")
    raise WorkbenchError(text.format(fixed=fixed, count=count), hint)
