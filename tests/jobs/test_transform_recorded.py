"""A killed Optimize in a project: an artifact that is there is recorded, wherever the kill came."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.core.project import Project

RUN = """
import os, signal, sys
from pathlib import Path
from workbench.core.project import Project
from workbench.jobs.transform import Optimize

class Silent:
    scratch = Path(sys.argv[2])
    def progress(self, fraction, text): pass
    def log(self, text, level="info"): pass

project = Project.open(Path(sys.argv[1]))
target = project.new_artifact_path("q", ".onnx")
left = int(sys.argv[4])

def watch(event, arguments):  # kill at the nth thing that happens to the names in the target's folder
    global left
    named = {"os.link": 1, "os.rename": 1, "tempfile.mkdtemp": 0}.get(event)
    if named is not None and str(target.parent) in str(arguments[named]):
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
Optimize(source=sys.argv[3], target=str(target), pass_id="dynamic-int8").run(Silent())
"""


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_an_artifact_that_appeared_stays(samples: Path, tmp_path: Path, step: int) -> None:
    folder, scratch = tmp_path / "project", tmp_path / "scratch"
    scratch.mkdir()
    arguments = [str(folder), str(scratch), str(samples / "digits.onnx"), str(step)]
    done = subprocess.run([sys.executable, "-c", RUN, *arguments], capture_output=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    artifact = folder / "models" / "q" / "q.onnx"
    was_there = artifact.exists()
    project = Project.open(folder)
    try:
        assert artifact.exists() == was_there
        made = [record for record in project.models() if record.step]
        assert [Path(record.path) for record in made] == ([artifact] if was_there else [])
        assert artifact.parent.exists() == was_there
    finally:
        project.close()
