"""Keep the most sensitive layers of a statically quantized TFLite model in float until its answers agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.backends.tflite_quantization import StaticQuantizer
from workbench.backends.tflite_ranges import Feeds, Watched
from workbench.core.agreement import top1_agreement
from workbench.core.events import Report
from workbench.core.i18n import _

JUDGED = 256
"""Calibration samples that the agreement is measured on."""
PROBED = 64
"""Calibration samples that each layer's sensitivity is measured on."""
LARGE = 4 << 20
"""Bytes of a model from which on a quarter of them must do: such a model is slow, and has many layers."""
MOST_IN_FLOAT = 4
"""Layers that may stay in float: with more, the model should be quantized in another way."""

Calls = Callable[[], Iterable[Feeds]]


class Agreed(msgspec.Struct):
    """The chosen model."""

    content: bytes
    variant: str
    """Name of the ranges that it was quantized with."""
    in_float: list[str]
    """Scopes of the layers that stay in float."""
    agreement: float | None
    """Top-1 agreement with the float model on calibration data; None when it was not asked for, or does not apply."""


def quantize_until(
    variants: Iterable[tuple[str, StaticQuantizer]], source: Path, calls: Calls, *, wanted: float, report: Report
) -> Agreed:
    """Return the first variant that keeps the class of ``wanted`` of the samples, every layer quantized.

    When none does, the best variant's layers are ranked by the output's mean squared error when only they stay in
    float, and the best of 0 to 4 such layers is returned, fewest first. Without a wish, or when the output is no
    class scores, it is the first variant as it is.
    """
    best, chosen = None, None
    reference = _outputs(source, calls, JUDGED) if wanted > 0 else None
    for name, quantizer in variants:
        content = quantizer.build()
        agreement = None if reference is None else _agreement(reference, content, calls)
        if best is None or (agreement or 0.0) > (best.agreement or 0.0):
            best, chosen = Agreed(content, name, [], agreement), quantizer
        if agreement is None or agreement >= wanted:
            return best
    if best is None or chosen is None or reference is None:
        raise ValueError("no variants")
    probed = PROBED if source.stat().st_size < LARGE else PROBED // 4
    ranked = _ranked(chosen, reference[:probed], calls, report)
    for count in range(1, min(MOST_IN_FLOAT, len(ranked)) + 1):
        content = chosen.build(ranked[:count])
        agreement = _agreement(reference, content, calls)
        if (agreement or 0.0) > (best.agreement or 0.0):
            best = Agreed(content, best.variant, ranked[:count], agreement)
        if best.agreement is not None and best.agreement >= wanted:
            break
    return best


def _ranked(quantizer: StaticQuantizer, reference: NDArray[np.generic], calls: Calls, report: Report) -> list[str]:
    """Return the scopes of all layers with weights, the one that helps most in float first."""
    candidates = [layer.scope for layer in quantizer.layers if layer.weights]
    errors = {}
    for done, scope in enumerate(candidates):
        report.progress(
            0.7 + 0.25 * done / len(candidates), _("Looking for sensitive layers: {name}").format(name=scope)
        )
        found = _outputs(quantizer.build([scope]), calls, len(reference))
        errors[scope] = float(np.mean(np.square(found.astype(np.float64) - reference.astype(np.float64))))
    return sorted(candidates, key=lambda scope: errors[scope])


def _agreement(reference: NDArray[np.generic], content: bytes, calls: Calls) -> float | None:
    return top1_agreement(reference, _outputs(content, calls, len(reference)))


def _outputs(model: Path | bytes, calls: Calls, limit: int) -> NDArray[np.generic]:
    """Return the first output of at most ``limit`` calls, one row a sample, as real numbers."""
    runner = Watched(model, inner=False)
    rows: Sequence[NDArray[np.generic]] = [runner.call(feeds)[0] for feeds in islice(calls(), limit)]
    return np.concatenate(rows) if len({row.shape[1:] for row in rows}) == 1 else np.zeros((0, 0))
