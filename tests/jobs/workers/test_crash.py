"""A job that takes its worker along ends alone, with a message that says what happened; the next one runs."""

from __future__ import annotations

import signal
from pathlib import Path

import odd_jobs
import psutil
import pytest
from listening import gone, pids_in, says_pids

from workbench.core.events import Crashed, Failed, Finished, Log, Started
from workbench.jobs.runner import result_of


@pytest.mark.parametrize("nested", [False, True], ids=["worker", "clean process"])
@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("segfault", "a library crashed (segmentation fault)"),
        ("kill", "killed from outside, most often because memory ran out"),
        ("abort", "a library crashed (SIGABRT)"),
        ("exit", "its worker ended unexpectedly (exit code 7)"),
    ],
)
def test_death_of_the_worker(company, how, says, nested):
    ticket, listener = company.submit(odd_jobs.Die(how=how, nested=nested))
    started = listener.until(Started)
    ended = listener.end()
    assert isinstance(ended, Crashed)
    assert says in ended.message
    assert ended.message.startswith("odd job")
    assert ended.hint
    assert "Traceback" not in ended.message
    assert ticket.state == "crashed"
    assert not Path(started.scratch).exists()
    if how in ("segfault", "abort"):
        assert 'odd_jobs.py", line' in ended.details, "faulthandler says where"
    assert isinstance(company.end(odd_jobs.Echo()), Finished)
    assert listener.nothing_more()


@pytest.mark.parametrize(
    ("kind", "says", "detail"),
    [
        ("value", "odd job failed: ValueError in a library or in this program.", "the secret of the traceback"),
        ("exit", "odd job failed: SystemExit in a library or in this program.", "SystemExit: 3"),
        ("memory", "odd job: the memory of this computer does not suffice.", "MemoryError"),
        ("unserializable", "odd job failed: TypeError in a library or in this program.", "object"),
    ],
)
def test_an_unexpected_exception_is_named_but_not_shown_as_the_message(company, kind, says, detail):
    ended = company.end(odd_jobs.Blunder(kind=kind))
    assert isinstance(ended, Crashed)
    assert ended.message == says
    assert detail in ended.details
    assert isinstance(company.end(odd_jobs.Echo()), Finished)


def test_the_worker_is_replaced_after_a_memory_error_only(company):
    pids = []
    for kind in ("value", "memory", "value"):
        _ticket, listener = company.submit(odd_jobs.Blunder(kind=kind))
        pids.append(listener.until(Started).pid)
        listener.end()
    assert pids[0] == pids[1] != pids[2]


def test_a_full_disk_is_something_the_person_can_act_on(company):
    ended = company.end(odd_jobs.Blunder(kind="disk"))
    assert ended == Failed(
        "odd job: No space left on device (/some/where).",
        "Free some space or choose a folder that you may write to; nothing was left half-written.",
    )


def test_a_job_that_hangs_is_stopped_at_its_limit(company):
    _ticket, listener = company.submit(odd_jobs.WaitShortly(hold_gil=True, helpers=1))
    pids = pids_in(listener.until(Log, says_pids))
    ended = listener.end()
    assert isinstance(ended, Crashed)
    assert ended.message == "odd job was stopped: it did not end within 0.5 seconds."
    assert all(gone(pid) for pid in pids)
    assert isinstance(company.end(odd_jobs.Echo()), Finished)


def test_a_killed_worker_leaves_nothing_half_written(company, tmp_path):
    target = tmp_path / "model.onnx"
    _ticket, listener = company.submit(odd_jobs.Wait(target=str(target)))
    pid = listener.until(Started).pid
    listener.until(Log, lambda event: event.text == "writing")
    psutil.Process(pid).send_signal(signal.SIGKILL)
    assert isinstance(listener.end(), Crashed)
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_died_while_idle_is_replaced_unnoticed(company):
    job = odd_jobs.Echo()
    first = result_of(job, company.end(job))
    psutil.Process(first.pid).kill()
    assert gone(first.pid)
    assert result_of(job, company.end(job)).pid != first.pid


def test_what_a_c_library_prints_does_not_break_the_protocol(company):
    job = odd_jobs.Chatter(lines=50_000)
    _ticket, listener = company.submit(job)
    assert result_of(job, listener.end()) == {"lines": 50_000}
    lines = [event for event in listener.events if isinstance(event, Log)]
    assert 100 < len(lines) <= 2000, "the log panel gets a part of it"
    assert all(event.level == "debug" for event in lines)


def test_garbage_in_the_protocol_ends_the_job_with_what_it_was(company):
    ended = company.end(odd_jobs.Scribble())
    assert isinstance(ended, Crashed)
    assert "sent something that is no event" in ended.message
    assert ended.details.startswith("garbage")
    assert isinstance(company.end(odd_jobs.Echo()), Finished)


def test_a_clean_process_knows_the_engine_and_may_ask_for_another(company):
    job = odd_jobs.NeedsEngine(nested=True)
    _ticket, listener = company.submit(job)
    started = listener.until(Started)
    result = result_of(job, listener.end())
    assert result.engine == "tf-keras"
    assert result.pid != started.pid
    assert result.scratch.startswith(started.scratch)
