"""Keras models and SavedModels in TensorFlow."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import small_nets
import tensorflow as tf

from workbench.core.errors import WorkbenchError
from workbench.runtimes.tensorflow import TensorFlow


def keras_file(folder: Path, name: str, suffix: str = ".keras") -> tuple[Path, object]:
    model = small_nets.build(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Keras, about its own file formats
        model.save(folder / f"net{suffix}")
    return folder / f"net{suffix}", model


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_keras_file_gives_what_the_model_gives(suffix: str, tmp_path: Path) -> None:
    path, model = keras_file(tmp_path, "many-ports", suffix)
    session = TensorFlow().open(path)
    assert [(port.name, port.dtype, port.shape) for port in session.inputs] == [
        ("row", "float32", [None, 8]),
        ("picture", "float32", [None, 16, 16, 3]),
        ("codes", "int32", [None, 5]),
    ]
    assert [port.name for port in session.outputs] == ["kind", "sure"]
    feeds = small_nets.inputs(session.inputs)
    expected = model([feeds["row"], feeds["picture"], feeds["codes"]], training=False)
    for port, wanted in zip(session.outputs, expected, strict=True):
        np.testing.assert_allclose(session.run(feeds)[port.name], wanted, atol=1e-6)


def two_signatures(folder: Path) -> Path:
    module = tf.Module()
    spec = [tf.TensorSpec((None, 3), name="x")]
    module.factor = tf.Variable(2.0)
    module.scale = tf.function(lambda x: {"y": module.factor * x}, input_signature=spec)
    module.shift = tf.function(lambda x: {"z": module.factor + x}, input_signature=spec)
    signatures = {"serving_default": module.scale, "shift": module.shift}
    tf.saved_model.save(module, str(folder / "model"), signatures=signatures)
    return folder / "model"


def test_saved_model_runs_its_serving_signature(tmp_path: Path) -> None:
    session = TensorFlow().open(two_signatures(tmp_path))
    assert [port.name for port in session.outputs] == ["y"]
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(session.run({"x": rows})["y"], 2 * rows)


def test_prepared_call_runs_on_the_inputs_given_and_nothing_else(tmp_path: Path) -> None:
    path = two_signatures(tmp_path)
    session = TensorFlow().open(path)
    rows = np.ones((1, 3), np.float32)
    call = session.prepare({"x": rows})
    assert all(isinstance(output, np.ndarray) for output in call())  # type: ignore[attr-defined]
    rows[:] = 5
    assert [value.tolist() for value in call()] == [[[2.0, 2.0, 2.0]]]


def test_device_is_asked_from_tensorflow(tmp_path: Path) -> None:
    cpu, gpu = TensorFlow().devices()
    session = TensorFlow().open(two_signatures(tmp_path))
    assert (cpu.id, cpu.available, session.device) == ("cpu", True, "cpu")
    if gpu.available:
        assert TensorFlow().open(two_signatures(tmp_path / "again"), device="gpu").device == "gpu"
    else:
        assert gpu.reason
        with pytest.raises(WorkbenchError, match=gpu.reason.split(":")[0]):
            TensorFlow().open(tmp_path / "model", device="gpu")


@pytest.mark.parametrize(
    ("feeds", "said"),
    [
        ({}, "x is missing"),
        ({"x": np.zeros((2, 4), np.float32)}, r"x takes float32 \['\?', 3\]"),
        ({"x": np.zeros(3, np.float32)}, "x takes float32"),
        ({"x": np.array([["a", "b", "c"]])}, "cannot run"),
    ],
)
def test_inputs_that_do_not_fit_are_named(feeds: dict[str, np.ndarray], said: str, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match=said) as caught:
        TensorFlow().open(two_signatures(tmp_path)).run(feeds)
    assert caught.value.hint


def test_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="no file"):
        TensorFlow().open(tmp_path / "gone.keras")


def test_folder_that_is_no_saved_model_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="TensorFlow cannot load"):
        TensorFlow().open(tmp_path)


def test_lambda_is_refused_by_name(tmp_path: Path) -> None:
    import keras

    row = keras.Input((2,))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keras.Model(row, keras.layers.Lambda(lambda x: x * 2, name="doubling")(row)).save(tmp_path / "net.h5")
    with pytest.raises(WorkbenchError, match="doubling is a Lambda"):
        TensorFlow().open(tmp_path / "net.h5")


def test_custom_layer_is_refused_by_name(tmp_path: Path) -> None:
    import keras

    class Own(keras.layers.Dense):
        """Not part of Keras."""

    row = keras.Input((2,))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        keras.Model(row, Own(2, name="special")(row)).save(tmp_path / "net.keras")
    with pytest.raises(WorkbenchError, match="special is of the custom class") as caught:
        TensorFlow().open(tmp_path / "net.keras")
    assert "SavedModel" in caught.value.hint


THREADS = """
import sys
from pathlib import Path
from workbench.runtimes.tensorflow import TensorFlow
import numpy as np, tensorflow as tf
session = TensorFlow().open(Path(sys.argv[1]), threads=1)
print(tf.config.threading.get_intra_op_parallelism_threads(), session.run({"x": np.ones((1, 3), "f")})["y"].sum())
"""


def test_threads_are_set_in_a_new_process(tmp_path: Path) -> None:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    ran = subprocess.run(
        [sys.executable, "-c", THREADS, str(two_signatures(tmp_path))],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert ran.stdout.split() == ["1", "6.0"]
