"""Which data a project knows for a model."""

from __future__ import annotations

from pathlib import Path

import msgspec

from workbench.core.datasets import DataSpec
from workbench.core.known_data import known_data
from workbench.core.project import Project


def test_the_newest_data_of_the_family_is_known(tmp_path: Path) -> None:
    for name in ("root", "child", "other"):
        (tmp_path / name).write_bytes(name.encode())
    project = Project.open(tmp_path / "project")
    root = project.add_model(tmp_path / "root", name="root", format="onnx")
    other = project.add_model(tmp_path / "other", name="other", format="onnx")
    assert known_data(project, root.id) == DataSpec()
    used = DataSpec(path="/pictures", limit=7)
    step = {"data": msgspec.to_builtins(used)}
    child = project.add_model(tmp_path / "child", name="child", format="onnx", parent=root.id, step=step)
    assert known_data(project, root.id) == used
    assert known_data(project, child.id) == used
    assert known_data(project, other.id) == DataSpec()
    measured = DataSpec(path="/test.npz")
    project.add_run("evaluate", [child.id], {"jobs": [{"data": msgspec.to_builtins(measured)}], "results": []})
    project.add_run("benchmark", [child.id], {"job": {"data": msgspec.to_builtins(DataSpec())}})
    project.add_run("benchmark", [other.id], {"job": {"data": {"path": 5}}})
    assert known_data(project, root.id) == measured
    assert known_data(project, other.id) == DataSpec()
    project.close()
