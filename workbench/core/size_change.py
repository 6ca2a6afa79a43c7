"""How much smaller a step made a model, by one definition: its stored weights, or whole files when they are unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from workbench.core import units
from workbench.core.i18n import _
from workbench.core.lineage import ModelRecord


class SizeChange(msgspec.Struct, frozen=True):
    """Sizes in bytes, before and after; weights are 0 when a step was made before they were recorded."""

    bytes_before: int
    bytes_after: int
    weights_before: int = 0
    weights_after: int = 0

    @property
    def of_weights(self) -> bool:
        """Whether the change is that of the stored weights."""
        return bool(self.weights_before and self.weights_after)

    def text(self) -> str:
        """Return the change in percent, "" when nothing is known."""
        if self.of_weights:
            return change_text(self.weights_before, self.weights_after)
        return change_text(self.bytes_before, self.bytes_after) if self.bytes_before else ""

    def sizes(self) -> str:
        """Return "14.0 MB -> 3.8 MB" of what is compared."""
        if self.of_weights:
            return f"{units.size(self.weights_before)} \u2192 {units.size(self.weights_after)}"
        return f"{units.size(self.bytes_before)} \u2192 {units.size(self.bytes_after)}"

    def explanation(self) -> str:
        """Say what the percentage compares, and what else the file shed."""
        files = _("Files: {before} \u2192 {after}.").format(
            before=units.size(self.bytes_before), after=units.size(self.bytes_after)
        )
        if not self.of_weights:
            return _("Change of the whole file; how large its weights are is not recorded.") + f" {files}"
        compared = _("Change of the stored weights: {sizes}.").format(sizes=self.sizes())
        other = self.bytes_before - self.weights_before
        if other <= self.weights_before / 4:
            return f"{compared} {files}"
        rest = _("{size} of the source file is not weights (such as optimizer state) and does not count.").format(
            size=units.size(other)
        )
        return f"{compared} {files} {rest}"


def size_change(step: Mapping[str, Any]) -> SizeChange:
    """Return the change of size of a recorded step (JSON of Transformed)."""
    names = SizeChange.__struct_fields__
    return SizeChange(**{name: int(step.get(name) or 0) for name in names})


def share_of_first(lineage: Sequence[ModelRecord]) -> str:
    """Return the last model's size as a share of the first's, by the same definition; "" for the first itself."""
    root, record = lineage[0], lineage[-1]
    if root.id == record.id:
        return ""
    before, after = size_change(lineage[1].step or {}).weights_before, size_change(record.step or {}).weights_after
    if before and after:
        return units.percent(after / before, 0)
    return _("{share} (file)").format(share=units.percent(record.bytes / root.bytes, 0)) if root.bytes else ""


def change_text(before: int, after: int) -> str:
    """Return the change of size in percent with a real minus sign."""
    change = round((after - before) / before * 100)
    sign = "\u2212" if change < 0 else "+" if change > 0 else "\u00b1"
    return f"{sign}{abs(change)} %"
