"""bench, evaluate and compare with --project leave the runs that the window would have left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from workbench.core.project import Project
from workbench.core.stored_runs import accuracies_of, benchmark_of, comparison_of, tracks_of
from workbench.jobs.benchmark_run import load
from workbench.jobs.stored import Comparison, Evaluation


def workbench(*words: object) -> None:
    """Run a command to its good end."""
    done = subprocess.run(
        [sys.executable, "-m", "workbench", *map(str, words)], capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr


def test_runs_of_the_command_line_are_in_the_project(samples: Path, tmp_path: Path) -> None:
    onnx, tflite, data = samples / "digits.onnx", samples / "digits.tflite", samples / "digits-test.npz"
    into = ("--project", tmp_path / "project")
    workbench("bench", onnx, tflite, "--runs", 20, "--warmup", 3, "--threads", 1, *into)
    workbench("evaluate", onnx, "--data", data, "--limit", 50, *into)
    workbench("compare", onnx, tflite, "--data", data, "--limit", 20, "--tolerance", "none", *into)
    project = Project.open(tmp_path / "project")
    try:
        models = project.models()
        assert [(record.name, record.format) for record in models] == [
            ("digits.onnx", "onnx"),
            ("digits.tflite", "tflite"),
        ]
        bench, evaluation, comparison = project.runs()
        assert [run.kind for run in (bench, evaluation, comparison)] == ["benchmark", "evaluate", "compare"]
        ids = [record.id for record in models]
        assert [bench.models, evaluation.models, comparison.models] == [ids, ids[:1], ids]
        run = load(bench.result)
        assert list(run.labels.values()) == [
            "digits.onnx \u00b7 ONNX Runtime \u00b7 CPU",
            "digits.tflite \u00b7 LiteRT \u00b7 CPU",
        ]
        tracks = tracks_of(bench, benchmark_of(bench))
        assert [len(track.measured.latencies) for track in tracks.values()] == [20, 20]
        assert set(tracks) == {row.series for row in run.results}
        assert accuracies_of(evaluation)[0].samples == 50
        assert Evaluation.of(evaluation.result).jobs[0].model == str(onnx)
        stored = msgspec.convert(comparison.result, Comparison)
        assert (stored.a, stored.b, stored.agreement.tolerance) == ("digits.onnx", "digits.tflite", None)
        assert comparison_of(comparison, []).agreement.samples == 20
        assert [dataset.spec.path for dataset in project.datasets()] == [str(data)]
    finally:
        project.close()
