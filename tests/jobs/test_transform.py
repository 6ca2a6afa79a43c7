"""Optimize and export: checked first, proved before they appear, recorded in full."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.outcome import Outcome
from workbench.datasets.select import open_dataset
from workbench.formats.identify import read_model
from workbench.jobs.transform import Export, Making, Optimize, Proof, Transformed
from workbench.passes.dynamic_int8 import DynamicInt8

Write = Callable[..., Path]


def made(
    source: Path, work: Callable[[Path], None], report: Any, *, tolerance: float | None, data: DataSpec | None = None
) -> Transformed:
    """Run the part that Optimize and Export share on a ``work`` of the test's own."""
    graph = read_model(source)
    plugin = DynamicInt8()
    spec = data or DataSpec()
    making = Making(source, source.parent / "made" / "result.onnx", plugin, plugin.params(), graph, spec)

    def write(partial: Path) -> Outcome:
        work(partial)
        return Outcome(["said by the pass"], {"figure": 1.0})

    return making.make(
        write, "onnx", Proof("onnxruntime", tolerance, lambda path: path), open_dataset(spec, graph.inputs), report
    )


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.name.startswith("."))


def test_a_step_is_recorded_in_full(samples: Path, recorder: Any, tmp_path: Path) -> None:
    source, target = samples / "digits.onnx", tmp_path / "out" / "small.onnx"
    data = DataSpec(path=str(samples / "digits-test.npz"), limit=50)
    job = Optimize(source=str(source), target=str(target), pass_id="dynamic-int8", data=data)
    result = job.run(recorder)
    assert (result.artifact, result.format, result.plugin) == (str(target), "onnx", "dynamic-int8")
    assert (result.bytes_before, result.bytes_after) == (source.stat().st_size, target.stat().st_size)
    assert result.source_sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert result.artifact_sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert set(result.params) == {field.name for field in msgspec.structs.fields(DynamicInt8.params)}
    assert result.data == data
    assert len(result.data_sha256) == 64
    assert {"model-workbench", "numpy", "onnxruntime"} <= set(result.tools)
    verified = result.verified
    assert verified is not None
    assert (verified.runtime, verified.samples, verified.data) == ("onnxruntime", 50, data.path)
    assert (verified.passed, verified.tolerance) == (True, None)
    assert verified.top1_agreement is not None
    assert verified.top1_agreement > 0.95
    assert 0 < verified.max_rel_error < 0.2
    assert leftovers(tmp_path) == []


def test_random_input_is_said(samples: Path, recorder: Any, tmp_path: Path) -> None:
    job = Optimize(source=str(samples / "digits.onnx"), target=str(tmp_path / "q.onnx"), pass_id="dynamic-int8")
    result = job.run(recorder)
    assert result.verified is not None
    assert result.verified.data == "random"
    assert any("random" in note for note in result.notes)


def test_a_result_that_should_be_equal_but_is_not_is_kept_and_marked(classifier: Write, recorder: Any) -> None:
    source, other = classifier("a", np.eye(3), activation=""), classifier("b", np.eye(3) * 1.01, activation="")
    result = made(source, lambda partial: partial.write_bytes(other.read_bytes()), recorder, tolerance=1e-4)
    assert result.verified is not None
    assert not result.verified.passed
    assert result.verified.max_rel_error == pytest.approx(0.01, rel=1e-3)
    assert "Verification failed" in " ".join(result.notes)
    assert Path(result.artifact).read_bytes() == other.read_bytes()
    assert result.notes[0] == "said by the pass"


def test_a_result_that_does_not_open_is_kept_and_marked_with_the_reason(classifier: Write, recorder: Any) -> None:
    source = classifier("a", np.eye(3))
    result = made(source, lambda partial: partial.write_bytes(b"\x08\x08 nonsense"), recorder, tolerance=None)
    assert result.verified is not None
    assert (result.verified.passed, result.verified.samples) == (False, 0)
    assert any("does not run" in note for note in result.notes)


def test_a_lossy_result_passes_unless_it_is_broken(classifier: Write, recorder: Any) -> None:
    source = classifier("a", np.eye(3), activation="")
    other = classifier("b", np.eye(3) * 1.3, activation="")
    result = made(source, lambda partial: partial.write_bytes(other.read_bytes()), recorder, tolerance=None)
    assert result.verified is not None
    assert result.verified.passed
    broken = classifier("c", np.full((3, 3), np.nan), activation="")
    Path(result.artifact).unlink()
    result = made(source, lambda partial: partial.write_bytes(broken.read_bytes()), recorder, tolerance=None)
    assert result.verified is not None
    assert not result.verified.passed
    assert any("not finite" in note for note in result.notes)


def test_a_source_that_cannot_run_leaves_the_result_unverified_and_says_so(tmp_path: Path, recorder: Any) -> None:
    node = helper.make_node("Wobble", ["x"], ["y"], domain="my.ops")
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in "xy"]
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("my.ops", 1)]
    model = helper.make_model(helper.make_graph([node], "g", ports[:1], ports[1:]), opset_imports=opsets, ir_version=10)
    source = tmp_path / "custom.onnx"
    source.write_bytes(model.SerializeToString())
    result = made(source, lambda partial: partial.write_bytes(source.read_bytes()), recorder, tolerance=1e-4)
    assert result.verified is None
    assert any("could not be verified" in note and "Wobble" in note for note in result.notes)


def sequence(path: Path, *, frozen: int | None = None) -> Path:
    """Write ``y = x + 1`` over (n, time, 2); with ``frozen``, a constant inside that takes only that length."""
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", "time", 2]) for name in "xy"]
    one = np.ones((1, frozen, 2) if frozen else 1, "f")
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "one"], ["y"])], "g", ports[:1], ports[1:], [numpy_helper.from_array(one, "one")]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    path.write_bytes(model.SerializeToString())
    return path


def test_open_lengths_are_tried_at_two_sizes_so_that_a_frozen_one_is_found_out(tmp_path: Path, recorder: Any) -> None:
    source = sequence(tmp_path / "s.onnx")
    result = made(source, lambda partial: partial.write_bytes(source.read_bytes()), recorder, tolerance=1e-4)
    assert result.verified is not None
    assert result.verified.passed
    assert result.verified.samples == 32
    assert any("[n, 32, 2]" in note for note in result.notes)
    assert any("[n, 21, 2]" in note for note in result.notes)
    Path(result.artifact).unlink()
    frozen = sequence(tmp_path / "f.onnx", frozen=32)
    result = made(source, lambda partial: partial.write_bytes(frozen.read_bytes()), recorder, tolerance=1e-4)
    assert result.verified is not None
    assert not result.verified.passed
    assert any("does not run" in note for note in result.notes)


def test_a_source_of_only_one_length_is_verified_at_that(tmp_path: Path, recorder: Any) -> None:
    source = sequence(tmp_path / "s.onnx", frozen=512)
    result = made(source, lambda partial: partial.write_bytes(source.read_bytes()), recorder, tolerance=1e-4)
    assert result.verified is not None
    assert (result.verified.passed, result.verified.samples) == (True, 16)
    assert [note for note in result.notes if "[n, " in note] == ["Random input of x [n, 512, 2]."]


def test_a_pass_that_fails_leaves_nothing(classifier: Write, recorder: Any) -> None:
    source = classifier("a", np.eye(3))

    def work(partial: Path) -> None:
        partial.write_bytes(b"half")
        raise WorkbenchError("cannot")

    with pytest.raises(WorkbenchError, match="cannot"):
        made(source, work, recorder, tolerance=None)
    assert list((source.parent / "made").iterdir()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pass_id": "magic"}, "no optimization called magic"),
        ({"params": {"colour": "red"}}, "no setting called colour"),
        ({"source": "none.onnx"}, "There is no file"),
        ({"data": DataSpec(path="nowhere.npz")}, "no data set at nowhere.npz"),
        ({"target": "digits-test.npz"}, "exists already"),
    ],
)
def test_what_does_not_fit_is_said_before_any_work(
    samples: Path, recorder: Any, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    target = samples / change["target"] if "target" in change else tmp_path / "t.onnx"
    source = samples / change.get("source", "digits.onnx")
    rest = {key: value for key, value in change.items() if key not in ("source", "target")}
    job = {"source": str(source), "target": str(target), "pass_id": "dynamic-int8", **rest}
    with pytest.raises(WorkbenchError, match=said):
        Optimize(**job).run(recorder)
    assert not (tmp_path / "t.onnx").exists()
    assert leftovers(tmp_path) == []


def test_data_of_a_wrong_shape_is_said_before_any_work(samples: Path, recorder: Any, tmp_path: Path) -> None:
    data = tmp_path / "wrong.npz"
    np.savez(data, x=np.zeros((5, 7), "f"))
    with pytest.raises(WorkbenchError, match="7"):
        Export(
            source=str(samples / "digits.onnx"),
            target=str(tmp_path / "t.onnx"),
            exporter_id="onnx",
            data=DataSpec(path=str(data)),
        ).run(recorder)
    with pytest.raises(WorkbenchError, match="no export target called magic"):
        Export(source=str(samples / "digits.onnx"), target=str(tmp_path / "t"), exporter_id="magic").run(recorder)
    with pytest.raises(WorkbenchError, match=r"digits.tflite is a tflite model, which .* does not take"):
        Export(source=str(samples / "digits.tflite"), target=str(tmp_path / "t"), exporter_id="onnx").run(recorder)
