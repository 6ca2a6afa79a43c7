"""Cancel: in under a second, with nothing left behind, and exactly one end whatever the timing."""

from __future__ import annotations

import time
from pathlib import Path

import odd_jobs
import psutil
import pytest
from listening import gone, pids_in, says_pids

from workbench.core.events import Cancelled, Finished, Log, Started
from workbench.jobs.runner import result_of


@pytest.mark.parametrize(
    "job",
    [
        odd_jobs.Wait(),
        odd_jobs.Wait(helpers=2),
        odd_jobs.Wait(hold_gil=True),
        odd_jobs.Wait(nested=True),
    ],
    ids=["waiting", "with helper processes", "holding the GIL", "in a clean process"],
)
def test_a_running_job_ends_in_under_a_second_with_all_its_processes(company, job):
    ticket, listener = company.submit(job)
    started = listener.until(Started)
    pids = pids_in(listener.until(Log, says_pids))
    if job.nested:
        pids += pids_in(listener.until(Log, says_pids))
    begin = time.monotonic()
    company.runner.cancel(ticket)
    assert listener.end() == Cancelled()
    assert time.monotonic() - begin < 1
    assert ticket.state == "cancelled"
    assert all(gone(pid, 1) for pid in pids)
    assert not Path(started.scratch).exists()
    assert listener.nothing_more()
    assert isinstance(company.end(odd_jobs.Echo()), Finished)


@pytest.mark.parametrize("nested", [False, True])
def test_nothing_half_written_stays(company, tmp_path, nested):
    target = tmp_path / "folder" / "model.onnx"
    ticket, listener = company.submit(odd_jobs.Wait(target=str(target), nested=nested))
    listener.until(Log, lambda event: event.text == "writing")
    assert len(list(target.parent.iterdir())) == 1
    company.runner.cancel(ticket)
    listener.end()
    assert list(target.parent.iterdir()) == []


def test_a_waiting_job_is_dropped_at_once(company):
    running, listener = company.submit(odd_jobs.Wait())
    listener.until(Started)
    waiting, dropped = company.submit(odd_jobs.Echo())
    company.runner.cancel(waiting)
    assert dropped.end() == Cancelled()
    assert [type(event) for event in dropped.events] == [Cancelled]
    assert running.state == "running"


def test_cancelling_what_has_ended_changes_nothing(company):
    ticket, listener = company.submit(odd_jobs.Echo())
    ended = listener.end()
    company.runner.cancel(ticket)
    company.runner.cancel(ticket)
    assert ticket.state == "finished"
    assert isinstance(ended, Finished)
    assert isinstance(company.end(odd_jobs.Echo()), Finished)
    assert listener.nothing_more()


def test_the_next_job_has_a_fresh_worker(company):
    ticket, listener = company.submit(odd_jobs.Wait())
    pid = listener.until(Started).pid
    job = odd_jobs.Echo()
    _ticket, after = company.submit(job)
    company.runner.cancel(ticket)
    listener.end()
    assert result_of(job, after.end()).pid != pid


def test_cancel_against_finish_always_gives_one_end(company):
    """Sixteen races; each cancels a little later after a cancelled one and earlier after a finished one."""
    delay, ends = 0.002, []
    for number in range(16):
        ticket, listener = company.submit(odd_jobs.Nap(seconds=0.001))
        listener.until(Started)
        deadline = time.perf_counter() + delay
        while time.perf_counter() < deadline:
            pass
        company.runner.cancel(ticket)
        end = listener.end()
        ends.append(type(end))
        delay = delay / 1.4 if isinstance(end, Finished) else delay * 1.3
        assert ticket.state == ("finished" if isinstance(end, Finished) else "cancelled")
        probe = odd_jobs.Echo(number=number)
        assert result_of(probe, company.end(probe)).number == number
        assert listener.nothing_more()
    assert set(ends) == {Finished, Cancelled}, "the moments should fall on both sides"


def test_nothing_runs_after_close(company):
    listeners = [company.submit(odd_jobs.Wait(helpers=1))[1], company.submit(odd_jobs.EchoAside())[1]]
    pids = pids_in(listeners[0].until(Log, says_pids))
    listeners[1].end()
    company.runner.close()
    assert all(gone(pid) for pid in pids)
    assert psutil.Process().children(recursive=True) == []
