"""Recipes: made from a lineage, written and read as YAML and JSON, refused with the reason when they are none."""

from __future__ import annotations

import json
import math

import msgspec
import pytest
import yaml

from workbench.core.agreement import Agreement
from workbench.core.datasets import DataSpec, Preprocessing
from workbench.core.errors import WorkbenchError
from workbench.core.project import Project
from workbench.core.recipes import Expected, Recipe, Source, Step, load_recipe, recipe_of, save_recipe

AGREEMENT = Agreement(
    runtime="litert", max_abs_error=0.5, max_rel_error=math.inf, cosine=0.9, samples=100, passed=False, data="/d.npz"
)
RECIPE = Recipe(
    recipe=1,
    made_by="model-workbench 0.1.0",
    source=Source(path="/models/fer.hdf5", format="keras-h5", sha256="ab", bytes=5),
    steps=[
        Step(
            plugin="magnitude-pruning",
            target="pruned.h5",
            params={"sparsity": 0.5, "skip": ["a", "b"], "limit": None},
            expected=Expected(bytes=9, sha256="cd", verified=AGREEMENT, tools={"numpy": "2.4.6"}),
        ),
        Step(
            plugin="static-int8",
            target="ünt8.tflite",
            data=DataSpec(path="/data/faces.npz", limit=50, preprocessing=Preprocessing(mean=(0.5,), resize=True)),
        ),
    ],
)


@pytest.fixture
def project(tmp_path):
    (tmp_path / "fer.hdf5").write_bytes(b"12345")
    opened = Project.open(tmp_path / "project")
    yield opened
    opened.close()


def add_step(project: Project, parent: int, name: str, plugin: str, **more: object) -> int:
    path = project.new_artifact_path(name, ".tflite")
    path.write_bytes(b"123456789")
    step = {"artifact": str(path), "format": "tflite", "plugin": plugin, "artifact_sha256": "cd", **more}
    return project.add_model(path, name=name, format="tflite", parent=parent, step=step).id


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".json"])
def test_what_is_saved_is_what_is_loaded(tmp_path, suffix):
    path = tmp_path / f"recipe{suffix}"
    save_recipe(RECIPE, path)
    assert load_recipe(path) == RECIPE


def test_files_are_readable_and_leave_defaults_out(tmp_path):
    save_recipe(RECIPE, tmp_path / "r.yaml")
    save_recipe(RECIPE, tmp_path / "r.json")
    plain = yaml.safe_load((tmp_path / "r.yaml").read_text(encoding="utf-8"))
    assert plain["steps"][1] == {
        "plugin": "static-int8",
        "target": "ünt8.tflite",
        "data": {"path": "/data/faces.npz", "limit": 50, "preprocessing": {"resize": True, "mean": [0.5]}},
    }
    text = (tmp_path / "r.json").read_text(encoding="utf-8")
    assert json.loads(text)["source"] == {"path": "/models/fer.hdf5", "format": "keras-h5", "sha256": "ab", "bytes": 5}


def test_a_recipe_follows_the_lineage(project):
    root = project.add_model(project.folder.parent / "fer.hdf5", name="fer", format="keras-h5").id
    data = msgspec.to_builtins(DataSpec(path="/data/x.npz", limit=3))
    pruned = add_step(project, root, "pruned", "magnitude-pruning", params={"sparsity": 0.5}, source_sha256="ef")
    add_step(project, root, "sibling", "float16")
    int8 = add_step(
        project,
        pruned,
        "int8",
        "static-int8",
        bytes_after=9,
        data=data,
        data_sha256="gh",
        verified=msgspec.to_builtins(AGREEMENT),
        tools={"numpy": "1"},
    )
    recipe = recipe_of(project, int8)
    assert recipe.source.sha256 == "ef"
    assert [(step.plugin, step.target) for step in recipe.steps] == [
        ("magnitude-pruning", "pruned.tflite"),
        ("static-int8", "int8.tflite"),
    ]
    assert recipe.steps[0].params == {"sparsity": 0.5}
    assert recipe.steps[1].data == DataSpec(path="/data/x.npz", limit=3)
    expected = recipe.steps[1].expected
    assert (expected.sha256, expected.bytes, expected.data_sha256, expected.tools) == ("cd", 9, "gh", {"numpy": "1"})
    assert expected.verified == AGREEMENT


def test_a_removed_step_in_between_still_counts(project):
    root = project.add_model(project.folder.parent / "fer.hdf5", name="fer", format="keras-h5").id
    middle = add_step(project, root, "pruned", "magnitude-pruning")
    last = add_step(project, middle, "int8", "static-int8")
    project.remove_model(middle)
    assert [step.plugin for step in recipe_of(project, last).steps] == ["magnitude-pruning", "static-int8"]


def test_a_model_that_no_step_made_has_no_recipe(project):
    root = project.add_model(project.folder.parent / "fer.hdf5", name="fer", format="keras-h5").id
    with pytest.raises(WorkbenchError, match="fer was not made by a step"):
        recipe_of(project, root)


def test_relative_paths_are_relative_to_the_recipe(tmp_path):
    steps = "[{plugin: x, target: y, data: {path: data/d.npz}}, {plugin: x, target: z}]"
    text = f"recipe: 1\nsource: {{path: ../m.h5}}\nsteps: {steps}"
    path = tmp_path / "folder" / "r.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    recipe = load_recipe(path)
    assert recipe.source.path == str(path.parent / "../m.h5")
    assert [step.data.path for step in recipe.steps] == [str(path.parent / "data/d.npz"), "random"]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("r.txt", "", "a recipe ends in .yaml or .json"),
        ("r.yaml", "", "is not a recipe"),
        ("r.yaml", "[1, 2]", "is not a recipe"),
        ("r.yaml", "{", "is not a recipe"),
        ("r.json", "{", "is not a recipe"),
        ("r.yaml", "\x00", "is not a recipe"),
        ("r.yaml", "!!python/object/apply:os.system ['true']", "is not a recipe"),
        ("r.yaml", "recipe: 99\nsteps: []", "newer version"),
        ("r.yaml", "recipe: 1\nsource: {path: x}\nsteps: []", "has no steps"),
        ("r.yaml", "recipe: 1\nsource: {path: x}\nsteps: [{plugin: p, target: ../../x}]", "no plain file name"),
        ("r.yaml", "recipe: 1\nsource: {path: x}\nsteps: [{plugin: p, target: '..'}]", "no plain file name"),
        ("r.yaml", "recipe: 1\nsource: {path: x}\nsteps: [{plugin: p, target: x, comand: y}]", "comand"),
        ("r.yaml", "recipe: 1\nsource: {path: x}\nsteps: [{plugin: p, target: x, data: {limit: many}}]", "limit"),
    ],
)
def test_what_is_no_recipe_is_refused_with_the_reason(tmp_path, name, text, reason):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WorkbenchError) as refused:
        load_recipe(path)
    assert reason in refused.value.message


def test_a_missing_recipe(tmp_path):
    with pytest.raises(WorkbenchError, match="No such file"):
        load_recipe(tmp_path / "r.yaml")


def test_a_recipe_is_never_overwritten_and_needs_a_known_ending(tmp_path):
    save_recipe(RECIPE, tmp_path / "r.yaml")
    with pytest.raises(WorkbenchError, match="exists already"):
        save_recipe(RECIPE, tmp_path / "r.yaml")
    with pytest.raises(WorkbenchError, match="ends in"):
        save_recipe(RECIPE, tmp_path / "r.toml")
