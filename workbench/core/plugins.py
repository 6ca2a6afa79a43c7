"""Find plugins: drop a file with one subclass into a package and menus, dialogs, commands and tests follow."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from functools import cache
from types import ModuleType
from typing import Any, ClassVar, TypeVar


class Plugin:
    """What formats, passes, runtimes, exporters and data set readers have in common: readable without heavy imports."""

    id: ClassVar[str] = ""
    label: ClassVar[str] = ""
    """Short title (marked with ``N_``; translate when shown)."""
    summary: ClassVar[str] = ""
    """One sentence of help (marked with ``N_``)."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Importable top-level packages without which it cannot run."""
    install: ClassVar[str] = ""
    """The pip requirement that brings what is missing."""


P = TypeVar("P", bound=Plugin)


def discover(package: ModuleType, contract: type[P]) -> dict[str, P]:
    """Return one instance of each concrete subclass of ``contract`` in the modules of ``package``, by id, sorted."""
    key: Any = contract
    return dict(_discover(package, key))


@cache
def _discover(package: ModuleType, contract: Any) -> dict[str, Any]:  # Any: mypy knows no hashable type[P]
    found: dict[str, Any] = {}
    for module_info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{module_info.name}")
        own = (item for item in vars(module).values() if getattr(item, "__module__", "") == module.__name__)
        for candidate in own:
            plugin = candidate() if isinstance(candidate, type) and issubclass(candidate, contract) else None
            if plugin is None or not plugin.id:
                continue
            if plugin.id in found:
                raise TypeError(f"two {contract.__name__} plugins are called {plugin.id!r}")
            found[plugin.id] = plugin
    return dict(sorted(found.items()))


def missing(plugin: Plugin) -> tuple[str, ...]:
    """Return the packages in ``needs`` that are not installed, without importing them."""
    return tuple(name for name in plugin.needs if importlib.util.find_spec(name) is None)


def install_command(plugin: Plugin) -> str:
    """Return the command that brings what is missing, or "" when nothing is."""
    absent = missing(plugin)
    return f"pip install {plugin.install or ' '.join(absent)}" if absent else ""
