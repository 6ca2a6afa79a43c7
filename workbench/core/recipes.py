"""Recipes: the steps that made a model, as a YAML or JSON file that ``workbench replay`` runs again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import yaml

import workbench
from workbench.core import wire
from workbench.core.agreement import Agreement
from workbench.core.datasets import RANDOM, DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _
from workbench.core.lineage import ModelRecord
from workbench.core.project import Project
from workbench.core.writing import atomic_target

VERSION = 1
_SUFFIXES = (".yaml", ".yml", ".json")


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The model that the first step starts from."""

    path: str
    """Absolute, or relative to the recipe file."""
    format: str = ""
    sha256: str = ""
    bytes: int = 0


class Expected(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the step gave when it was recorded."""

    bytes: int
    sha256: str = ""
    data_sha256: str = ""
    verified: Agreement | None = None
    tools: dict[str, str] = {}


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One pass or export, from the artifact of the step before."""

    plugin: str
    """Pass or exporter id."""
    target: str
    """File or folder name of the artifact."""
    params: dict[str, Any] = {}
    """All settings as they were, so that a later default changes nothing."""
    data: DataSpec = DataSpec()
    expected: Expected | None = None


class Recipe(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A chain of steps."""

    recipe: int
    """Version of this schema."""
    made_by: str = ""
    source: Source
    steps: list[Step]


def recipe_of(project: Project, model_id: int) -> Recipe:
    """Return the steps that lead from the first ancestor to this model; raises WorkbenchError when there is none."""
    root, *made = project.lineage(model_id)
    if not made:
        raise WorkbenchError(
            _("{name} was not made by a step: there is nothing to repeat.").format(name=root.name),
            _("Choose a model that was optimized or exported here."),
        )
    return Recipe(
        recipe=VERSION,
        made_by=f"model-workbench {workbench.__version__}",
        source=Source(path=root.path, format=root.format, sha256=root.sha256, bytes=root.bytes),
        steps=[_step(record) for record in made],
    )


def save_recipe(recipe: Recipe, path: Path) -> None:
    """Write YAML or JSON, by the suffix; raises WorkbenchError for another suffix or when ``path`` exists."""
    if path.suffix.lower() not in _SUFFIXES:
        raise _unknown_suffix(path)
    plain = _plain(recipe)
    if path.suffix.lower() == ".json":
        text = msgspec.json.format(wire.encode(plain), indent=2) + b"\n"
    else:
        text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100).encode()
    with atomic_target(path) as partial:
        partial.write_bytes(text)


def load_recipe(path: Path) -> Recipe:
    """Read a recipe; relative paths in it become absolute. Raises WorkbenchError naming what is wrong in it."""
    if path.suffix.lower() not in _SUFFIXES:
        raise _unknown_suffix(path)
    try:
        text = path.read_text(encoding="utf-8")
        plain = msgspec.json.decode(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
        _check_version(path, plain)
        recipe = msgspec.convert(plain, Recipe, strict=False)
    except OSError as error:
        raise WorkbenchError(_("{path} cannot be read: {reason}.").format(path=path, reason=error.strerror)) from error
    except (UnicodeDecodeError, yaml.YAMLError, msgspec.MsgspecError) as error:
        raise WorkbenchError(
            _("{path} is not a recipe: {reason}.").format(path=path, reason=str(error).rstrip(".")),
            _("A recipe is saved from a model's steps: Model > Save steps as recipe."),
        ) from error
    _check_steps(path, recipe.steps)
    return _absolute(recipe, path.absolute().parent)


def _step(record: ModelRecord) -> Step:
    made = record.step or {}
    data = msgspec.convert(made.get("data") or {}, DataSpec, strict=False)
    verified = made.get("verified")
    return Step(
        plugin=made["plugin"],
        target=Path(record.path).name,
        params=made.get("params", {}),
        data=data,
        expected=Expected(
            bytes=made.get("bytes_after", record.bytes),
            sha256=made.get("artifact_sha256", ""),
            data_sha256=made.get("data_sha256", ""),
            verified=_figures(msgspec.convert(verified, Agreement, strict=False)) if verified else None,
            tools=made.get("tools", {}),
        ),
    )


def _figures(verified: Agreement) -> Agreement:
    """Return what a replay compares: the figures over all outputs."""
    return msgspec.structs.replace(verified, outputs=[], notes=[])


def _plain(recipe: Recipe) -> dict[str, Any]:
    """Return builtins; of the data only what differs from the defaults, which rarely is much."""
    plain: dict[str, Any] = msgspec.to_builtins(recipe)
    defaults = msgspec.to_builtins(DataSpec())
    for step in plain["steps"]:
        if "data" in step:
            step["data"] = _differing(step["data"], defaults)
    return plain


def _differing(values: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _differing(value, defaults[name]) if isinstance(value, dict) else value
        for name, value in values.items()
        if value != defaults[name]
    }


def _check_version(path: Path, plain: Any) -> None:
    version = plain.get("recipe") if isinstance(plain, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise WorkbenchError(
            _("The recipe {path} was saved by a newer version of Model Workbench.").format(path=path),
            _("Update Model Workbench to replay it."),
        )


def _check_steps(path: Path, steps: list[Step]) -> None:
    if not steps:
        raise WorkbenchError(_("The recipe {path} has no steps.").format(path=path))
    for step in steps:
        if Path(step.target).name != step.target or step.target == "..":
            raise WorkbenchError(
                _("{path}: the target {target} is no plain file name.").format(path=path, target=step.target),
                _("Targets are names in the folder that the replay writes to."),
            )


def _unknown_suffix(path: Path) -> WorkbenchError:
    return WorkbenchError(
        _("{name}: a recipe ends in .yaml or .json.").format(name=path.name), _("Choose a name with such an ending.")
    )


def _absolute(recipe: Recipe, folder: Path) -> Recipe:
    source = msgspec.structs.replace(recipe.source, path=str(folder / recipe.source.path))
    steps = [
        step
        if step.data.path == RANDOM
        else msgspec.structs.replace(step, data=msgspec.structs.replace(step.data, path=str(folder / step.data.path)))
        for step in recipe.steps
    ]
    return msgspec.structs.replace(recipe, source=source, steps=steps)
