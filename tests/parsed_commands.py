"""Turn a copied command line back into the job that it would run."""

from __future__ import annotations

import shlex

import pytest

from workbench.cli import cli
from workbench.jobs import Job, runner


class Captured(Exception):  # noqa: N818 - ends the command before its job runs
    """Carries the job that a command made."""


def job_of(command: str, monkeypatch: pytest.MonkeyPatch) -> Job:
    """Parse a command line and return the job that it would run."""

    def capture(job: Job, on_event: object = None) -> None:
        raise Captured(job)

    monkeypatch.setattr(runner, "run_job", capture)
    words = shlex.split(command)
    assert words[0] == "workbench"
    with pytest.raises(Captured) as captured:
        cli.main(args=words[1:], standalone_mode=False)
    job: Job = captured.value.args[0]
    return job
