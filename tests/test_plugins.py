"""What every plugin promises, asked of all that are here."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from workbench.cli.looking import all_plugins
from workbench.core.i18n import _
from workbench.core.params import Params, changed, fields, parse
from workbench.core.plugins import Plugin, missing

PLUGINS = all_plugins()
EVERY = [pytest.param(plugin, id=f"{kind}-{name}") for kind, found in PLUGINS.items() for name, plugin in found.items()]
WITH_PARAMS = [plugin for kind in ("optimization", "export") for plugin in PLUGINS[kind].values()]


def named(plugin: Plugin) -> str:
    return plugin.id


@pytest.mark.parametrize("plugin", EVERY)
def test_says_what_it_is(plugin: Plugin) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", plugin.id)
    assert _(plugin.label).strip()
    assert _(plugin.summary).strip().endswith(".")


@pytest.mark.parametrize("plugin", EVERY)
def test_everything_of_the_base_installation_is_here(plugin: Plugin) -> None:
    assert missing(plugin) == ()


def test_the_kinds_of_the_main_job_are_here() -> None:
    assert set(PLUGINS["format"]) >= {"keras-h5", "keras-zip", "saved-model", "onnx", "tflite"}
    assert set(PLUGINS["optimization"]) >= {"dynamic-int8", "static-int8", "float16", "magnitude-pruning"}
    assert set(PLUGINS["runtime"]) >= {"onnxruntime", "litert", "tensorflow"}
    assert set(PLUGINS["export"]) >= {"onnx", "tflite", "saved-model", "keras", "keras-h5", "tf-serving"}
    assert set(PLUGINS["data"]) >= {"npz", "csv", "image-folder", "idx"}


@pytest.mark.parametrize("plugin", WITH_PARAMS, ids=named)
def test_settings_have_defaults_titles_and_help(plugin: Any) -> None:
    params: type[Params] = plugin.params
    default = params()
    for field in fields(params):
        assert field.title != field.name, f"{field.name} has no title"
        assert field.help.endswith(".")
        assert len(field.choice_labels) == len(field.choices)
    assert changed(default) == {}


@pytest.mark.parametrize("plugin", WITH_PARAMS, ids=named)
def test_settings_survive_the_way_through_a_recipe(plugin: Any) -> None:
    default = plugin.params()
    assert parse(plugin.params, msgspec.to_builtins(default)) == default


@pytest.mark.parametrize("plugin", WITH_PARAMS, ids=named)
def test_accepts_only_formats_and_verifies_in_runtimes_that_exist(plugin: Any) -> None:
    assert set(plugin.accepts) <= set(PLUGINS["format"])
    if isinstance(plugin.accepts, dict):
        assert set(plugin.accepts.values()) <= set(PLUGINS["format"])
    else:
        assert plugin.verify in PLUGINS["runtime"]


@pytest.mark.parametrize("runtime", PLUGINS["runtime"].values(), ids=named)
def test_runtimes_open_formats_that_exist(runtime: Any) -> None:
    assert runtime.accepts
    assert set(runtime.accepts) <= set(PLUGINS["format"])
