"""A project remembers models, lineage, data sets, runs and view state, and survives what can happen to it."""

from __future__ import annotations

import math
import os
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from workbench.core.artifacts import keep_step
from workbench.core.datasets import DataSpec, Preprocessing
from workbench.core.errors import WorkbenchError
from workbench.core.lineage import children, unique_name
from workbench.core.project import Project


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "fer.h5"
    path.write_bytes(b"0123456789")
    return path


@pytest.fixture
def project(tmp_path):
    opened = Project.open(tmp_path / "project")
    yield opened
    opened.close()


def step_of(artifact: Path, **more: object) -> dict[str, object]:
    return {
        "artifact": str(artifact),
        "format": "tflite",
        "plugin": "float16",
        "artifact_sha256": "a" * 64,
        "source_sha256": "b" * 64,
        **more,
    }


def made(project: Project, name: str = "int8", content: bytes = b"1234") -> Path:
    """Return an artifact that a job would have written."""
    path = project.new_artifact_path(name, ".tflite")
    path.write_bytes(content)
    return path


def test_models_are_there_again_after_reopening(project, model):
    source = project.add_model(model, name="fer", format="keras-h5")
    artifact = made(project)
    int8 = project.add_model(artifact, name="int8", format="tflite", parent=source.id, step=step_of(artifact))
    project.close()
    again = Project.open(project.folder)
    assert [record.name for record in again.models()] == ["fer", "int8"]
    assert again.model(int8.id) == int8
    assert [record.id for record in again.lineage(int8.id)] == [source.id, int8.id]
    assert children(again.models(), source.id) == [int8]
    assert int8.bytes == 4
    assert int8.sha256 == "a" * 64
    assert again.model(source.id).sha256 == "b" * 64, "the step's job has read the whole source"
    again.close()


def test_names_are_made_unique(project, model):
    copies = [model, *(model.with_name(f"copy{number}.h5") for number in range(2))]
    for copy in copies[1:]:
        shutil.copyfile(model, copy)
    names = [project.add_model(copy, name="fer", format="keras-h5").name for copy in copies]
    assert names == ["fer", "fer (2)", "fer (3)"]
    assert project.rename_model(3, "fer").name == "fer (3)"
    assert project.rename_model(3, "  other ").name == "other"
    assert project.rename_model(3, " ").name == "other"
    assert unique_name("x", {"x", "x (2)"}) == "x (3)"


def test_a_model_that_changed_or_vanished_is_said_to_have(project, model):
    record = project.add_model(model, name="fer", format="keras-h5")
    assert project.status(record) == "present"
    os.utime(model, ns=(1, 1))
    assert project.status(record) == "changed"
    model.unlink()
    assert project.status(record) == "missing"
    with pytest.raises(WorkbenchError, match=r"fer\.h5 cannot be read: No such file"):
        project.add_model(model, name="fer", format="keras-h5")


def test_a_folder_model_changes_when_a_file_in_it_does(project, tmp_path):
    folder = tmp_path / "saved"
    (folder / "variables").mkdir(parents=True)
    (folder / "variables" / "v").write_bytes(b"12")
    record = project.add_model(folder, name="saved", format="saved-model")
    assert (record.bytes, project.status(record)) == (2, "present")
    (folder / "variables" / "v").write_bytes(b"123")
    assert project.status(record) == "changed"


def test_a_removed_model_leaves_with_its_runs_and_stays_an_ancestor(project, model):
    source = project.add_model(model, name="fer", format="keras-h5")
    artifact = made(project)
    child = project.add_model(artifact, name="int8", format="tflite", parent=source.id, step=step_of(artifact))
    project.add_run("benchmark", [source.id, child.id], {})
    alone = project.add_run("evaluate", [child.id], {})
    project.remove_model(source.id)
    assert [record.id for record in project.models()] == [child.id]
    assert project.runs() == [alone]
    assert [record.name for record in project.lineage(child.id)] == ["fer", "int8"]
    assert model.exists()
    assert project.add_model(model, name="fer", format="keras-h5").name == "fer"


def test_a_removed_artifact_does_not_come_back(project, model):
    source = project.add_model(model, name="fer", format="keras-h5")
    artifact = made(project)
    keep_step(artifact, source=model, step=step_of(artifact))
    child = project.add_model(artifact, name="int8", format="tflite", parent=source.id, step=step_of(artifact))
    project.remove_model(child.id)
    project.close()
    again = Project.open(project.folder)
    assert [record.name for record in again.models()] == ["fer"]
    again.close()


def test_runs_keep_figures_that_json_does_not_know(project, model):
    record = project.add_model(model, name="fer", format="keras-h5")
    samples = project.folder / "runs" / "1.npy"
    result = {"error": math.inf, "rows": [{"p50": 1.5}], "nan": math.nan}
    run = project.add_run("compare", [record.id, record.id], result, str(samples))
    assert run.models == [record.id]
    [stored] = project.runs("compare")
    assert project.runs("benchmark") == []
    assert math.isnan(stored.result.pop("nan"))
    assert stored.result == {"error": math.inf, "rows": [{"p50": 1.5}]}
    assert stored.samples_path == str(samples)


def test_a_run_of_an_unknown_model_is_not_stored_at_all(project):
    with pytest.raises(sqlite3.IntegrityError):
        project.add_run("benchmark", [99], {})
    assert project.runs() == []


def test_data_sets_are_kept_once(project):
    spec = DataSpec(path="/data/x.npz", preprocessing=Preprocessing(mean=(1.5, 2.0)))
    first = project.add_dataset(spec, "abc")
    second = project.add_dataset(spec, label="faces")
    assert first.id == second.id
    assert (second.label, second.sha256, second.spec) == ("faces", "abc", spec)
    assert len(project.datasets()) == 1


@pytest.mark.parametrize("ask", ["model", "lineage", "rename"])
def test_a_model_that_is_not_there(project, ask):
    with pytest.raises(WorkbenchError, match="no model number 7"):
        {
            "model": project.model,
            "lineage": project.lineage,
            "rename": lambda model_id: project.rename_model(model_id, "x"),
        }[ask](7)


def test_view_state(project):
    assert project.get_setting("zoom", 1.0) == 1.0
    project.set_setting("zoom", 2.5)
    project.set_setting("zoom", {"x": [1, None, "é"]})
    assert project.get_setting("zoom") == {"x": [1, None, "é"]}


def test_a_project_folder_can_be_moved(project, model, tmp_path):
    source = project.add_model(model, name="fer", format="keras-h5")
    artifact = made(project)
    child = project.add_model(artifact, name="int8", format="tflite", parent=source.id, step=step_of(artifact))
    project.close()
    moved = tmp_path / "elsewhere" / "ünterwegs"
    shutil.move(project.folder, moved)
    again = Project.open(moved)
    record = again.model(child.id)
    assert Path(record.path).is_relative_to(moved)
    assert again.status(record) == "present"
    again.close()


def test_artifact_paths_never_collide(project):
    paths = [project.new_artifact_path(name, suffix) for name, suffix in (("fer int8", ".tflite"),) * 2 + (("..", ""),)]
    assert [path.relative_to(project.folder).as_posix() for path in paths] == [
        "models/fer-int8/fer-int8.tflite",
        "models/fer-int8-2/fer-int8.tflite",
        "models/model/model",
    ]
    assert not any(path.exists() for path in paths)


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("a/b\\c:d", "a-b-c-d"),
        ("con", "model-con"),
        ("NUL.txt", "model-NUL.txt"),
        ("模型 int8", "模型-int8"),
        ("x" * 300, "x" * 60),
    ],
)
def test_artifact_folders_have_names_that_every_system_takes(project, name, folder):
    assert project.new_artifact_path(name, ".onnx").parent.name == folder


def test_what_a_job_finished_is_taken_in_although_nobody_recorded_it(project, model):
    source = project.add_model(model, name="fer", format="keras-h5")
    first, second = made(project, "pruned"), made(project, "int8")
    step = step_of(first, verified={"max_rel_error": math.inf})
    keep_step(first, source=model, step=step)
    keep_step(second, source=first, step=step_of(second))
    project.close()
    again = Project.open(project.folder)
    pruned, int8 = again.models()[1:]
    assert (pruned.name, pruned.parent, pruned.step) == ("pruned.tflite", source.id, step)
    assert int8.parent == pruned.id
    again.close()
    third = Project.open(project.folder)
    assert len(third.models()) == 3, "and only once"
    third.close()


def test_the_source_of_an_unrecorded_step_is_taken_in_too(project, model):
    artifact = made(project)
    keep_step(artifact, source=model, step=step_of(artifact))
    project.close()
    again = Project.open(project.folder)
    source, child = again.models()
    assert (source.path, child.parent) == (str(model), source.id)
    again.close()


def test_what_a_dead_process_left_half_done_is_removed_and_the_rest_is_not(project, tmp_path):
    waiting = project.new_artifact_path("waiting", ".onnx")
    code = (
        "import os, sys; from pathlib import Path; from workbench.core.project import Project\n"
        "project = Project.open(Path(sys.argv[1])); project.new_artifact_path('dead', '.onnx').write_bytes(b'half')\n"
        "os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(project.folder)], timeout=60)
    own = project.folder / "models" / "notes"
    own.mkdir()
    (own / "readme.txt").write_text("mine", encoding="utf-8")
    assert (project.folder / "models" / "dead").exists()
    Project.open(project.folder).close()
    assert not (project.folder / "models" / "dead").exists()
    assert waiting.parent.exists(), "this process lives, its job may still be running"
    assert (own / "readme.txt").exists()


def test_step_json_is_written_only_into_folders_of_a_project(tmp_path):
    artifact = tmp_path / "model.onnx"
    artifact.write_bytes(b"x")
    keep_step(artifact, source=artifact, step=step_of(artifact))
    assert [item.name for item in tmp_path.iterdir()] == ["model.onnx"]


def test_a_damaged_step_json_is_left_alone(project):
    artifact = made(project)
    (artifact.parent / "step.json").write_text("{", encoding="utf-8")
    project.close()
    again = Project.open(project.folder)
    assert again.models() == []
    assert artifact.exists()
    again.close()


def test_a_path_is_one_model_whoever_adds_it_and_how_often(project, model):
    source = project.add_model(model, name="fer.h5", format="")
    artifact = made(project)
    keep_step(artifact, source=model, step=step_of(artifact))
    other = Project.open(project.folder)  # takes the artifact in before the window hears that it is finished
    taken = next(record for record in other.models() if record.parent == source.id)
    adopted = project.add_model(
        artifact, name="My int8", format="tflite", parent=source.id, step=step_of(artifact, notes=["x"])
    )
    assert adopted.id == taken.id
    assert adopted.name == "My int8"
    assert adopted.step["notes"] == ["x"]
    assert [record.name for record in other.models()] == ["fer.h5", "My int8"]
    other.close()


def test_a_model_that_changed_is_renewed_and_keeps_the_name_that_a_person_gave(project, model):
    first = project.add_model(model, name="fer.h5", format="keras-h5", sha256="c" * 64)
    project.rename_model(first.id, "My faces")
    model.write_bytes(b"longer than before")
    assert project.status(project.model(first.id)) == "changed"
    again = project.add_model(model, name="fer.h5", format="keras-h5")
    assert (again.id, again.name, again.sha256) == (first.id, "My faces", "")
    assert project.status(project.model(first.id)) == "present"


def test_a_circle_of_parents_ends(project, model, tmp_path):
    other = tmp_path / "other.h5"
    other.write_bytes(b"x")
    first = project.add_model(model, name="a", format="keras-h5")
    second = project.add_model(other, name="b", format="keras-h5", parent=first.id)
    project.add_model(model, name="a", format="keras-h5", parent=second.id)
    assert [record.id for record in project.lineage(first.id)] == [second.id, first.id]


def test_a_removed_model_is_added_anew(project, model):
    first = project.add_model(model, name="fer", format="keras-h5")
    project.remove_model(first.id)
    assert project.add_model(model, name="fer", format="keras-h5").id != first.id


MALFORMED = [
    {},
    {"format": 5},
    {"format": "tflite", "artifact_sha256": {}},
]


@pytest.mark.parametrize("step", MALFORMED)
def test_a_step_without_what_matters_is_skipped_and_the_project_opens(project, model, caplog, step):
    artifact = made(project)
    keep_step(artifact, source=model, step=step)
    whole = made(project, "whole")
    keep_step(whole, source=model, step=step_of(whole))
    project.close()
    again = Project.open(project.folder)
    assert [Path(record.path) for record in again.models()] == [model, whole]
    assert artifact.exists()
    assert "step.json is skipped" in caplog.text
    again.close()


@pytest.mark.parametrize("kept", ['"artifact":"","source":"/m.h5"', '"artifact":"int8.tflite","source":""'])
def test_a_step_that_names_no_file_is_skipped(project, kept):
    artifact = made(project)
    text = "{" + kept + ',"step":{"format":"tflite"}}'
    (artifact.parent / "step.json").write_text(text, encoding="utf-8")
    project.close()
    again = Project.open(project.folder)
    assert again.models() == []
    assert artifact.exists()
    again.close()


def test_a_step_whose_artifact_never_appeared_goes_with_its_folder(project):
    code = (
        "import os, sys; from pathlib import Path; from workbench.core.project import Project\n"
        "from workbench.core.artifacts import keep_step\n"
        "target = Project.open(Path(sys.argv[1])).new_artifact_path('dead', '.onnx')\n"
        "keep_step(target, source=Path('/m.h5'), step={'format': 'onnx'}); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(project.folder)], timeout=60)
    assert (project.folder / "models" / "dead" / "step.json").exists()
    Project.open(project.folder).close()
    assert not (project.folder / "models" / "dead").exists()


def test_a_look_at_a_project_changes_nothing(project, model, tmp_path):
    artifact = made(project)
    keep_step(artifact, source=model, step=step_of(artifact))
    for window_is_open in (True, False):
        look = Project.read(project.folder)
        assert look.models() == []
        with pytest.raises(WorkbenchError):
            look.set_setting("current", 1)
        look.close()
        if window_is_open:
            project.close()
    nowhere = tmp_path / "nowhere"
    with pytest.raises(WorkbenchError, match="is not a project folder"):
        Project.read(nowhere)
    assert not nowhere.exists()


def test_a_newer_project_is_refused_and_not_touched(project):
    project.close()
    path = project.folder / "project.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(WorkbenchError, match="newer version") as refused:
        Project.open(project.folder)
    assert refused.value.hint.startswith("Update")


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_project_file_is_named(tmp_path, content):
    (tmp_path / "project.sqlite").write_bytes(content)
    with pytest.raises(WorkbenchError, match=r"project\.sqlite cannot be read"):
        Project.open(tmp_path)


def test_another_database_is_not_taken_over(tmp_path):
    connection = sqlite3.connect(tmp_path / "project.sqlite")
    connection.execute("PRAGMA user_version = 1")
    connection.execute("CREATE TABLE recipes (id)")
    connection.close()
    with pytest.raises(WorkbenchError, match=r"project\.sqlite cannot be read"):
        Project.open(tmp_path)


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WorkbenchError, match="as a project folder: Not a directory"):
        Project.open(tmp_path / "file" / "project")


def test_a_project_file_that_cannot_be_opened_is_said(tmp_path):
    (tmp_path / "project.sqlite").mkdir()
    with pytest.raises(WorkbenchError, match="Cannot write to the project folder"):
        Project.open(tmp_path)


def test_two_windows_on_one_project(project, model):
    """Two connections, two threads each, all adding at once: every model is there, every name is unique."""
    other = Project.open(project.folder)

    def add(where: Project, turn: int) -> None:
        for number in range(10):
            copy = model.with_name(f"{turn}-{number}.h5")
            copy.write_bytes(b"x")
            where.add_model(copy, name="fer", format="keras-h5")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, (project, other) * 2, range(4)))
    assert len({record.name for record in other.models()}) == 40
    assert project.models() == other.models()
    other.close()


def test_what_another_window_adds_and_removes_is_seen(project, model):
    assert project.models() == []
    other = Project.open(project.folder)
    record = other.add_model(model, name="fer", format="keras-h5")
    assert project.models() == [record]
    other.rename_model(record.id, "renamed")
    assert project.model(record.id).name == "renamed"
    other.remove_model(record.id)
    assert project.models() == []
    other.close()


@pytest.mark.parametrize("attempt", range(10))
def test_windows_may_open_a_new_project_at_the_same_moment(tmp_path, attempt):
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(Project.open, [tmp_path / "project"] * 4))
    for one in opened:
        assert one.models() == []
        one.close()
