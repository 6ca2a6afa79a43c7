"""Twenty-three small Keras networks, one for each thing that converters get wrong, and five real architectures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.generic]]

SEQUENCE = (20, 8)
TOKENS = (20, 32)
IMAGE = (32, 32, 3)


def sequence_net(make: Callable[[Any], Any], *, steps: int | None = 20, classes: int | None = 4) -> Any:
    """Return a network of one recurrent layer, and a Dense one on top when ``classes`` is given."""
    import keras

    series = keras.Input((steps, 8), name="series")
    hidden = make(keras.layers)(series)
    return keras.Model(series, hidden if classes is None else keras.layers.Dense(classes, name="scores")(hidden))


def token_net(*, recurrent: bool) -> Any:
    import keras

    words = keras.Input((20,), dtype="int32", name="words")
    vectors = keras.layers.Embedding(100, 8, mask_zero=recurrent)(words)
    if recurrent:
        return keras.Model(words, keras.layers.Dense(4)(keras.layers.LSTM(16)(vectors)))
    pooled = keras.layers.GlobalAveragePooling1D()(vectors)
    return keras.Model(words, keras.layers.Dense(4, activation="softmax")(pooled))


def attention_net(kind: str) -> Any:
    import keras

    tokens = keras.Input(TOKENS, name="tokens")
    if kind == "plain":
        return keras.Model(tokens, keras.layers.Attention()([tokens, tokens]))
    if kind == "grouped":
        return keras.Model(tokens, keras.layers.GroupQueryAttention(8, 4, 2)(tokens, tokens))
    mixed = keras.layers.MultiHeadAttention(4, 8)(tokens, tokens)
    return keras.Model(tokens, keras.layers.Dense(4)(keras.layers.LayerNormalization()(mixed + tokens)))


def many_ports() -> Any:
    import keras

    row = keras.Input((8,), name="row")
    picture = keras.Input((16, 16, 3), name="picture")
    codes = keras.Input((5,), dtype="int32", name="codes")
    seen = keras.layers.Flatten()(keras.layers.Conv2D(4, 3, activation="relu")(picture))
    read = keras.layers.Flatten()(keras.layers.Embedding(10, 3)(codes))
    together = keras.layers.Concatenate()([row, seen, read])
    heads = [keras.layers.Dense(3, name="kind")(together)]
    heads.append(keras.layers.Dense(1, activation="sigmoid", name="sure")(together))
    return keras.Model([row, picture, codes], heads)


def upscaler() -> Any:
    import keras

    picture = keras.Input(IMAGE, name="picture")
    hidden = keras.layers.BatchNormalization()(keras.layers.Conv2D(8, 3, padding="same")(picture))
    hidden = keras.layers.MaxPooling2D()(hidden)
    hidden = keras.layers.Conv2DTranspose(8, 3, strides=2, padding="same")(hidden)
    return keras.Model(picture, keras.layers.UpSampling2D(interpolation="bilinear")(hidden))


def odd_activations() -> Any:
    import keras

    picture = keras.Input(IMAGE, name="picture")
    hidden = keras.layers.LeakyReLU()(keras.layers.SeparableConv2D(8, 3, dilation_rate=2)(picture))
    hidden = keras.layers.GroupNormalization(4)(keras.layers.PReLU(shared_axes=[1, 2])(hidden))
    return keras.Model(picture, keras.layers.GlobalMaxPooling2D()(keras.activations.gelu(hidden)))


def any_size() -> Any:
    import keras

    picture = keras.Input((None, None, 3), name="picture")
    hidden = keras.layers.Conv2D(8, 3, padding="same", activation="relu")(picture)
    return keras.Model(picture, keras.layers.Conv2D(2, 1)(hidden))


def volume() -> Any:
    import keras

    scan = keras.Input((16, 16, 16, 1), name="scan")
    hidden = keras.layers.MaxPooling3D()(keras.layers.Conv3D(4, 3)(scan))
    return keras.Model(scan, keras.layers.Flatten()(hidden))


def causal() -> Any:
    import keras

    wave = keras.Input((50, 4), name="wave")
    hidden = keras.layers.Conv1D(8, 3, padding="causal")(wave)
    return keras.Model(wave, keras.layers.GlobalAveragePooling1D()(hidden))


def film() -> Any:
    import keras

    frames = keras.Input((8, 16, 16, 1), name="frames")
    return keras.Model(frames, keras.layers.ConvLSTM2D(4, 3)(frames))


def preprocessing() -> Any:
    import keras

    picture = keras.Input(IMAGE, name="picture")
    small = keras.layers.Resizing(24, 24)(keras.layers.Rescaling(1 / 255.0)(picture))
    return keras.Model(picture, keras.layers.Normalization(mean=[0.5] * 3, variance=[0.2] * 3)(small))


def outer_product() -> Any:
    import keras

    row = keras.Input((8,), name="row")
    return keras.Model(row, keras.ops.einsum("bi,bj->bij", row, keras.ops.sin(row)))


SMALL: dict[str, Callable[[], Any]] = {
    "lstm": lambda: sequence_net(lambda layers: layers.LSTM(16)),
    "lstm-sequences": lambda: sequence_net(lambda layers: layers.LSTM(16, return_sequences=True), classes=None),
    "lstm-any-length": lambda: sequence_net(lambda layers: layers.LSTM(16), steps=None),
    "bidirectional": lambda: sequence_net(lambda layers: layers.Bidirectional(layers.LSTM(16))),
    "gru": lambda: sequence_net(lambda layers: layers.GRU(16)),
    "gru-unrolled": lambda: sequence_net(lambda layers: layers.GRU(16, unroll=True)),
    "masked-lstm": lambda: token_net(recurrent=True),
    "embedding": lambda: token_net(recurrent=False),
    "multi-head-attention": lambda: attention_net("multi-head"),
    "attention": lambda: attention_net("plain"),
    "grouped-query-attention": lambda: attention_net("grouped"),
    "many-ports": many_ports,
    "upscaler": upscaler,
    "odd-activations": odd_activations,
    "any-size": any_size,
    "volume": volume,
    "causal": causal,
    "film": film,
    "preprocessing": preprocessing,
    "time-distributed": lambda: sequence_net(lambda layers: layers.TimeDistributed(layers.Dense(3)), classes=None),
    "outer-product": outer_product,
    "simple-rnn": lambda: sequence_net(lambda layers: layers.SimpleRNN(8), classes=None),
    "stacked-cells": lambda: sequence_net(
        lambda layers: layers.RNN([layers.LSTMCell(8), layers.GRUCell(8)]), classes=None
    ),
}
"""Name to a function that builds it; weights are random, from ``build``'s seed."""

LARGE = ("MobileNetV2", "ResNet50", "EfficientNetB0", "InceptionV3", "DenseNet121")
"""Classes of keras.applications."""

NO_TFLITE_KERNEL = ("volume",)
"""Networks that TFLite cannot have: it has no pooling over volumes."""


def build(name: str) -> Any:
    """Return the network ``name`` of SMALL or LARGE with random weights that keep activations in range."""
    import keras

    keras.utils.clear_session()
    keras.utils.set_random_seed(7)
    model = SMALL[name]() if name in SMALL else getattr(keras.applications, name)(weights=None)
    numbers = np.random.default_rng(7)
    for variable in model.variables:  # as if trained: a fresh normalization would hide mistakes
        if variable.path.endswith(("moving_mean", "beta")):
            variable.assign(numbers.normal(0, 0.1, variable.shape))
        elif variable.path.endswith(("gamma", "moving_variance")):
            variable.assign(numbers.uniform(0.9, 1.2, variable.shape))
    return model


def inputs(ports: list[Any], *, batch: int = 2, free: int = 24, seed: int = 0) -> Arrays:
    """Return reproducible inputs for ``ports``; integers are small enough for every Embedding above."""
    numbers = np.random.default_rng(seed)
    feeds: Arrays = {}
    for port in ports:
        shape = [
            dim if isinstance(dim, int) else (batch if index == 0 else free) for index, dim in enumerate(port.shape)
        ]
        drawn = numbers.integers(0, 9, shape) if "int" in port.dtype else numbers.standard_normal(shape)
        feeds[port.name] = np.asarray(drawn).astype(port.dtype)
    return feeds
