"""Params: one declaration from which form, command-line flag, check, recipe and manual page come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _

Kind = Literal["bool", "int", "float", "choice", "text", "texts", "path"]


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a pass, exporter, runtime or data set reader: every field has a default and ``meta(...)``."""


class Field(msgspec.Struct, frozen=True):
    """One setting as a form or a command line sees it. Texts are marked, not yet translated."""

    name: str
    kind: Kind
    default: Any
    title: str
    help: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] = ()
    choice_labels: tuple[str, ...] = ()
    unit: str = ""
    optional: bool = False
    """None is allowed and means "let the library decide"."""
    formats: tuple[str, ...] = ()
    """Ids of the source formats that it applies to: a form for another one leaves it out; () is all."""


def meta(
    title: str,
    help: str,  # noqa: A002 - the word that forms and command lines use
    *,
    ge: float | None = None,
    le: float | None = None,
    unit: str = "",
    labels: tuple[str, ...] = (),
    path: bool = False,
    formats: tuple[str, ...] = (),
) -> msgspec.Meta:
    """Describe a field: ``x: Annotated[int, meta(N_("Runs"), N_("How often ..."), ge=1)] = 100``.

    ``labels`` name the Literal's choices in order; ``path`` makes a text field a file chooser;
    ``formats`` are the source formats that it applies to.
    """
    extra = {"unit": unit, "labels": labels, "path": path, "formats": formats}
    return msgspec.Meta(title=title, description=help, ge=ge, le=le, extra=extra)


T = TypeVar("T", bound=Params)


def fields(params: type[Params]) -> tuple[Field, ...]:
    """Return the settings declared by ``params`` in order."""
    hints = get_type_hints(params, include_extras=True)
    return tuple(_field(field, hints[field.name]) for field in msgspec.structs.fields(params))


def _field(field: msgspec.structs.FieldInfo, hint: Any) -> Field:
    described = next(
        (item for item in getattr(hint, "__metadata__", ()) if isinstance(item, msgspec.Meta)), msgspec.Meta()
    )
    bare = get_args(hint)[0] if hasattr(hint, "__metadata__") else hint
    optional = type(None) in get_args(bare)
    if optional:
        bare = next(option for option in get_args(bare) if option is not type(None))
        inner = next((item for item in getattr(bare, "__metadata__", ()) if isinstance(item, msgspec.Meta)), None)
        described = inner or described
        bare = get_args(bare)[0] if hasattr(bare, "__metadata__") else bare
    extra = described.extra or {}
    choices = get_args(bare) if get_origin(bare) is Literal else ()
    default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
    return Field(
        name=field.name,
        kind=_kind(bare, is_path=bool(extra.get("path"))),
        default=default,
        title=described.title or field.name,
        help=described.description or "",
        minimum=described.ge,
        maximum=described.le,
        choices=choices,
        choice_labels=tuple(extra.get("labels", ())) or tuple(str(choice) for choice in choices),
        unit=extra.get("unit", ""),
        optional=optional,
        formats=tuple(extra.get("formats", ())),
    )


def _kind(bare: Any, *, is_path: bool) -> Kind:
    if get_origin(bare) is Literal:
        return "choice"
    if get_origin(bare) in (tuple, list):
        return "texts"
    kinds: dict[Any, Kind] = {bool: "bool", int: "int", float: "float"}
    return kinds.get(bare, "path" if is_path else "text")


def parse(params: type[T], given: Mapping[str, Any]) -> T:
    """Build ``params`` from texts or JSON values, checking types and ranges; raise WorkbenchError naming the field."""
    known = {field.name: field for field in fields(params)}
    for name in given:
        if name not in known:
            hint = _("Known settings: {names}.").format(names=", ".join(known)) if known else _("It has no settings.")
            raise WorkbenchError(_("There is no setting called {name}.").format(name=name), hint)
    values = {name: _split(known[name], value) for name, value in given.items()}
    try:
        return msgspec.convert(values, params, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(known, values, str(error)) from error


def _split(field: Field, value: Any) -> Any:
    if field.kind == "texts" and isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _refusal(known: Mapping[str, Field], values: Mapping[str, Any], reason: str) -> WorkbenchError:
    """Name the setting, its value and what it takes; msgspec says only where it stopped."""
    field = next((field for name, field in known.items() if f"`$.{name}" in reason), None)
    if field is None:
        return WorkbenchError(_("A setting has a value that is not allowed: {reason}.").format(reason=reason), "")
    message = _("{title} cannot be {value}.").format(title=_(field.title), value=values.get(field.name))
    return WorkbenchError(message, _allowed(field))


def _allowed(field: Field) -> str:
    if field.choices:
        return _("It is one of {choices}.").format(choices=", ".join(map(str, field.choices)))
    if field.minimum is not None and field.maximum is not None:
        return _("It goes from {low} to {high}.").format(low=field.minimum, high=field.maximum)
    if field.minimum is not None:
        return _("It is at least {low}.").format(low=field.minimum)
    return _(field.help)


def changed(params: Params) -> dict[str, Any]:
    """Return only what differs from the defaults, JSON-safe: what a recipe or a copied command needs to say."""
    defaults = {field.name: field.default for field in fields(type(params))}
    full: dict[str, Any] = msgspec.to_builtins(params)
    return {name: value for name, value in full.items() if value != msgspec.to_builtins(defaults[name])}
