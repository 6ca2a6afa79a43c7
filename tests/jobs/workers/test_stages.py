"""A real step, cancelled or killed at each of its stages: a message, nothing half-written, and the next one runs."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from listening import Company, Listener

from workbench.core.datasets import DataSpec
from workbench.core.events import Cancelled, Crashed, Finished, Progress, Started
from workbench.core.project import Project
from workbench.jobs.runner import Ticket, result_of
from workbench.jobs.transform import Optimize


def step(samples: Path, target: Path) -> Optimize:
    data = DataSpec(path=str(samples / "digits-test.npz"), limit=20)
    return Optimize(source=str(samples / "digits.onnx"), target=str(target), pass_id="dynamic-int8", data=data)


def stages(listener: Listener) -> list[str]:
    """Return what the job said that it was doing, in order, each once."""
    return list(dict.fromkeys(event.text for event in listener.events if isinstance(event, Progress)))


@pytest.mark.parametrize("how", ["cancelled", "killed"])
def test_at_every_stage(company: Company, samples: Path, tmp_path: Path, how: str) -> None:
    _ticket, whole = company.submit(step(samples, tmp_path / "whole" / "model.onnx"))
    assert isinstance(whole.end(), Finished)
    seen = stages(whole)
    assert len(seen) >= 3, "there are stages to stop at"
    for number, stage in enumerate(seen):
        target = tmp_path / str(number) / "model.onnx"
        ticket, listener = company.submit(step(samples, target))
        started = listener.until(Started)
        # Progress is thinned out by time, so a short stage may go unsaid this time: then the job simply ends.
        reached = listener.until(
            (Progress, Finished), lambda event, stage=stage: isinstance(event, Finished) or event.text == stage
        )
        if isinstance(reached, Finished):
            continue
        end(company, ticket, how, started.pid)
        ended = listener.end()
        if isinstance(ended, Finished):  # the last stages may be over before the blow falls
            assert target.exists()
            continue
        assert isinstance(ended, Cancelled if how == "cancelled" else Crashed), ended
        left = list(target.parent.iterdir()) if target.parent.exists() else []
        if left == [target]:  # the blow fell between the renaming and the news of it: then it is whole
            assert target.read_bytes() == (tmp_path / "whole" / "model.onnx").read_bytes()
        else:
            assert left == [], stage
    again = step(samples, tmp_path / "again.onnx")
    assert result_of(again, company.end(again)).verified is not None


def end(company: Company, ticket: Ticket, how: str, pid: int) -> None:
    if how == "cancelled":
        company.runner.cancel(ticket)
        return
    try:
        psutil.Process(pid).kill()
    except psutil.NoSuchProcess:
        return


def test_a_step_that_ended_while_the_window_died_is_in_the_project(company, samples, tmp_path):
    """The worker keeps the step; here nobody records it, as after kill -9 of the window."""
    project = Project.open(tmp_path / "project")
    source = project.add_model(samples / "digits.onnx", name="digits", format="onnx")
    target = project.new_artifact_path("digits int8", ".onnx")
    job = step(samples, target)
    done = result_of(job, company.end(job))
    project.close()
    again = Project.open(tmp_path / "project")
    [_digits, int8] = again.models()
    assert (int8.path, int8.parent, int8.format) == (str(target), source.id, "onnx")
    assert int8.sha256 == done.artifact_sha256
    assert int8.step["verified"]["max_abs_error"] == done.verified.max_abs_error
    assert again.status(int8) == "present"
    again.close()
