"""Keras and SavedModel to TFLite: right numbers, a free batch where TFLite can have one, honest refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import small_nets
import tensorflow as tf

from workbench.backends.tensorflow_session import TensorFlowSession
from workbench.backends.tflite_conversion import converter_for, run_converter, to_float_tflite
from workbench.core.errors import WorkbenchError
from workbench.runtimes.litert import LiteRt

RECURRENT = {
    *("lstm", "lstm-sequences", "lstm-any-length", "bidirectional", "gru", "masked-lstm"),
    *("film", "simple-rnn", "stacked-cells"),
}
POSSIBLE = [name for name in small_nets.SMALL if name not in small_nets.NO_TFLITE_KERNEL]


LIMIT = {"odd-activations": 1e-4}
"""Of erf, which TensorFlow and LiteRT approximate apart; everything else is within 5e-6."""


def worst_error(source: Path, session, **sizes: int) -> float:
    reference = TensorFlowSession(source, device="cpu", threads=None)
    feeds = small_nets.inputs(reference.inputs, **sizes)
    expected = reference.run(feeds)
    given = session.run({port.name: feeds[port.name] for port in session.inputs})
    assert {name: value.shape for name, value in given.items()} == {n: value.shape for n, value in expected.items()}
    return max(float(np.abs(given[name] - expected[name]).max()) for name in expected)


@pytest.mark.parametrize("kind", ["keras-zip", "saved-model"])
@pytest.mark.parametrize("name", POSSIBLE)
def test_small_net_gives_the_same_numbers(name: str, kind: str, model_file, tmp_path: Path, ear) -> None:
    source = model_file(name, kind)
    notes = to_float_tflite(source, tmp_path / "net.tflite", report=ear)
    session = LiteRt().open(tmp_path / "net.tflite")
    if name in RECURRENT:
        assert "batch is fixed to 1" in notes[0]
        assert all(port.shape[0] == 1 for port in session.inputs)
    else:
        assert notes == []
        assert worst_error(source, session, batch=3, free=11) <= LIMIT.get(name, 5e-6)
    assert worst_error(source, session, batch=1) <= LIMIT.get(name, 5e-6)


@pytest.mark.parametrize("kind", ["keras-zip", "saved-model"])
def test_any_length_stays_free(kind: str, model_file, tmp_path: Path, ear) -> None:
    source = model_file("lstm-any-length", kind)
    to_float_tflite(source, tmp_path / "net.tflite", report=ear)
    session = LiteRt().open(tmp_path / "net.tflite")
    for length in (1, 5, 40, 3):
        assert worst_error(source, session, batch=1, free=length) <= 5e-6


@pytest.mark.parametrize("kind", ["keras-zip", "saved-model"])
def test_recurrent_net_takes_another_fixed_batch(kind: str, model_file, tmp_path: Path, ear) -> None:
    source = model_file("gru", kind)
    assert to_float_tflite(source, tmp_path / "net.tflite", batch=4, report=ear) == []
    session = LiteRt().open(tmp_path / "net.tflite")
    assert session.inputs[0].shape == [4, 20, 8]
    assert worst_error(source, session, batch=4) <= 5e-6


@pytest.mark.parametrize("kind", ["keras-zip", "saved-model"])
def test_missing_kernel_is_named(kind: str, model_file, tmp_path: Path, ear) -> None:
    with pytest.raises(WorkbenchError, match="no kernel for MaxPool3D"):
        to_float_tflite(model_file("volume", kind), tmp_path / "net.tflite", report=ear)
    assert not (tmp_path / "net.tflite").exists()


def test_ports_keep_their_names(model_file, tmp_path: Path, ear) -> None:
    to_float_tflite(model_file("many-ports", "keras-zip"), tmp_path / "net.tflite", report=ear)
    session = LiteRt().open(tmp_path / "net.tflite")
    assert sorted(port.name for port in session.inputs) == ["codes", "picture", "row"]
    assert sorted(port.name for port in session.outputs) == ["kind", "sure"]


def test_converter_takes_a_representative_dataset(model_file, tmp_path: Path, ear) -> None:
    """What the quantizing passes do with ``converter_for``."""
    conversion = converter_for(model_file("upscaler", "keras-zip"), report=ear)
    numbers = np.random.default_rng(0)

    def samples():
        for _sample in range(4):
            yield conversion.signature, {"picture": numbers.standard_normal((1, 32, 32, 3)).astype(np.float32)}

    conversion.converter.optimizations = [tf.lite.Optimize.DEFAULT]
    conversion.converter.representative_dataset = samples
    (tmp_path / "int8.tflite").write_bytes(run_converter(conversion))
    session = LiteRt().open(tmp_path / "int8.tflite")
    assert worst_error(model_file("upscaler", "keras-zip"), session, batch=1) <= 0.2


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")
def test_grouped_convolution_and_captured_constants(tmp_path: Path, ear) -> None:
    import keras

    keras.utils.set_random_seed(1)
    picture = keras.Input((12, 12, 8), name="picture")
    hidden = keras.layers.Normalization(mean=[0.1] * 8, variance=[0.5] * 8)(picture)
    hidden = keras.layers.Conv2D(16, 3, groups=4, activation="gelu")(hidden)
    keras.Model(picture, hidden).save(tmp_path / "net.keras")
    to_float_tflite(tmp_path / "net.keras", tmp_path / "net.tflite", report=ear)
    assert worst_error(tmp_path / "net.keras", LiteRt().open(tmp_path / "net.tflite")) <= 5e-5


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")
def test_swish_whose_own_gradient_cannot_be_saved(tmp_path: Path, ear) -> None:
    """EfficientNet's activation: its gradient captures a constant, which stops a SavedModel meant for training."""
    import keras

    image = keras.Input((12, 12, 3))
    x = keras.layers.Conv2D(4, 3, name="conv")(image)
    net = keras.Model(image, keras.layers.Activation("swish", name="swish")(keras.layers.BatchNormalization()(x)))
    net.save(tmp_path / "net.keras")
    to_float_tflite(tmp_path / "net.keras", tmp_path / "net.tflite", report=ear)
    assert worst_error(tmp_path / "net.keras", LiteRt().open(tmp_path / "net.tflite"), batch=2) <= 5e-6
