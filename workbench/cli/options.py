"""Turn Params into command-line options: the flags of a pass or exporter come from its own declaration."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from workbench.core.datasets import RANDOM, DataSpec, Preprocessing
from workbench.core.i18n import N_, _
from workbench.core.params import Field, Params, fields, parse


class PersonPath(click.Path):
    """A path as a person writes it: "~" is the home folder even where no shell has replaced it."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the Path."""
        return Path(os.fsdecode(super().convert(value, param, ctx))).expanduser()


PATH = PersonPath()

F = TypeVar("F", bound=Callable[..., Any])

TYPES: dict[str, click.ParamType[Any]] = {
    "int": click.INT,
    "float": click.FLOAT,
    "text": click.STRING,
    "texts": click.STRING,
}


def flag(field: Field) -> str:
    """Return the long option of a setting."""
    return "--" + field.name.replace("_", "-")


def option(field: Field) -> click.Option:
    """Return the option of one setting; None means "not given", so that the declaration's default holds."""
    declarations = [field.name, flag(field)]
    described = _(field.help)
    if field.kind == "bool":
        declarations[1] += f"/--no-{field.name.replace('_', '-')}"
        return click.Option(declarations, default=None, help=f"{described} [{_('default')}: {_on_off(field.default)}]")
    shown = f" [{_('default')}: {_text(field.default)}]" if field.default not in (None, "", (), []) else ""
    kind: click.ParamType[Any] = TYPES.get(field.kind, click.STRING)
    if field.kind == "choice":
        kind = click.Choice([str(choice) for choice in field.choices])
    if field.kind == "path":
        kind = click.Path(path_type=Path)
    return click.Option(declarations, type=kind, default=None, help=f"{described}{shown}")


def _on_off(value: object) -> str:
    return _("on") if value else _("off")


def _text(value: object) -> str:
    return ",".join(str(item) for item in value) if isinstance(value, tuple | list) else str(value)


def given(params: type[Params], values: Mapping[str, Any]) -> dict[str, Any]:
    """Pick the settings of ``params`` that were given on the command line."""
    names = {field.name for field in fields(params)}
    return {name: str(v) if isinstance(v, Path) else v for name, v in values.items() if name in names and v is not None}


def with_options(params: type[Params]) -> Callable[[F], F]:
    """Decorate a command with the options of ``params``."""

    def decorate(command: F) -> F:
        for field in reversed(fields(params)):
            made = option(field)
            declarations = [made.name or "", *made.opts]
            if made.secondary_opts:
                declarations[-1] += "/" + made.secondary_opts[0]
            command = click.option(*declarations, type=made.type, default=None, help=made.help)(command)
        return command

    return decorate


DATA_HELP = N_("Samples: .npz, .npy, CSV, image folder, IDX; or 'random'.")


def data_options(*names: str) -> Callable[[F], F]:
    """Decorate a command with the options that make a DataSpec; ``names`` are the spellings of the first one."""

    def decorate(command: F) -> F:
        command = with_options(Preprocessing)(command)
        for declarations, kind, text in (
            (("data_seed", "--seed"), click.INT, N_("Seed of random input.")),
            (("data_limit", "--limit"), click.IntRange(min=1), N_("Use at most so many samples, evenly spread.")),
            (("data_labels", "--labels"), click.STRING, N_("Array or column that holds the labels.")),
            (
                ("data_inputs", "--inputs"),
                click.STRING,
                N_("Array or columns that feed the model: NAME or INPUT=NAME."),
            ),
            (("data_kind", "--data-kind"), click.STRING, N_("Reader to use, when the content does not say.")),
        ):
            command = click.option(*declarations, type=kind, default=None, help=_(text))(command)
        spellings = names or ("--data",)
        return click.option("data_path", *spellings, default=RANDOM, show_default=True, help=_(DATA_HELP))(command)

    return decorate


def data_spec(values: Mapping[str, Any]) -> DataSpec:
    """Build the DataSpec from a command's values; raises WorkbenchError for a bad setting."""
    path = cast(str, values["data_path"])
    return DataSpec(
        path=path if path == RANDOM else str(Path(path).absolute()),
        kind=values["data_kind"] or "",
        inputs=values["data_inputs"] or "",
        labels=values["data_labels"] or "",
        limit=values["data_limit"],
        seed=values["data_seed"] or 0,
        preprocessing=parse(Preprocessing, given(Preprocessing, values)),
    )


class PluginCommand(click.Command):
    """A command whose further options are those of the plugin named by one of them (``--pass ID``, ``--to ID``)."""

    selector: str
    """The option that names the plugin."""
    settings: Callable[[str], type[Params]]
    """Returns the Params of a plugin id; raises WorkbenchError for an unknown one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Find the plugin first: its options then parse, and stand in ``--help``, like all others."""
        ctx.meta["workbench.plugin"] = _value_after(self.selector, args)
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Add the plugin's options to the command's own."""
        plugin = ctx.meta.get("workbench.plugin")
        own = super().get_params(ctx)
        return [*own, *(option(field) for field in fields(type(self).settings(plugin)))] if plugin else own


def _value_after(name: str, args: list[str]) -> str | None:
    for position, word in enumerate(args):
        if word == name and position + 1 < len(args):
            return args[position + 1]
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return None
