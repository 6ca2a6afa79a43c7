"""kill -9 at any moment of a save: what had finished is there, nothing is half there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.core.project import Project
from workbench.core.writing import atomic_target

SAVES = """
import sys
from pathlib import Path
from workbench.core.artifacts import keep_step
from workbench.core.project import Project
from workbench.core.writing import atomic_target

folder = Path(sys.argv[1])
project = Project.open(folder / "project")
source = project.add_model(folder / "model.h5", name="source", format="keras-h5")
print("open", flush=True)
for number in range(10_000):
    target = project.new_artifact_path(f"m{number}", ".onnx")
    with atomic_target(target) as partial:
        partial.write_bytes(bytes([number % 256]) * 5000)
    step = {"artifact": str(target), "format": "onnx", "plugin": "x", "number": number}
    keep_step(target, source=folder / "model.h5", step=step)
    print(f"kept {number}", flush=True)
    record = project.add_model(target, name=f"m{number}", format="onnx", parent=source.id, step=step)
    project.add_run("benchmark", [record.id], {"number": number})
    print(f"added {number}", flush=True)
"""

WRITES = """
import sys
from pathlib import Path
from workbench.core.writing import atomic_target
folder = Path(sys.argv[1])
print("open", flush=True)
for number in range(10_000):
    with atomic_target(folder / f"{number}") as partial:
        partial.mkdir()
        for part in range(3):
            (partial / f"{part}").write_bytes(b"x" * 3000)
    print(f"wrote {number}", flush=True)
"""


def run_and_kill(code: str, folder: Path, lines: int) -> list[str]:
    """Run ``code``, kill it -9 somewhere after it has printed ``lines`` lines, and return all that it had printed."""
    with subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True) as process:
        said = [process.stdout.readline() for _ in range(lines)]
        os.kill(process.pid, signal.SIGKILL)
        said += process.stdout.readlines()
        assert process.wait(30) == -signal.SIGKILL
    return said


@pytest.mark.parametrize("seed", range(10))
def test_a_project_has_all_that_had_finished(tmp_path, seed):
    (tmp_path / "model.h5").write_bytes(b"x")
    said = run_and_kill(SAVES, tmp_path, random.Random(seed).randrange(1, 40))
    kept = {int(line.split()[1]) for line in said if line.startswith("kept")}
    added = {int(line.split()[1]) for line in said if line.startswith("added")}
    project = Project.open(tmp_path / "project")
    made = {record.step["number"]: record for record in project.models() if record.step}
    assert kept <= set(made) <= kept | {len(kept)}, "at most the one whose line was not printed yet comes beside"
    assert all(Path(record.path).read_bytes() == bytes([number % 256]) * 5000 for number, record in made.items())
    assert all(project.status(record) == "present" for record in made.values())
    assert added <= {run.result["number"] for run in project.runs()}
    folders = {path.name for path in (tmp_path / "project" / "models").iterdir()}
    assert folders <= {f"m{number}" for number in made} | {f"m{len(made)}"}
    assert not list(tmp_path.rglob("*.partial"))
    project.close()


@pytest.mark.parametrize("seed", range(10))
def test_a_target_is_whole_or_not_there(tmp_path, seed):
    said = run_and_kill(WRITES, tmp_path, random.Random(seed).randrange(1, 30))
    wrote = {line.split()[1] for line in said if line.startswith("wrote")}
    with atomic_target(tmp_path / "next") as partial:
        partial.write_bytes(b"")
    (tmp_path / "next").unlink()
    there = {path.name: path for path in tmp_path.iterdir()}
    assert wrote <= set(there) <= wrote | {str(len(wrote))}, "the next write has removed what was half-written"
    for folder in there.values():
        assert [path.stat().st_size for path in folder.iterdir()] == [3000] * 3
