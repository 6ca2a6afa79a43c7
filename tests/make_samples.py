"""Train and write the bundled samples: ``make_samples.py FOLDER``. Data: scikit-learn's digits and breast cancer sets.

The samples are small on purpose (a few hundred kilobytes each) and are written with the libraries' own savers, not with
ours, so that they are an independent input.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_digits

SEED = 7


def split(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the same training and test indices every time."""
    order = np.random.default_rng(SEED).permutation(count)
    return order[: int(count * 0.72)], order[int(count * 0.72) :]


def digits_model() -> keras.Model:
    """A small convolutional network for 8 x 8 grey images of digits."""
    image = keras.Input((8, 8, 1), name="image")
    x = layers.Conv2D(16, 3, padding="same", use_bias=False, name="conv1")(image)
    x = layers.BatchNormalization(name="norm1")(x)
    x = layers.ReLU(name="relu1")(x)
    x = layers.Conv2D(32, 3, padding="same", activation="relu", name="conv2")(x)
    x = layers.MaxPooling2D(name="pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(64, activation="relu", name="dense1")(x)
    x = layers.Dropout(0.3, name="dropout")(x)
    return keras.Model(image, layers.Dense(10, activation="softmax", name="digit")(x), name="digits_cnn")


def without_optimizer(model: keras.Model) -> keras.Model:
    """Return the same network uncompiled: a third of the size on disk."""
    return keras.Model(model.inputs, model.outputs, name=model.name)


def save_everywhere(model: keras.Model, folder: Path) -> None:
    """Write one network as .keras, .h5, SavedModel, ONNX and TFLite."""
    name = "digits"
    model.save(folder / f"{name}.keras")
    model.save(folder / f"{name}.h5")
    module = tf.Module()
    module.variables_of_model = [variable.value for variable in model.variables]
    signature = tf.TensorSpec((None, 8, 8, 1), tf.float32, name="image")
    serve = tf.function(lambda image: {"digit": model(image, training=False)}, input_signature=[signature])
    tf.saved_model.save(module, str(folder / f"{name}_savedmodel"), signatures={"serving_default": serve})
    model.export(folder / f"{name}.onnx", format="onnx", verbose=False)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    (folder / f"{name}.tflite").write_bytes(converter.convert())


def digits(folder: Path) -> list[dict[str, object]]:
    """Train, save, and write the data: test set, calibration set, and a folder of pictures."""
    source = load_digits()
    images = (source.images / 16.0).astype(np.float32)[..., None]
    labels = source.target.astype(np.int64)
    train, test = split(len(images))
    model = digits_model()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(images[train], labels[train], batch_size=32, epochs=25, verbose=0)
    accuracy = model.evaluate(images[test], labels[test], verbose=0)[1]
    print(f"digits: test accuracy {accuracy:.4f}, {model.count_params()} parameters")
    save_everywhere(without_optimizer(model), folder)
    classes = np.array([str(digit) for digit in range(10)])
    np.savez_compressed(folder / "digits-test.npz", image=images[test], label=labels[test], class_names=classes)
    calibration = train[:200]
    np.savez_compressed(folder / "digits-calibration.npz", image=images[calibration], label=labels[calibration])
    for index in test[:40]:
        target = folder / "digits-pictures" / str(labels[index])
        target.mkdir(parents=True, exist_ok=True)
        pixels = (images[index, ..., 0] * 255).round().astype(np.uint8)
        Image.fromarray(pixels).resize((64, 64), Image.Resampling.NEAREST).save(target / f"{index}.png")
    data = {"path": "digits-test.npz"}
    texts = {
        ".keras": "Keras 3 network that reads handwritten digits.",
        ".h5": "The same network as HDF5.",
        "_savedmodel": "The same network as a TensorFlow SavedModel folder.",
        ".onnx": "The same network as ONNX.",
        ".tflite": "The same network as TFLite.",
    }
    formats = dict(zip(texts, ("keras-zip", "keras-h5", "saved-model", "onnx", "tflite"), strict=True))
    return [
        {
            "id": f"digits-{formats[ending]}",
            "title": "Handwritten digits",
            "summary": f"{text} {accuracy:.1%} of {len(test)} test images right.",
            "path": f"digits{ending}",
            "format": formats[ending],
            "data": data,
        }
        for ending, text in texts.items()
    ]


def cancer(folder: Path) -> list[dict[str, object]]:
    """A small network on a table of numbers, with its test rows as CSV."""
    source = load_breast_cancer()
    values, labels = source.data.astype(np.float32), source.target
    train, test = split(len(values))
    normal = layers.Normalization(name="normalize")
    normal.adapt(values[train])
    table = keras.Input((values.shape[1],), name="measurements")
    x = layers.Dense(24, activation="gelu", name="hidden1")(normal(table))
    x = layers.Dense(12, activation="gelu", name="hidden2")(x)
    model = keras.Model(table, layers.Dense(2, activation="softmax", name="diagnosis")(x), name="cancer_mlp")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(values[train], labels[train], batch_size=16, epochs=40, verbose=0)
    accuracy = model.evaluate(values[test], labels[test], verbose=0)[1]
    print(f"cancer: test accuracy {accuracy:.4f}, {model.count_params()} parameters")
    without_optimizer(model).save(folder / "tumours.keras")
    with (folder / "tumours-test.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*(str(name).replace(" ", "_") for name in source.feature_names), "label"])
        rows.writerows([*(f"{value:g}" for value in values[index]), int(labels[index])] for index in test)
    return [
        {
            "id": "tumours-keras-zip",
            "title": "Tumours, from a table",
            "summary": f"Keras 3 network on 30 measurements (CSV). {accuracy:.1%} of {len(test)} test rows right.",
            "path": "tumours.keras",
            "format": "keras-zip",
            "data": {"path": "tumours-test.csv", "labels": "label"},
        }
    ]


def main() -> None:
    """Write everything and the index that the welcome page reads."""
    folder = Path(sys.argv[1])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    index = [*digits(folder), *cancer(folder)]
    (folder / "index.json").write_text(json.dumps(index, indent=2) + "\n")


if __name__ == "__main__":
    main()
