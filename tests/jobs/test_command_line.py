"""Copy as command: the command makes the very same job."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click
import pytest
from parsed_commands import job_of

from workbench.cli import cli
from workbench.core.datasets import DataSpec, Preprocessing
from workbench.core.errors import WorkbenchError
from workbench.core.params import parse
from workbench.core.plugins import discover
from workbench.exporters import Exporter
from workbench.jobs import Job
from workbench.jobs.benchmark import Benchmark, Subject
from workbench.jobs.command_line import as_command
from workbench.jobs.compare import Compare
from workbench.jobs.evaluate import Evaluate
from workbench.jobs.infer import Infer
from workbench.jobs.layout import LayOut
from workbench.jobs.probe import ListDevices
from workbench.jobs.read import ReadModel
from workbench.jobs.transform import Export, Optimize
from workbench.passes import Pass

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="quoted for another shell there")

FULL = DataSpec(
    path="/data/my faces.npz",
    kind="npz",
    inputs="x=images",
    labels="y",
    limit=10,
    seed=3,
    preprocessing=Preprocessing(channels="bgr", layout="nchw", resize=True, scale=0.5, mean=(-1.0, 2.5), std=(3.0,)),
)


JOBS = [
    Infer(model="/m/a b.onnx", out="/o/x.npz"),
    Infer(model="/m/it's.onnx", out="/o/$x.npz", runtime="onnxruntime", device="gpu", threads=2, data=FULL),
    Benchmark(subjects=[Subject("/m/a.onnx")]),
    Benchmark(
        subjects=[Subject("/m/a.onnx", "onnxruntime"), Subject("/m/b.onnx", "onnxruntime")],
        runs=7,
        warmup=0,
        batch=4,
        threads=1,
        data=FULL,
    ),
    Benchmark(subjects=[Subject("/m/a.tflite", "litert", "gpu")], seconds=2.5),
    Compare(a="/m/a.onnx", b="/m/b.tflite"),
    Compare(a="/m/a.onnx", b="/m/b.tflite", runtime_a="onnxruntime", runtime_b="litert", data=FULL, tolerance=0.01),
    Compare(a="/m/a.onnx", b="/m/b.tflite", tolerance=None),
    LayOut(path="/m/a.onnx"),
    LayOut(path="/m/a.onnx", function="then branch", direction="right"),
    Evaluate(model="/m/a.onnx", data=FULL),
    Evaluate(model="/m/a.onnx", runtime="onnxruntime", device="gpu", data=FULL),
    ReadModel(path="/m/a.onnx"),
    Optimize(source="/m/a.onnx", target="/o/b c.onnx", pass_id="dynamic-int8"),
    Optimize(source="/m/a.onnx", target="/o/b.onnx", pass_id="static-int8", params={"per_channel": False}, data=FULL),
    Optimize(
        source="/m/a.onnx",
        target="/o/b.onnx",
        pass_id="magnitude-pruning",
        params={"sparsity": 0.75, "skip": ["conv 1", "dense"]},
    ),
    Export(source="/m/a.keras", target="/o/b.onnx", exporter_id="onnx", params={"opset": 15}, data=FULL),
]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: type(job).__name__)
def test_the_command_makes_the_same_job(job, monkeypatch):
    made = job_of(as_command(job), monkeypatch)
    assert type(made) is type(job)
    assert settled(made) == settled(job)


def settled(job: Job) -> dict[str, object]:
    """Return a job's fields, with all settings of its plugin spelled out."""
    found = {name: getattr(job, name) for name in job.__struct_fields__}
    if isinstance(job, Optimize):
        found["params"] = parse(discover(sys.modules["workbench.passes"], Pass)[job.pass_id].params, job.params)
    if isinstance(job, Export):
        plugin = discover(sys.modules["workbench.exporters"], Exporter)[job.exporter_id]
        found["params"] = parse(plugin.params, job.params)
    return found


@pytest.mark.parametrize("plugin_id", discover(sys.modules["workbench.passes"], Pass))
def test_every_pass_can_be_copied(plugin_id, monkeypatch):
    job = Optimize(source="/m/a", target="/o/b", pass_id=plugin_id, data=FULL)
    assert settled(job_of(as_command(job), monkeypatch)) == settled(job)


@pytest.mark.parametrize("plugin_id", discover(sys.modules["workbench.exporters"], Exporter))
def test_every_exporter_can_be_copied(plugin_id, monkeypatch):
    job = Export(source="/m/a", target="/o/b", exporter_id=plugin_id, data=FULL)
    assert settled(job_of(as_command(job), monkeypatch)) == settled(job)


def test_defaults_are_left_out():
    job = Optimize(source="/m/a.onnx", target="/o/b.onnx", pass_id="magnitude-pruning")
    full = parse(discover(sys.modules["workbench.passes"], Pass)["magnitude-pruning"].params, {})
    spelled = Optimize(
        source="/m/a.onnx",
        target="/o/b.onnx",
        pass_id="magnitude-pruning",
        params={name: getattr(full, name) for name in full.__struct_fields__},
    )
    assert as_command(job) == "workbench optimize /m/a.onnx --pass magnitude-pruning --out /o/b.onnx"
    assert as_command(spelled) == as_command(job)


def test_what_was_not_chosen_yet_is_a_mistake_of_the_person(monkeypatch):
    job = Optimize(source="/m/a", target="/o/b", pass_id="magnitude-pruning", params={"sparcity": 1})
    with pytest.raises(WorkbenchError, match="sparcity"):
        as_command(job)


def test_subjects_in_several_runtimes_become_a_line_each(monkeypatch):
    job = Benchmark(subjects=[Subject("/a.onnx"), Subject("/b.tflite", "litert"), Subject("/c.onnx")], runs=5)
    lines = as_command(job).splitlines()
    made = [job_of(line, monkeypatch) for line in lines]
    assert [[subject.model for subject in each.subjects] for each in made] == [["/a.onnx", "/c.onnx"], ["/b.tflite"]]
    assert [each.subjects[0].runtime for each in made] == ["", "litert"]


def test_outputs_without_a_name_get_one_that_is_free(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = as_command(Infer(model="/m/digits.v2.onnx", runtime="onnxruntime"))
    assert "--out" not in command
    assert job_of(command, monkeypatch).out == str(tmp_path / "digits.v2-outputs.npz")
    (tmp_path / "digits.v2-outputs.npz").touch()
    assert job_of(command, monkeypatch).out == str(tmp_path / "digits.v2-outputs-2.npz")
    (tmp_path / "digits.v2-outputs-2.npz").touch()
    assert job_of(command, monkeypatch).out == str(tmp_path / "digits.v2-outputs-3.npz")


@pytest.mark.parametrize("word", ["much", "", "0,1"])
def test_a_tolerance_is_a_number_or_none(word):
    with pytest.raises(click.UsageError):
        cli.main(args=["compare", "/a", "/b", "--tolerance", word], standalone_mode=False)


def test_a_picture_of_the_graph():
    assert as_command(LayOut(path="/m/a.onnx")) == "workbench graph /m/a.onnx --out graph.svg"


def test_a_job_without_a_command_is_our_mistake():
    with pytest.raises(TypeError, match="no command does ListDevices"):
        as_command(ListDevices())


def test_paths_stay_absolute():
    assert Path(shlex.split(as_command(ReadModel(path="/m/ü.onnx")))[-1]).is_absolute()
