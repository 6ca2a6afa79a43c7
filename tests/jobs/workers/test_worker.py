"""The worker as a program: lines in, lines out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import odd_jobs
import psutil
import pytest

from workbench.jobs import Job, engines
from workbench.jobs.catalogue import Catalogue, decode
from workbench.jobs.engines import worker_command, worker_environment
from workbench.jobs.read import ReadModel


@pytest.fixture
def worker(tmp_path):
    command = worker_command(modules=["odd_jobs"], scratch=tmp_path)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=worker_environment("base")
    ) as process:
        yield process
        process.kill()


def say(process: subprocess.Popen[bytes], line: bytes) -> None:
    process.stdin.write(line + b"\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[bytes]) -> dict[str, object]:
    return json.loads(process.stdout.readline())


def test_it_says_that_it_is_ready_and_runs_what_it_is_told(worker):
    assert hear(worker) == {"event": "ready", "pid": worker.pid}
    say(worker, msgspec.json.encode(odd_jobs.Echo(text="hé")))
    events = [hear(worker) for _ in range(5)]
    assert [event["event"] for event in events] == ["started", "progress", "log", "samples", "finished"]
    assert events[-1]["result"]["text"] == "hé"


@pytest.mark.parametrize("line", [b"", b"{", b'{"job":"NoSuchJob"}', b'{"job":"ReadModel"}', b"\xff\xfe", b"[]"])
def test_a_line_that_is_no_job_is_said_to_be_none_and_the_next_one_runs(worker, line):
    hear(worker)
    say(worker, line)
    event = hear(worker)
    assert event["event"] == "crashed"
    assert event["message"] == "The worker could not take up the job."
    say(worker, msgspec.json.encode(odd_jobs.Echo()))
    assert hear(worker)["event"] == "started"


def test_it_ends_when_its_input_closes_even_in_the_middle_of_a_job(worker):
    hear(worker)
    say(worker, msgspec.json.encode(odd_jobs.Wait()))
    assert hear(worker)["event"] == "started"
    worker.stdin.close()
    assert worker.wait(10) == 0


def test_it_does_not_start_without_its_parent(tmp_path):
    command = worker_command(scratch=tmp_path)
    command[command.index("--parent") + 1] = str(os.getppid())
    done = subprocess.run(command, input=b"", capture_output=True, env=worker_environment("base"), timeout=60)
    assert done.returncode == 1
    assert done.stdout == b""


def test_it_is_first_to_go_when_memory_runs_out(worker):
    hear(worker)
    assert int(Path(f"/proc/{worker.pid}/oom_score_adj").read_text(encoding="ascii")) == 500


def test_a_module_beside_the_model_is_never_imported(tmp_path, monkeypatch):
    (tmp_path / "msgspec.py").write_text("raise SystemExit(99)", encoding="utf-8")
    (tmp_path / "workbench.py").write_text("raise SystemExit(99)", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    command = worker_command(scratch=tmp_path)
    done = subprocess.run(command, input=b"", capture_output=True, env=worker_environment("base"), timeout=60)
    assert done.returncode == 0, done.stderr
    assert b'"ready"' in done.stdout


def test_starting_imports_no_machine_learning_library(worker):
    hear(worker)
    loaded = {Path(item.path).name for item in psutil.Process(worker.pid).memory_maps()}
    assert not [name for name in loaded if any(word in name for word in ("tensorflow", "onnx", "h5", "Qt"))]


def test_the_frozen_app_is_its_own_worker(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert worker_command(scratch=tmp_path, preload=["tensorflow"]) == [
        *(sys.executable, "--worker", "--parent", str(os.getpid()), "--scratch", str(tmp_path)),
        *("--preload", "tensorflow"),
    ]


def test_engines_differ_in_which_keras_tensorflow_takes():
    assert worker_environment("base")["TF_USE_LEGACY_KERAS"] == "0"
    assert worker_environment("tf-keras")["TF_USE_LEGACY_KERAS"] == "1"
    assert worker_environment("tf-keras")["WORKBENCH_ENGINE"] == "tf-keras"
    assert engines.current_engine() == "base"


def test_the_catalogue_knows_every_job_and_decodes_what_was_encoded():
    catalogue = Catalogue()
    assert {"ReadModel", "ReadTensor", "LayOut", "Optimize", "Export", "Infer", "Benchmark"} <= set(catalogue.kinds)
    job = ReadModel(path="/a b/ü.onnx")
    assert catalogue.decode(msgspec.json.encode(job)) == decode(msgspec.json.encode(job)) == job
    with pytest.raises(msgspec.ValidationError):
        decode(b'{"job":"ReadModel","path":5}')


def test_every_job_has_a_title_and_says_what_it_writes():
    assert all(kind.title is not Job.title for kind in Catalogue().kinds.values() if kind.run is not Job.run)
    assert odd_jobs.Wait(target="/a/b").targets() == [Path("/a/b")]
    assert odd_jobs.Wait().targets() == []
