"""Make protobuf message classes from short declarations, in a pool of their own beside any other library's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_Field = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "int32": _Field.TYPE_INT32,
    "int64": _Field.TYPE_INT64,
    "uint32": _Field.TYPE_UINT32,
    "uint64": _Field.TYPE_UINT64,
    "fixed32": _Field.TYPE_FIXED32,
    "bool": _Field.TYPE_BOOL,
    "float": _Field.TYPE_FLOAT,
    "double": _Field.TYPE_DOUBLE,
    "string": _Field.TYPE_STRING,
    "bytes": _Field.TYPE_BYTES,
}
_DECLARATION = re.compile(r"(repeated |oneof )?(\w+|map<(\w+), ?(\w+)>) (\w+) ?= ?(\d+)")


def message_classes(package: str, messages: Mapping[str, str]) -> dict[str, Any]:
    """Return a class for each message; a declaration is "type name = number; repeated type name = number; ...".

    Types are protobuf's scalars, ``map<key, value>``, or other messages of ``messages``. A field may be ``repeated`` or
    in the message's ``oneof``, called "value". Fields that are not declared are skipped when parsing.
    """
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, body in messages.items():
        message = file.message_type.add(name=name)
        for declaration in filter(None, (part.strip() for part in body.split(";"))):
            match = _DECLARATION.fullmatch(declaration)
            if match is None:
                raise ValueError(f"{name}: {declaration!r} is no field declaration")
            how, kind, key, value, field, number = match.groups()
            _add_field(message, f"{field} = {number}", how=how, kind=kind, entry=(key, value))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in messages}


def _add_field(
    message: Any, name_and_number: str, *, how: str | None, kind: str, entry: tuple[str | None, ...]
) -> None:
    name, number = name_and_number.split(" = ")
    field = message.field.add(name=name, number=int(number), label=_Field.LABEL_OPTIONAL)
    key, value = entry
    if how == "repeated " or key:
        field.label = _Field.LABEL_REPEATED
    elif how:
        if not message.oneof_decl:
            message.oneof_decl.add(name="value")
        field.oneof_index = 0
    if key and value:
        kind = "".join(part.capitalize() for part in name.split("_")) + "Entry"
        nested = message.nested_type.add(name=kind)
        nested.options.map_entry = True
        _add_field(nested, "key = 1", how=None, kind=key, entry=(None, None))
        _add_field(nested, "value = 2", how=None, kind=value, entry=(None, None))
    if kind in _TYPES:
        field.type = _TYPES[kind]
    else:
        field.type, field.type_name = _Field.TYPE_MESSAGE, kind
