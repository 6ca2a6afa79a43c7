"""Jobs run in workers, in order, each to exactly one end."""

from __future__ import annotations

import itertools
import math
import os
import shutil
import signal
import threading
import time
from contextlib import closing
from pathlib import Path

import odd_jobs
import pytest
from listening import Listener

from workbench.core.errors import JobCrashed, WorkbenchError
from workbench.core.events import AnyEvent, Cancelled, Crashed, Failed, Finished, Log, Progress, Samples, Started
from workbench.jobs.channel import Channel
from workbench.jobs.lane import Lane
from workbench.jobs.runner import Runner, Ticket, result_of, run_job
from workbench.jobs.ticket import Outbox


def test_events_and_result_arrive(company):
    job = odd_jobs.Echo(text="zwölf \u2028 \u0000 𝄞\n", number=0.1)
    ticket, listener = company.submit(job)
    ended = listener.end()
    assert [type(event) for event in listener.events] == [Started, Progress, Log, Samples, Finished]
    assert listener.events[2] == Log(job.text, "warning")
    assert listener.events[3].latencies_ms == [1.0, 2.0]
    result = result_of(job, ended)
    assert (result.text, result.number, result.engine) == (job.text, 0.1, "base")
    assert result.pid == listener.events[0].pid != os.getpid()
    assert ticket.state == "finished"


def test_numbers_that_json_does_not_know(company):
    job = odd_jobs.Infinite()
    result = result_of(job, company.end(job))
    assert math.isnan(result.pop("none"))
    assert result == {"up": math.inf, "down": -math.inf, "one": 1.0}


def test_a_job_may_be_told_such_numbers_too(company):
    job = odd_jobs.Tolerant(tolerance=math.inf)
    assert result_of(job, company.end(job)) == math.inf


def test_a_job_that_is_no_json_is_refused_at_once(company):
    with pytest.raises(TypeError):
        company.runner.submit(odd_jobs.Echo(text=object()), Listener())


def test_the_worker_is_kept_for_the_next_job(company):
    jobs = [odd_jobs.Echo(), odd_jobs.Echo()]
    first, second = (result_of(job, company.end(job)) for job in jobs)
    assert first.pid == second.pid
    assert first.scratch != second.scratch


def test_lanes_have_workers_of_their_own_and_do_not_wait_for_each_other(company):
    ticket, waiting = company.submit(odd_jobs.Wait())
    waiting.until(Started)
    aside = odd_jobs.EchoAside(text="meanwhile")
    assert result_of(aside, company.end(aside)).text == "meanwhile"
    assert ticket.state == "running"


def test_a_lane_is_first_in_first_out_and_one_at_a_time(company):
    jobs = [odd_jobs.Nap(seconds=0.03) for _ in range(5)]
    listeners = [company.submit(job)[1] for job in jobs]
    spans = [result_of(job, listener.end()) for job, listener in zip(jobs, listeners, strict=True)]
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))


def test_two_hundred_rapid_jobs(company):
    listeners = [(number, company.submit(odd_jobs.Echo(number=number))[1]) for number in range(200)]
    for number, listener in listeners:
        ended = listener.end()
        assert result_of(odd_jobs.Echo(), ended).number == number
        assert listener.nothing_more()


def test_an_actionable_failure_has_message_and_hint_and_leaves_no_scratch(company):
    ticket, listener = company.submit(odd_jobs.Refuse())
    started = listener.until(Started)
    assert listener.end() == Failed("No such ähm.", "Take another.")
    assert listener.events[-2] == Log("KeyError: 'the cause'", "debug"), "for the log panel, not for the message"
    assert ticket.state == "failed"
    assert not Path(started.scratch).exists()


def test_scratch_of_a_finished_job_stays_until_the_runner_closes():
    runner = Runner(modules=["odd_jobs"], warm=False)
    done = threading.Event()
    results: list[odd_jobs.Echoed] = []

    def note(ticket: Ticket, event: AnyEvent) -> None:
        if isinstance(event, Finished):
            results.append(result_of(ticket.job, event))
            done.set()

    runner.submit(odd_jobs.Echo(text="kept"), note)
    assert done.wait(60)
    kept = Path(results[0].scratch) / "kept.txt"
    assert kept.read_text(encoding="utf-8") == "kept"
    runner.close()
    assert not kept.exists()
    assert list((Path(os.environ["WORKBENCH_HOME"]) / "cache" / "scratch").glob("*")) == []


def test_a_callback_that_raises_does_not_silence_the_next(company, monkeypatch):
    raised = []
    monkeypatch.setattr(threading, "excepthook", lambda problem: raised.append(problem.exc_type))

    def refuse(ticket: Ticket, event: AnyEvent) -> None:
        raise KeyError(ticket.id)

    company.runner.submit(odd_jobs.Echo(), refuse)
    assert isinstance(company.end(odd_jobs.Echo(text="next")), Finished)
    assert set(raised) == {KeyError}


def test_a_mistake_of_our_own_ends_one_job_only(company, monkeypatch):
    raised = []
    monkeypatch.setattr(threading, "excepthook", lambda problem: raised.append(problem.exc_type))
    ended = company.end(odd_jobs.Nameless())
    assert isinstance(ended, Crashed)
    assert "LookupError: no title" in ended.details
    assert isinstance(company.end(odd_jobs.Echo()), Finished)
    assert raised == [LookupError]


def test_close_waits_briefly_for_what_does_not_end():
    """A callback that never returns, or a lane that cannot go on, must not keep the window on the screen."""
    runner = Runner(modules=["odd_jobs"], warm=False)
    stuck, let_go = threading.Event(), threading.Event()

    def hang(ticket: Ticket, event: AnyEvent) -> None:
        stuck.set()
        let_go.wait(60)

    def never_ready() -> None:
        let_go.wait(60)

    runner.submit(odd_jobs.Wait(hold_gil=True), hang)
    assert stuck.wait(60)
    lane = Lane("stuck", Outbox(), scratch=Path(), after=never_ready)
    lane.start()
    began = time.monotonic()
    runner.close()
    lane.stop()
    lane.join(0.1)
    took = time.monotonic() - began
    let_go.set()
    assert took < 4


def test_close_cancels_everything_and_may_be_called_twice(company):
    tickets = [company.submit(odd_jobs.Wait())[0] for _ in range(3)]
    company.runner.close()
    company.runner.close()
    assert [ticket.state for ticket in tickets] == ["cancelled"] * 3
    with pytest.raises(RuntimeError, match="closed"):
        company.runner.submit(odd_jobs.Echo(), lambda ticket, event: None)


def test_close_before_start_and_right_after_it():
    Runner(warm=False).close()
    runner = Runner(modules=["odd_jobs"])
    runner.start()
    runner.close()


def test_a_job_that_comes_while_a_library_is_loading_says_so_and_dies_with_it(tmp_path):
    importing = threading.Event()
    channel = Channel(
        "base",
        scratch=tmp_path,
        preload=["endless_import"],
        modules=["odd_jobs"],
        on_line=lambda line: importing.set() if line == "importing" else None,
    )
    assert importing.wait(60)
    assert channel.send(odd_jobs.Echo())
    assert channel.receive(60) == Progress(None, "Loading endless_import")
    channel.kill()
    assert channel.receive(10) is None
    channel.end()
    assert channel.exit_code == -signal.SIGKILL


def test_a_job_may_be_cancelled_at_once_although_tensorflow_is_being_loaded():
    with closing(Runner(modules=["odd_jobs"], idle_s=0.0)) as runner:
        runner.start()
        listener, after = Listener(), Listener()
        ticket = runner.submit(odd_jobs.Wait(), listener)
        listener.until((Progress, Started))
        begin = time.monotonic()
        runner.cancel(ticket)
        assert listener.end() == Cancelled()
        assert time.monotonic() - begin < 1
        runner.submit(odd_jobs.Echo(), after)
        assert isinstance(after.end(), Finished)


def test_a_job_that_comes_at_once_does_not_wait_for_tensorflow():
    with closing(Runner(modules=["odd_jobs"], idle_s=60.0)) as runner:
        listener = Listener()
        runner.submit(odd_jobs.Echo(), listener)
        listener.end()
    assert [type(event) for event in listener.events][:2] == [Started, Progress]
    assert listener.events[1].text == "half way"


def test_a_job_that_needs_another_engine_goes_there(company):
    job = odd_jobs.NeedsEngine()
    result = result_of(job, company.end(job))
    assert (result.engine, result.text) == ("tf-keras", "1")
    again = result_of(job, company.end(job))
    assert again.pid == result.pid, "the engine's worker is kept"


def test_a_reading_job_that_needs_another_engine_runs_in_the_working_lane(company):
    ticket, waiting = company.submit(odd_jobs.Wait())
    waiting.until(Started)
    job = odd_jobs.NeedsEngineAside()
    _ticket, listener = company.submit(job)
    listener.until(Started)
    company.runner.cancel(ticket)
    assert result_of(job, listener.end()).engine == "tf-keras"


def test_an_engine_that_does_not_exist_is_no_endless_loop(company):
    ended = company.end(odd_jobs.NeedsEngine(engine="no-such-engine"))
    assert isinstance(ended, Crashed)
    assert "odd job" in ended.message


def test_run_job_returns_the_result_and_keeps_its_files():
    result = run_job(odd_jobs.Echo(text="x"), modules=["odd_jobs"])
    assert (Path(result.scratch) / "kept.txt").exists()


def test_run_job_raises_what_the_job_said():
    with pytest.raises(WorkbenchError, match="No such ähm") as failed:
        run_job(odd_jobs.Refuse(), modules=["odd_jobs"])
    assert failed.value.hint == "Take another."
    with pytest.raises(JobCrashed, match="ValueError") as crashed:
        run_job(odd_jobs.Blunder(), modules=["odd_jobs"])
    assert "the secret of the traceback" in crashed.value.details
    assert "the secret of the traceback" not in crashed.value.message


def test_run_job_calls_back_in_this_thread():
    threads = set()
    run_job(odd_jobs.Echo(), lambda event: threads.add(threading.current_thread()), modules=["odd_jobs"])
    assert threads == {threading.current_thread()}


def test_a_python_that_is_not_there_is_said_and_the_runner_lives_on():
    runner = Runner(python=Path("/no/such/python"), warm=False)
    for _ in range(2):
        listener = Listener()
        runner.submit(odd_jobs.Echo(), listener)
        ended = listener.end()
        assert isinstance(ended, Crashed)
        assert ended.message == "odd job: no worker can be started: No such file or directory."
    runner.close()


def test_a_worker_that_cannot_start_is_tried_again_once_and_its_last_words_are_kept():
    runner = Runner(modules=["no_such_module"], warm=False)
    listener = Listener()
    runner.submit(odd_jobs.Echo(), listener)
    ended = listener.end()
    assert isinstance(ended, Crashed)
    assert "ended unexpectedly (exit code 1)" in ended.message
    assert "No module named 'no_such_module'" in ended.details
    runner.close()


def test_a_cleared_cache_is_no_obstacle(company):
    company.end(odd_jobs.Echo())
    shutil.rmtree(Path(os.environ["WORKBENCH_HOME"]) / "cache")
    assert isinstance(company.end(odd_jobs.Echo()), Finished)


def test_a_cache_that_cannot_be_written_is_something_the_person_can_act_on(company):
    company.end(odd_jobs.Echo())
    shutil.rmtree(Path(os.environ["WORKBENCH_HOME"]) / "cache")
    (Path(os.environ["WORKBENCH_HOME"]) / "cache").write_bytes(b"")
    ended = company.end(odd_jobs.Echo())
    assert isinstance(ended, Failed)
    assert "Cannot write to the folder for scratch files" in ended.message
