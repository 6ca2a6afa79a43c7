"""What the app adds to a library call: `workbench optimize` and `export` beside a script that makes the same call.

    python tests/benchmarks/bench_overhead.py [--repeat N] [MODEL.onnx]

The command checks, converts, reopens the result in a clean process, compares it and records the step; the script only
converts. They take turns; medians are printed. The goal is at most 1.15 times the script plus 0.5 s.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[2] / "resources" / "samples"

QUANTIZE = """
from onnxruntime.quantization import QuantType, quantize_dynamic
quantize_dynamic({source!r}, {target!r}, weight_type=QuantType.QInt8, per_channel=True)
"""

TO_TFLITE = """
import pathlib, keras, tensorflow as tf
model = keras.models.load_model({source!r})
pathlib.Path({target!r}).write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
"""

TO_ONNX = """
import keras, numpy as np, tensorflow as tf, tf2onnx
np.object = object
model = keras.models.load_model({source!r})
signature = [tf.TensorSpec((None, *each.shape[1:]), each.dtype, name=each.name) for each in model.inputs]
tf2onnx.convert.from_keras(model, input_signature=signature, opset=18, output_path={target!r})
"""


def seconds_of(command: list[str]) -> float:
    began = time.perf_counter()
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    )
    if run.returncode:
        sys.exit(f"{' '.join(command)}\n{run.stderr[-2000:]}")
    return time.perf_counter() - began


def compare(name: str, words: list[str], script: str, *, source: Path, suffix: str, repeat: int) -> bool:
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(repeat):
            target = Path(folder) / f"ours-{turn}{suffix}"
            command = [sys.executable, "-m", "workbench", words[0], str(source), *words[1:], "--out", str(target)]
            ours.append(seconds_of(command))
            code = script.format(source=str(source), target=str(Path(folder) / f"theirs-{turn}{suffix}"))
            theirs.append(seconds_of([sys.executable, "-c", code]))
    app, hand = statistics.median(ours), statistics.median(theirs)
    allowed = 1.15 * hand + 0.5
    print(
        f"{name}: app {app:.2f} s, script {hand:.2f} s, allowed {allowed:.2f} s:",
        "met" if app <= allowed else "MISSED",
    )
    return app <= allowed


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("model", type=Path, nargs="?", default=SAMPLES / "digits.onnx")
    given = parser.parse_args()
    keras = SAMPLES / "digits.keras"
    repeat = given.repeat
    quantize = ["optimize", "--pass", "dynamic-int8"]
    good = [
        compare("ONNX to int8", quantize, QUANTIZE, source=given.model, suffix=".onnx", repeat=repeat),
        compare(
            "Keras to TFLite", ["export", "--to", "tflite"], TO_TFLITE, source=keras, suffix=".tflite", repeat=repeat
        ),
        compare("Keras to ONNX", ["export", "--to", "onnx"], TO_ONNX, source=keras, suffix=".onnx", repeat=repeat),
    ]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
