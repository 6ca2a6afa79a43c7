"""Optimize stopped or killed at every stage: the whole artifact, or nothing."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from workbench.core.events import Cancelled, Crashed, Failed, Finished, Progress, Started
from workbench.formats.identify import read_model
from workbench.jobs.runner import Runner, Ticket
from workbench.jobs.transform import Optimize

STAGES = ["Quantize weights", "Running digits.onnx", "Reopening the result", "Running q.onnx"]

Stop = Callable[[Runner, Ticket, int], None]


def cancel(runner: Runner, ticket: Ticket, _pid: int) -> None:
    runner.cancel(ticket)


def kill(_runner: Runner, _ticket: Ticket, pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("stop", [cancel, kill])
@pytest.mark.parametrize("stage", STAGES)
def test_there_is_the_whole_artifact_or_nothing(samples: Path, tmp_path: Path, stage: str, stop: Stop) -> None:
    target = tmp_path / "made" / "q.onnx"
    job = Optimize(source=str(samples / "digits.onnx"), target=str(target), pass_id="dynamic-int8")
    runner = Runner(warm=False)
    ended, seen, before = threading.Event(), [], set(psutil.Process().children(recursive=True))

    def listen(ticket: Ticket, event: Any) -> None:
        seen.append(event)
        if isinstance(event, Progress) and stage in event.text:
            stop(runner, ticket, next(each.pid for each in seen if isinstance(each, Started)))
        if isinstance(event, Finished | Failed | Crashed | Cancelled):
            ended.set()

    try:
        runner.submit(job, listen)
        assert ended.wait(60)
        assert any(isinstance(event, Progress) and stage in event.text for event in seen)
        if isinstance(seen[-1], Finished):  # it was quicker than the signal
            assert read_model(target).format == "onnx"
        else:
            assert isinstance(seen[-1], Cancelled if stop is cancel else Crashed)
        left = {path.name for path in target.parent.iterdir()}
        assert left == ({"q.onnx"} if target.exists() else set())
    finally:
        runner.close()
    started = set(psutil.Process().children(recursive=True)) - before
    assert psutil.wait_procs(started, timeout=2)[1] == []
