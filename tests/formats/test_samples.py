"""The bundled samples: one network in five formats, read alike, without TensorFlow."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from workbench.formats.identify import identify, read_model

FORMATS = {
    "digits.h5": "keras-h5",
    "digits.keras": "keras-zip",
    "digits_savedmodel": "saved-model",
    "digits.onnx": "onnx",
    "digits.tflite": "tflite",
}
CODE = """
import json, sys
from pathlib import Path
from workbench.formats.identify import identify, read_model
for name in json.load(sys.stdin):
    path = Path(name)
    graph = read_model(path)
    identify(path).read_tensor(path, next(iter(graph.tensors.values())))
print(json.dumps(sorted({module.partition(".")[0] for module in sys.modules})))
"""


@pytest.mark.parametrize("name", FORMATS)
def test_ports_and_parameters(samples: Path, name: str) -> None:
    graph = read_model(samples / name)
    assert graph.format == FORMATS[name]
    assert [port.dtype for port in (*graph.inputs, *graph.outputs)] == ["float32", "float32"]
    assert (graph.inputs[0].shape or [])[1:] == [8, 8, 1]
    assert (graph.outputs[0].shape or [])[1:] == [10]
    folded = name in ("digits.onnx", "digits.tflite")  # the converters fold 64 numbers of BatchNorm into 16 biases
    assert graph.parameter_count() == (38_282 if folded else 38_330)
    assert graph.notes == [] or name == "digits_savedmodel"


def test_the_same_weights_in_every_keras_form(samples: Path) -> None:
    kernels = []
    for name in ("digits.h5", "digits.keras", "digits_savedmodel"):
        path = samples / name
        kernels.append(identify(path).read_tensor(path, read_model(path).tensors["conv2/kernel"]))
    np.testing.assert_array_equal(kernels[0], kernels[1])
    np.testing.assert_array_equal(kernels[0], kernels[2])


def test_reading_imports_no_tensorflow_keras_or_qt(samples: Path) -> None:
    names = json.dumps([str(samples / name) for name in FORMATS])
    run = subprocess.run([sys.executable, "-c", CODE], input=names, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    loaded = set(json.loads(run.stdout.splitlines()[-1]))
    assert not {"tensorflow", "keras", "tf_keras", "onnxruntime", "PySide6"} & loaded
