"""The command line as a script sees it: a subprocess, its JSON, its exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

FORMATS = ["digits.keras", "digits.h5", "digits_savedmodel", "digits.onnx", "digits.tflite"]


def workbench(*words: object, expect: int = 0) -> subprocess.CompletedProcess[str]:
    """Run one command; assert its exit code."""
    command = [sys.executable, "-m", "workbench", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == expect, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def as_json(*words: object, expect: int = 0) -> Any:
    """Run one command with --json; return the one document that stdout carries."""
    return json.loads(workbench(*words, "--json", expect=expect).stdout)


@pytest.mark.parametrize("name", FORMATS)
def test_inspect(samples: Path, name: str) -> None:
    document = as_json("inspect", samples / name)
    assert {"format", "producer", "nodes", "parameters", "bytes", "inputs", "outputs", "ops", "notes"} <= set(document)
    assert document["inputs"][0]["shape"][1:] == [8, 8, 1]
    assert document["outputs"][0]["shape"][-1] == 10
    assert document["inputs"][0]["dtype"] == "float32"
    # 38,330 parameters; converters fold the batch normalization (64 numbers) into 16 biases.
    assert 38_200 <= document["parameters"] <= 38_600
    assert sum(document["ops"].values()) == document["nodes"]


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_graph(samples: Path, tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"g.{ending}"
    assert as_json("graph", samples / "digits.onnx", "--out", target)["nodes"] > 5
    assert target.stat().st_size > 1000


def test_static_int8_from_keras(samples: Path, tmp_path: Path) -> None:
    target = tmp_path / "int8.tflite"
    data = samples / "digits-calibration.npz"
    done = as_json("optimize", samples / "digits.keras", "--pass", "static-int8", "--data", data, "--out", target)
    assert {"artifact", "bytes_before", "bytes_after", "verified", "seconds"} <= set(done)
    keys = {"runtime", "max_abs_error", "max_rel_error", "cosine", "samples", "passed"}
    assert keys <= set(done["verified"])
    assert done["bytes_after"] == target.stat().st_size < done["bytes_before"] / 2
    assert done["verified"]["samples"] >= 100
    assert done["verified"]["top1_agreement"] >= 0.98
    assert as_json("evaluate", target, "--data", samples / "digits-test.npz")["top1"] >= 0.97


def test_pruning_has_exactly_the_asked_sparsity(samples: Path, tmp_path: Path) -> None:
    target = tmp_path / "pruned.onnx"
    source = samples / "digits.onnx"
    done = as_json("optimize", source, "--pass", "magnitude-pruning", "--sparsity", "0.5", "--out", target)
    assert done["figures"]["sparsity"] == pytest.approx(0.5, abs=1e-4)
    assert done["verified"]["data"] == "random"


def test_run_writes_outputs_of_every_sample(samples: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.npz"
    done = as_json("run", samples / "digits.tflite", "--input", samples / "digits-test.npz", "--out", target)
    with np.load(target) as outputs, np.load(samples / "digits-test.npz") as data:
        scores = outputs[outputs.files[0]]
        assert scores.shape == (504, 10)
        assert np.mean(scores.argmax(1) == data["label"]) == pytest.approx(0.98, abs=0.01)
    assert len(done["top"][0]) == 5


def test_bench_has_the_keys_scripts_rely_on(samples: Path) -> None:
    done = as_json("bench", samples / "digits.onnx", samples / "digits.tflite", "--runs", 20, "--threads", 1)
    keys = {"model", "runtime", "device", "batch", "threads", "runs", "p50_ms", "p90_ms", "p99_ms", "mean_ms"}
    for row in done["results"]:
        assert keys | {"throughput", "peak_rss_mb"} <= set(row)
        assert row["device"] == "cpu"
        assert row["runs"] == 20
        assert 0 < row["p50_ms"] <= row["p90_ms"] <= row["p99_ms"]
    assert [row["runtime"] for row in done["results"]] == ["onnxruntime", "litert"]


def test_a_gpu_that_is_not_there_is_an_error_not_a_fallback(samples: Path) -> None:
    done = as_json("bench", samples / "digits.tflite", "--device", "gpu", "--runs", 5, expect=1)
    assert "GPU" in done["error"] or "gpu" in done["error"]
    assert done["hint"]


def test_bench_measures_what_is_there_and_fails_for_what_is_not(samples: Path) -> None:
    done = as_json("bench", samples / "digits.onnx", samples / "no-such.onnx", "--runs", 5, expect=1)
    assert len(done["results"]) == 1
    assert any("no-such.onnx" in note for note in done["notes"])


def test_more_threads_than_make_sense_are_refused(samples: Path) -> None:
    assert "threads" in as_json("bench", samples / "digits.onnx", "--threads", 99999, expect=1)["error"]


def test_nothing_is_left_in_the_temporary_folder(samples: Path, tmp_path: Path, monkeypatch: Any) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    workbench("export", samples / "digits.keras", "--to", "tflite", "--out", tmp_path / "m.tflite")
    assert list(temporary.iterdir()) == []


def test_compare(samples: Path, tmp_path: Path) -> None:
    data = samples / "digits-test.npz"
    same = as_json("compare", samples / "digits.keras", samples / "digits.onnx", "--data", data)
    assert same["passed"]
    assert same["max_abs_error"] < 1e-5
    pruned = tmp_path / "pruned.onnx"
    workbench("optimize", samples / "digits.onnx", "--pass", "magnitude-pruning", "--sparsity", "0.9", "--out", pruned)
    assert not as_json("compare", samples / "digits.onnx", pruned, "--data", data, expect=1)["passed"]


@pytest.mark.parametrize("target", ["onnx", "tflite", "saved-model", "keras-h5", "tf-serving"])
def test_export_from_keras_is_verified(samples: Path, tmp_path: Path, target: str) -> None:
    out = tmp_path / {"onnx": "m.onnx", "tflite": "m.tflite", "keras-h5": "m.h5"}.get(target, "m")
    done = as_json("export", samples / "digits.keras", "--to", target, "--out", out)
    assert done["verified"]["passed"]
    assert done["verified"]["max_rel_error"] < 1e-4
    assert Path(done["artifact"]) == out
    assert out.exists()


def test_steps_become_a_recipe_that_replays_to_the_same_result(samples: Path, tmp_path: Path) -> None:
    made, project, recipe = tmp_path / "int8.onnx", tmp_path / "project", tmp_path / "recipe.yaml"
    calibration = samples / "digits-calibration.npz"
    source = samples / "digits.onnx"
    words = ["optimize", source, "--pass", "static-int8", "--data", calibration, "--out", made, "--project", project]
    first = as_json(*words)
    assert as_json("recipe", made, "--project", project, "--out", recipe)["steps"] == 1
    again = as_json("replay", recipe, "--out", tmp_path / "again")
    assert again["same"] in {"identical", "equal"}
    assert again["steps"][0]["result"]["verified"]["max_abs_error"] == pytest.approx(first["verified"]["max_abs_error"])


BAD = [
    (("inspect", "no-such-file.onnx"), 1),
    (("inspect",), 2),
    (("nonsense",), 2),
    (("inspect", "index.json"), 1),
    (("optimize", "digits.onnx", "--pass", "nonsense", "--out", "x.onnx"), 1),
    (("optimize", "digits.onnx", "--pass", "magnitude-pruning", "--sparsity", "7", "--out", "x.onnx"), 1),
    (("optimize", "digits.onnx", "--pass", "magnitude-pruning", "--sparsity", "much", "--out", "x.onnx"), 2),
    (("optimize", "digits.keras", "--pass", "static-int8", "--data", "tumours-test.csv", "--out", "x.tflite"), 1),
    (("export", "digits.onnx", "--to", "onnx", "--out", "digits.onnx"), 1),
    (("run", "digits.onnx", "--input", "tumours-test.csv", "--out", "x.npz"), 1),
    (("compare", "digits.onnx", "tumours.keras"), 1),
    (("replay", "digits.onnx"), 1),
    (("recipe", "digits.onnx", "--project", "digits-pictures", "--out", "x.yaml"), 1),
]


@pytest.mark.parametrize(("words", "code"), BAD, ids=[" ".join(words) for words, _code in BAD])
def test_bad_input_is_a_message_with_a_way_out(
    samples: Path, tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    before = sorted(path.name for path in samples.iterdir())
    placed = [samples / word if (samples / word).exists() else word for word in words]
    placed = [tmp_path / word if str(word).startswith("x.") else word for word in placed]
    done = as_json(*placed, expect=code)
    assert done["error"]
    assert done["hint"]
    assert "Traceback" not in done["error"] + done["hint"]
    assert list(tmp_path.iterdir()) == []
    assert sorted(path.name for path in samples.iterdir()) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_and_its_worker(samples: Path, tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "workbench", "bench", str(samples / "digits.onnx"), "--seconds", "200"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    process.stderr.readline()  # the first progress line: the worker is at work
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.send_signal(number)
    process.communicate(timeout=20)  # waits, and closes the pipes
    assert process.returncode == 130
    _gone, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []


def test_killing_the_command_leaves_no_worker(samples: Path) -> None:
    command = [sys.executable, "-m", "workbench", "bench", str(samples / "digits.onnx"), "--seconds", "200"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    process.stderr.readline()
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=10)
    _gone, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []


def test_demo_plays_the_main_job_and_writes_a_report(tmp_path: Path) -> None:
    done = as_json("demo", "--out", tmp_path / "demo")
    report = Path(done["report"]).read_text()
    assert "digits" in report
    assert Path(done["window"]).stat().st_size > 20_000
    assert done["accuracy"]["digits"] > 0.97
    assert len(done["results"]) == 4
