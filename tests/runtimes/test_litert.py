"""TFLite models in LiteRT."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from workbench.core.errors import WorkbenchError
from workbench.core.graph import Quantization
from workbench.runtimes.batches import run_feeds
from workbench.runtimes.litert import LiteRt

Write = Callable[..., Path]


def test_an_open_batch_is_resized_and_a_fixed_one_refused(write_tflite: Write) -> None:
    free = LiteRt().open(write_tflite("free", shapes=[(-1, 4)]))
    assert free.inputs[0].shape == [None, 4]
    for count in (3, 1, 5):
        x = np.random.default_rng(count).standard_normal((count, 4)).astype("f")
        np.testing.assert_array_equal(free.run({"in0:0": x})["out0:0"], np.maximum(x, 0))
    fixed = LiteRt().open(write_tflite("fixed", shapes=[(1, 4)]))
    assert fixed.inputs[0].shape == [1, 4]
    with pytest.raises(WorkbenchError, match=r"in0:0 takes the shape \[1, 4\]"):
        fixed.run({"in0:0": np.zeros((3, 4), "f")})


def test_a_signature_gives_the_names_and_the_tensors_stay_known_as_aliases(write_tflite: Write) -> None:
    session = LiteRt().open(write_tflite("named", shapes=[(1, 2), (1, 3)], signature="serving_default"))
    assert [(port.name, port.alias) for port in session.inputs] == [("input_0", "in0:0"), ("input_1", "in1:0")]
    feeds = {"input_0": np.array([[-1, 1]], "f"), "input_1": np.array([[-1, 2, 3]], "f")}
    outputs = session.run(feeds)
    assert {name: value.tolist() for name, value in outputs.items()} == {
        "output_0": [[0, 1]],
        "output_1": [[0, 2, 3]],
    }


@pytest.mark.parametrize(("dtype", "zero"), [(np.int8, -3), (np.uint8, 120)])
def test_a_quantized_model_keeps_its_types_and_is_fed_real_numbers(write_tflite: Write, dtype: type, zero: int) -> None:
    session = LiteRt().open(write_tflite("q", shapes=[(-1, 4)], dtype=dtype, scale=0.5, zero=zero))
    assert session.inputs[0].dtype == np.dtype(dtype).name
    assert session.inputs[0].quantization == Quantization([0.5], [zero])
    outputs = run_feeds(session, {"in0:0": np.array([[-20.0, 1.26, 3.0, 1000.0]], "f")})
    limits = np.iinfo(dtype)
    assert outputs["out0:0"].tolist() == [[0.0, 1.5, 3.0, (limits.max - zero) * 0.5]]
    assert outputs["out0:0"].dtype == np.float32


def test_the_prepared_call_leaves_the_inputs_in_place(samples: Path) -> None:
    session = LiteRt().open(samples / "digits.tflite", threads=2)
    x = np.random.default_rng(0).random((2, *session.inputs[0].shape[1:]), np.float32)  # type: ignore[index, misc]
    expected = session.run({session.inputs[0].name: x})
    call = session.prepare({session.inputs[0].name: x})
    call()
    (answer,) = call()  # type: ignore[misc]
    np.testing.assert_array_equal(answer, expected[session.outputs[0].name])  # reading it is part of the call
    again = session.run({session.inputs[0].name: x})
    for name, value in expected.items():
        np.testing.assert_array_equal(again[name], value)


def test_bad_files_are_said_and_the_gpu_has_a_reason(tmp_path: Path, write_tflite: Write) -> None:
    (tmp_path / "bad.tflite").write_bytes(b"\x1c\x00\x00\x00TFL3" + b"\x01" * 100)
    with pytest.raises(WorkbenchError, match=r"LiteRT cannot open bad\.tflite"):
        LiteRt().open(tmp_path / "bad.tflite")
    with pytest.raises(WorkbenchError, match="There is no file"):
        LiteRt().open(tmp_path / "none.tflite")
    _cpu, gpu = LiteRt().devices()
    assert not gpu.available
    with pytest.raises(WorkbenchError) as caught:
        LiteRt().open(write_tflite("m"), device="gpu")
    assert caught.value.message == gpu.reason


def test_a_missing_input_and_a_wrong_type_are_named(write_tflite: Write) -> None:
    session = LiteRt().open(write_tflite("m"))
    with pytest.raises(WorkbenchError, match="in0:0 is missing"):
        session.run({})
    with pytest.raises(WorkbenchError, match="type INT32"):
        session.run({"in0:0": np.zeros((1, 4), "i4")})
