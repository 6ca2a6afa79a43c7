"""Run the steps of a recipe again, and say whether they gave what they gave when it was recorded."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

import workbench.exporters
import workbench.passes
from workbench.core.agreement import Agreement
from workbench.core.captions import caption
from workbench.core.errors import WorkbenchError
from workbench.core.fingerprint import fingerprint
from workbench.core.i18n import _
from workbench.core.lineage import unique_name
from workbench.core.plugins import discover
from workbench.core.recipes import Expected, Recipe, Step
from workbench.exporters import Exporter
from workbench.jobs.transform import Export, Optimize, Transformed
from workbench.passes import Pass

Sameness = Literal["identical", "equal", "different", "unknown"]
Run = Callable[[Optimize | Export], Transformed]

_RELATIVE, _ABSOLUTE = 1e-3, 1e-7
"""How far the same figure may be from its record: sums of floats depend on the number of threads."""


class ReplayedStep(msgspec.Struct, frozen=True):
    """One step, run again."""

    plugin: str
    artifact: str
    same: Sameness
    """identical: the same bytes; equal: other bytes, but the comparison with its source gives the same figures."""
    why: list[str]
    """What differs, or what the verdict rests on (translated)."""
    result: Transformed


class Replayed(msgspec.Struct, frozen=True):
    """A whole recipe, run again."""

    source: str
    steps: list[ReplayedStep]
    same: Sameness
    """The worst of the steps."""


def replay(recipe: Recipe, out_folder: Path, run: Run, *, source: Path | None = None) -> Replayed:
    """Run every step with ``run`` (``run_job``, or a runner's queue) and write the artifacts to ``out_folder``.

    ``source`` applies the steps to another model; then nothing is compared. Hashes the source: not for the GUI thread.
    Raises WorkbenchError when the source is missing or is not the recorded one, and whatever ``run`` raises.
    """
    model = source.absolute() if source else Path(recipe.source.path)
    _check_source(recipe, model, given=source is not None)
    done: list[ReplayedStep] = []
    taken: set[str] = set()
    current = model
    for step in recipe.steps:
        stem, suffix = Path(step.target).stem, Path(step.target).suffix
        name = unique_name(stem, taken)
        taken.add(name)
        result = run(job_of(step, current, out_folder.absolute() / (name + suffix)))
        expected = step.expected if source is None else None
        same, why = judge(result, expected)
        done.append(ReplayedStep(step.plugin, result.artifact, same, why, result))
        current = Path(result.artifact)
    order: list[Sameness] = ["different", "unknown", "equal", "identical"]
    return Replayed(str(model), done, min((step.same for step in done), key=order.index))


def job_of(step: Step, source: Path, target: Path) -> Optimize | Export:
    """Return the job that a step stands for; raises WorkbenchError for a plugin that is not here."""
    settings: dict[str, Any] = {"source": str(source), "target": str(target), "params": step.params, "data": step.data}
    if step.plugin in discover(workbench.passes, Pass):
        return Optimize(pass_id=step.plugin, **settings)
    if step.plugin in discover(workbench.exporters, Exporter):
        return Export(exporter_id=step.plugin, **settings)
    raise WorkbenchError(
        _("The recipe asks for {plugin}, which is not here.").format(plugin=step.plugin),
        _("'workbench plugins' lists what is here; a newer version may have it."),
    )


def judge(result: Transformed, expected: Expected | None) -> tuple[Sameness, list[str]]:
    """Compare a result with its record: first the bytes, then the figures of the comparison with its source."""
    if expected is None:
        return "unknown", [_("No result was recorded for this source.")]
    if expected.sha256 and expected.sha256 == result.artifact_sha256:
        return "identical", [_("The artifact has the recorded SHA-256.")]
    changes = _changed_conditions(result, expected)
    differing = _differences(result.verified, expected.verified)
    if differing:
        return "different", differing + changes
    if expected.verified is None or result.verified is None:
        return "unknown", [_("The artifact's bytes differ and no comparison was recorded."), *changes]
    return "equal", [_("The bytes differ; the comparison with the source gives the recorded figures."), *changes]


def _check_source(recipe: Recipe, model: Path, *, given: bool) -> None:
    hint = _("Give the model with --source.")
    if not model.exists():
        raise WorkbenchError(_("The recipe's model {path} does not exist.").format(path=model), hint)
    if not given and recipe.source.sha256 and fingerprint(model) != recipe.source.sha256:
        raise WorkbenchError(
            _("{path} is not the model that the recipe was recorded with: its content differs.").format(path=model),
            _("To apply the recipe to it all the same, name it with --source."),
        )


def _changed_conditions(result: Transformed, expected: Expected) -> list[str]:
    changes = []
    if expected.data_sha256 and expected.data_sha256 != result.data_sha256:
        changes.append(_("The data is not what it was: its content or preparation differs."))
    for tool, version in expected.tools.items():
        now = result.tools.get(tool, "-")
        if now != version:
            changes.append(_("{tool} was {before}, now it is {now}.").format(tool=tool, before=version, now=now))
    return changes


def _differences(now: Agreement | None, before: Agreement | None) -> list[str]:
    if now is None or before is None:
        return []
    text = _("{figure}: recorded {before}, now {now}.")
    found = []
    for figure in ("samples", "passed", "max_abs_error", "max_rel_error", "cosine", "top1_agreement"):
        old, new = getattr(before, figure), getattr(now, figure)
        if not _same_figure(old, new):
            found.append(text.format(figure=caption(figure), before=old, now=new))
    return found


def _same_figure(old: float | None, new: float | None) -> bool:
    if old is None or new is None:
        return old is new
    if math.isnan(old) or math.isnan(new):
        return math.isnan(old) and math.isnan(new)
    return math.isclose(old, new, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)
