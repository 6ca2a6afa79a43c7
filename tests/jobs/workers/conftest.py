"""What the tests of workers share: the odd jobs, and a runner that knows them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

HERE = Path(__file__).parent

if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

from listening import Company  # noqa: E402 - beside this file

from workbench.jobs.runner import Runner  # noqa: E402


@pytest.fixture(autouse=True)
def odd_jobs_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers import odd_jobs."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")])))


@pytest.fixture
def company() -> Iterator[Company]:
    """A runner whose workers know the odd jobs and import nothing in advance."""
    runner = Runner(modules=["odd_jobs"], warm=False)
    yield Company(runner)
    runner.close()
    ours = psutil.Process().children(recursive=True)
    assert [process.cmdline() for process in ours if process.status() != psutil.STATUS_ZOMBIE] == []
