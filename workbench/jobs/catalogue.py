"""Find every kind of Job, and turn a line of JSON back into one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from typing import Any, Union

import workbench.jobs
from workbench.core import wire
from workbench.jobs import Job


class Catalogue:
    """The kinds of Job in ``workbench.jobs`` and in ``modules`` beside it."""

    def __init__(self, modules: Iterable[str] = ()) -> None:
        for module_info in pkgutil.iter_modules(workbench.jobs.__path__):
            importlib.import_module(f"{workbench.jobs.__name__}.{module_info.name}")
        for name in modules:
            importlib.import_module(name)
        self.kinds: dict[str, type[Job]] = {kind.__name__: kind for kind in _kinds(Job)}
        union: Any = Union[tuple(self.kinds.values())]  # noqa: UP007 - made from a list
        self._union = union

    def decode(self, line: bytes) -> Job:
        """Return the job that ``line`` spells; raises msgspec.ValidationError or DecodeError."""
        job: Job = wire.decode(line, self._union)
        return job


def decode(line: bytes) -> Job:
    """Return the job of our own that ``line`` spells; raises msgspec.ValidationError or DecodeError."""
    return Catalogue().decode(line)


def _kinds(parent: type[Job]) -> Iterable[type[Job]]:
    for kind in parent.__subclasses__():
        yield kind
        yield from _kinds(kind)
