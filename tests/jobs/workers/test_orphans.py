"""However the window or the command line ends, no worker outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from listening import gone, pids_in

from workbench.core.events import Log
from workbench.jobs.runner import Runner, run_job
from workbench.jobs.scratch import Scratch, remove_stale

PARENT = """
import sys, threading
import odd_jobs
from workbench.jobs.runner import Runner, run_job
how, target = sys.argv[1:]

def say(event):
    print(getattr(event, "text", ""), flush=True)

if how == "command line":
    run_job(odd_jobs.Wait(nested=True, target=target), say, modules=["odd_jobs"])
else:
    runner = Runner(modules=["odd_jobs"], warm=False)
    runner.submit(odd_jobs.EchoAside(), lambda ticket, event: None)
    runner.submit(odd_jobs.Wait(nested=True, target=target), lambda ticket, event: say(event))
    threading.Event().wait()
"""


@pytest.mark.parametrize("how", ["command line", "window"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT], ids=lambda n: n.name)
def test_no_process_is_left_by_any_signal(tmp_path, how, number):
    target = tmp_path / "out" / "model.onnx"
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, how, str(target)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        pids: list[int] = []
        for line in parent.stdout:
            if line.startswith("pids "):
                pids += pids_in(Log(line))
            if line.startswith("writing"):
                break
        assert len(pids) == 2, "a worker and its clean process"
        parent.send_signal(number)
        code = parent.wait(10)
    assert code != 0
    assert all(gone(pid) for pid in pids)
    if how == "command line" and number != signal.SIGKILL:
        assert list(target.parent.iterdir()) == [], "it had the time to clean up"


def test_run_job_leaves_signal_handlers_as_they_were():
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    import odd_jobs

    run_job(odd_jobs.Echo(), modules=["odd_jobs"])
    assert before == {number: signal.getsignal(number) for number in before}


def test_scratch_of_a_killed_process_is_removed_and_that_of_a_living_one_is_not():
    code = "from workbench.jobs.scratch import Scratch; import os; print(Scratch().folder, flush=True); os._exit(9)"
    folder = Path(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip())
    assert folder.exists()
    mine = Scratch()
    remove_stale()
    assert not folder.parent.exists()
    assert mine.folder.exists()
    mine.close()
    assert not mine.folder.exists()


def test_a_runner_that_nobody_closes_is_closed_when_the_program_ends():
    code = (
        "import threading; import odd_jobs; from workbench.jobs.runner import Runner; up = threading.Event()\n"
        "runner = Runner(modules=['odd_jobs'], warm=False)\n"
        "runner.submit(odd_jobs.Wait(), lambda ticket, event: up.set())\n"
        "up.wait()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not list((Path(os.environ["WORKBENCH_HOME"]) / "cache" / "scratch").glob("*"))


def test_two_runners_do_not_disturb_each_other():
    one, two = Runner(warm=False), Runner(warm=False)
    one.close()
    assert two._scratch.folder.exists()
    two.close()
