"""ONNX models in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from workbench.core.errors import WorkbenchError
from workbench.runtimes.onnxruntime import OnnxRuntime

Write = Callable[..., Path]


def test_ports_and_outputs_are_those_of_the_model(dense_onnx: Write) -> None:
    session = OnnxRuntime().open(dense_onnx())
    assert [(port.name, port.dtype, port.shape) for port in session.inputs] == [("x", "float32", ["n", 4])]
    x = np.ones((2, 4), "f")
    weight = np.random.default_rng(0).standard_normal((4, 3)).astype("f")
    np.testing.assert_allclose(session.run({"x": x})["y"], x @ weight, rtol=1e-6)
    assert (session.device, session.device_label) == ("cpu", "CPUExecutionProvider")


def test_the_prepared_call_computes_what_run_does(dense_onnx: Write) -> None:
    session = OnnxRuntime().open(dense_onnx(), threads=1)
    x = np.random.default_rng(1).standard_normal((5, 4)).astype("f")
    (prepared,) = session.prepare({"x": x})()  # type: ignore[misc]
    np.testing.assert_array_equal(prepared, session.run({"x": x})["y"])


@pytest.mark.parametrize(
    ("feeds", "named"),
    [
        ({}, "missing"),
        ({"x": np.zeros((2, 5), "f")}, "x float32 [2, 5]"),
        ({"x": np.zeros((2, 4), "d")}, "float64"),
        ({"x": np.zeros(4, "f")}, "rank"),
    ],
)
def test_wrong_inputs_are_named_before_anything_is_timed(dense_onnx: Write, feeds: dict, named: str) -> None:
    session = OnnxRuntime().open(dense_onnx())
    for call in (session.run, session.prepare):
        with pytest.raises(WorkbenchError, match=r"ONNX Runtime cannot run dense\.onnx") as caught:
            call(feeds)
        assert named in caught.value.message


def test_texts_and_booleans_go_through(write_onnx: Write) -> None:
    nodes = [helper.make_node("Identity", ["t"], ["u"]), helper.make_node("Not", ["b"], ["c"])]
    path = write_onnx("kinds", nodes, [("t", str, ["n"]), ("b", bool, ["n"])], [("u", str, ["n"]), ("c", bool, ["n"])])
    session = OnnxRuntime().open(path)
    assert [port.dtype for port in session.inputs] == ["string", "bool"]
    outputs = session.run({"t": np.array(["grün", "b"]), "b": np.array([True, False])})
    assert outputs["u"].tolist() == ["grün", "b"]
    assert outputs["c"].tolist() == [False, True]


def test_scores_given_as_maps_become_an_array(write_onnx: Write) -> None:
    node = helper.make_node("ZipMap", ["x"], ["y"], domain="ai.onnx.ml", classlabels_int64s=[7, 3])
    path = write_onnx("maps", [node], [("x", "f", ["n", 2])], [])
    model = helper.make_sequence_type_proto(
        helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    )
    import onnx

    loaded = onnx.load(path)
    loaded.graph.output.append(helper.make_value_info("y", model))
    path.write_bytes(loaded.SerializeToString())
    outputs = OnnxRuntime().open(path).run({"x": np.array([[0.7, 0.3]], "f")})
    np.testing.assert_allclose(outputs["y"], [[0.3, 0.7]], rtol=1e-6)  # in the order of the class labels


def test_an_unknown_operator_is_named_with_what_can_still_be_done(write_onnx: Write) -> None:
    node = helper.make_node("Wobble", ["x"], ["y"], domain="my.ops")
    path = write_onnx("custom", [node], [("x", "f", [1])], [("y", "f", [1])])
    with pytest.raises(WorkbenchError, match=r"my\.ops:Wobble") as caught:
        OnnxRuntime().open(path)
    assert "can be viewed but not run" in caught.value.hint


@pytest.mark.parametrize("location", ["../outside.bin", "{tmp}/outside.bin", "link.bin", "inside.bin"])
def test_weights_are_only_read_from_the_models_own_folder(tmp_path: Path, location: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    for path in (tmp_path / "outside.bin", folder / "inside.bin"):
        np.full(64, 2, "f").tofile(path)
    (folder / "link.bin").symlink_to(tmp_path / "outside.bin")
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[64], data_location=TensorProto.EXTERNAL)
    entry = weight.external_data.add()
    entry.key, entry.value = "location", location.format(tmp=tmp_path)
    io = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [64]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Mul", ["x", "w"], ["y"])], "g", io[:1], io[1:], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    (folder / "m.onnx").write_bytes(model.SerializeToString())
    if location == "inside.bin":
        assert OnnxRuntime().open(folder / "m.onnx").run({"x": np.ones(64, "f")})["y"].tolist() == [2] * 64
    else:
        with pytest.raises(WorkbenchError) as caught:
            OnnxRuntime().open(folder / "m.onnx")
        assert "own folder" in caught.value.hint


def test_what_is_no_model_or_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"\x08\x08 no model")
    with pytest.raises(WorkbenchError, match=r"cannot open bad\.onnx"):
        OnnxRuntime().open(tmp_path / "bad.onnx")
    with pytest.raises(WorkbenchError, match="There is no file"):
        OnnxRuntime().open(tmp_path / "none.onnx")


def test_a_gpu_is_offered_with_a_reason_or_really_used(dense_onnx: Write) -> None:
    cpu, gpu = OnnxRuntime().devices()
    assert (cpu.id, cpu.available) == ("cpu", True)
    assert gpu.available == (gpu.reason == "")
    if gpu.available:
        assert OnnxRuntime().open(dense_onnx(), device="gpu").device == "gpu"
    else:
        with pytest.raises(WorkbenchError) as caught:
            OnnxRuntime().open(dense_onnx(), device="gpu")
        assert caught.value.message == gpu.reason


@pytest.mark.filterwarnings("ignore:Specified provider:UserWarning")  # ONNX Runtime's own, before it falls back
def test_onnxruntimes_silent_fallback_to_the_cpu_is_refused(dense_onnx: Write) -> None:
    from workbench.backends import onnxruntime_session as backend

    absent = set(backend.GPU_PROVIDERS) - set(backend.onnxruntime.get_available_providers())
    with pytest.raises(WorkbenchError, match="ONNX Runtime chose CPUExecutionProvider"):
        backend.OnnxRuntimeSession(dense_onnx(), provider=absent.pop(), threads=None)


def test_the_probe_model_for_gpus_is_a_model() -> None:
    """The bytes with which a GPU is tried must open, or every GPU would be called missing."""
    from workbench.backends import onnxruntime_session

    session = onnxruntime_session._session(
        onnxruntime_session.NOTHING, "CPUExecutionProvider", onnxruntime_session._options(None)
    )
    assert session.run(None, {"x": np.array(3, "f")}) == [3]
