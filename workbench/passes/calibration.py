"""Calibration data as a quantizer takes it: one call after the other, under the converted model's own names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.core.events import Report
from workbench.core.graph import Port
from workbench.core.i18n import _
from workbench.datasets import Dataset
from workbench.datasets.ports import samples_per_call
from workbench.runtimes.matching import match_ports

Feeds = dict[str, NDArray[np.generic]]


def calls(
    data: Dataset,
    ports: Sequence[Port],
    taking: Sequence[Port],
    report: Report | None = None,
    *,
    span: tuple[float, float] = (0.0, 1.0),
) -> Callable[[], Iterator[Feeds]]:
    """Return what iterates over the feeds of every call, as often as it is called, with progress in ``span``.

    ``ports`` are the inputs that the data set feeds, ``taking`` those of the model that is calibrated. A model with a
    fixed batch gets full ones; the last is filled up with the first samples, which changes no range.
    """
    names = {own.name: other.name for own, other in match_ports(list(ports), list(taking))}
    size = samples_per_call(taking) or 1
    first, last = span

    def each() -> Iterator[Feeds]:
        for start in range(0, len(data), size):
            if report:
                done = first + (last - first) * start / len(data)
                report.progress(done, _("Calibrating: sample {n}").format(n=start + 1))
            indices = [index % len(data) for index in range(start, start + size)]
            yield {names[name]: values for name, values in data.feeds(indices).items()}

    return each
