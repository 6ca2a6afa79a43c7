"""Dropping a file into a package is all that a plugin needs."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from workbench.core import tools
from workbench.core.plugins import Plugin, discover, install_command, missing


class Contract(Plugin):
    """What the plugins of the test package implement."""


PLUGIN = """
from {here} import Contract

class {name}(Contract):
    id = {id!r}
    needs = ("json", "no_such_package")

class Abstract(Contract):
    pass
"""


@pytest.fixture
def package(tmp_path, monkeypatch) -> ModuleType:
    monkeypatch.setitem(sys.modules, "contract_of_test", sys.modules[__name__])
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / f"plugins_{tmp_path.name}"
    folder.mkdir()
    (folder / "__init__.py").write_text("", encoding="utf-8")
    add(folder, "second", "b-plugin")
    add(folder, "first", "a-plugin")
    return importlib.import_module(folder.name)


def add(folder: Path, module: str, plugin_id: str) -> None:
    text = PLUGIN.format(here="contract_of_test", name=module.title(), id=plugin_id)
    (folder / f"{module}.py").write_text(text, encoding="utf-8")


def test_subclasses_are_found_by_id_in_order(package):
    found = discover(package, Contract)
    assert list(found) == ["a-plugin", "b-plugin"]
    assert type(found["a-plugin"]).__name__ == "First"


def test_two_of_the_same_id_are_a_mistake_that_is_named(package):
    add(Path(package.__path__[0]), "third", "a-plugin")
    importlib.invalidate_caches()
    with pytest.raises(TypeError, match="two Contract plugins are called 'a-plugin'"):
        discover(package, Contract)


def test_what_is_missing_is_found_without_importing(package):
    assert missing(discover(package, Contract)["a-plugin"]) == ("no_such_package",)


def test_the_command_that_installs_what_is_missing_names_the_packages_or_their_requirement(package):
    plugin = discover(package, Contract)["a-plugin"]
    assert install_command(plugin) == "pip install no_such_package"
    assert install_command(Contract()) == ""


def test_versions_of_what_is_installed():
    found = tools.versions("numpy", "no-such-distribution")
    assert list(found) == ["model-workbench", "numpy"]
