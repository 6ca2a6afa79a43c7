"""Progress of a job that goes through stages: each is named and counted, and its share of the bar is one of so many."""

from __future__ import annotations

from typing import Literal

from workbench.core.events import Report, Samples
from workbench.core.i18n import _


class Stages:
    """A Report that counts: an unknown fraction begins the next stage, a known one is how far this stage is."""

    def __init__(self, report: Report, *, count: int) -> None:
        self.scratch = report.scratch
        self._report = report
        self._count = count
        self._number = 0

    def progress(self, fraction: float | None, text: str) -> None:
        """Say which stage this is and how far the whole is."""
        if fraction is None or not self._number:
            self._number = min(self._number + 1, self._count)
        named = _("Step {n} of {count}: {text}").format(n=self._number, count=self._count, text=text)
        self._report.progress((self._number - 1 + (fraction or 0.0)) / self._count, named)

    def log(self, text: str, level: Literal["debug", "info", "warning"] = "info") -> None:
        """Pass on a line."""
        self._report.log(text, level)

    def samples(self, samples: Samples) -> None:
        """Pass on samples."""
        self._report.samples(samples)
