"""What a quantizing pass says about itself: how many layers changed, which did not, and what that means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from workbench.core import units
from workbench.core.datasets import RANDOM
from workbench.core.i18n import _, ngettext
from workbench.core.paths import size_of
from workbench.datasets import Dataset

SHOWN = 6


def layers_note(done: Mapping[str, int], left: Mapping[str, Sequence[str]], *, precision: str) -> str:
    """Return "12 of 14 layers with weights are int8 now (Conv 10, Gemm 2). Left in float: ...\"."""
    changed, kept = sum(done.values()), sum(len(names) for names in left.values())
    total = changed + kept
    counts = ", ".join(f"{op} {count}" for op, count in sorted(done.items()))
    text = ngettext(
        "{changed} of {total} layer with weights is {precision} now ({counts}).",
        "{changed} of {total} layers with weights are {precision} now ({counts}).",
        total,
    ).format(changed=changed, total=total, precision=precision, counts=counts)
    if not kept:
        return text
    names = [name for each in left.values() for name in each]
    shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
    return text + " " + _("Left in float: {names}.").format(names=shown)


def nested_note(count: int) -> list[str]:
    """Return what to say of layers inside branches and loops."""
    if not count:
        return []
    text = ngettext(
        "{n} layer inside a branch or loop (If, Loop, Scan) was left in float.",
        "{n} layers inside branches or loops (If, Loop, Scan) were left in float.",
        count,
    )
    return [text.format(n=count)]


def size_note(source: Path, target: Path) -> list[str]:
    """Say when a float model did not become smaller."""
    before, after = size_of(source), size_of(target)
    if after < before:
        return []
    return [
        _(
            "The result is not smaller ({after} instead of {before}): what quantization adds outweighs its few weights."
        ).format(after=units.size(after), before=units.size(before))
    ]


def calibration_notes(data: Dataset) -> list[str]:
    """Return what the ranges were measured on."""
    count = len(data)
    if data.name == RANDOM:
        text = ngettext(
            "Calibrated on {n} random sample: ranges of real input will differ. "
            "Give calibration data for a model to use.",
            "Calibrated on {n} random samples: ranges of real input will differ. "
            "Give calibration data for a model to use.",
            count,
        )
        return [text.format(n=count)]
    text = ngettext("Calibrated on {n} sample of {path}.", "Calibrated on {n} samples of {path}.", count)
    return [text.format(n=count, path=data.name), *data.notes]
