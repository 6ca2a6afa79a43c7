"""Peak memory of Keras to ONNX, whole process tree, beside plain tf2onnx.

    python tests/benchmarks/bench_memory.py [--plain]

Exports ResNet50 and VGG16 (random weights) in a process of their own, as the worker of ``workbench export`` does, and
samples the resident memory of the process and all its children. ``--plain`` also runs tf2onnx on ResNet50 as its manual
says (about 8 GB; VGG16 would need more than 23 GB and is never run). Exits with 1 when a limit is passed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

LIMITS_MB = {"ResNet50": 1500, "VGG16": 3500}

MAKE = "import sys, keras; getattr(keras.applications, sys.argv[1])(weights=None).save(sys.argv[2])"

EXPORT = """
import sys
from pathlib import Path
from workbench.exporters.onnx import OnnxExport, OnnxParams
class Quiet:
    scratch = Path(sys.argv[2]).parent
    def progress(self, fraction, text): pass
    def log(self, text, level="info"): pass
OnnxExport().run(Path(sys.argv[1]), Path(sys.argv[2]), OnnxParams(), report=Quiet())
"""

PLAIN = """
import sys
import numpy as np
np.object = object  # tf2onnx needs a numpy of long ago
import keras, tensorflow as tf, tf2onnx
model = keras.models.load_model(sys.argv[1])
signature = [tf.TensorSpec((None, *model.inputs[0].shape[1:]), tf.float32, name="x")]
tf2onnx.convert.from_keras(model, input_signature=signature, opset=18, output_path=sys.argv[2])
"""


def tree_mb(process: psutil.Process) -> float:
    """Return the resident memory of a process and its descendants in MB (10**6 bytes)."""
    total = 0
    try:
        for one in (process, *process.children(recursive=True)):
            total += one.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total / 1e6


def measured(code: str, *arguments: str) -> tuple[float, float, int]:
    """Run Python code; return peak MB of its process tree, seconds, exit status."""
    began = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-c", code, *arguments], stderr=subprocess.DEVNULL)
    process, peak, done = psutil.Process(child.pid), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            peak[0] = max(peak[0], tree_mb(process))

    watcher = threading.Thread(target=watch)
    watcher.start()
    status = child.wait()
    done.set()
    watcher.join()
    return peak[0], time.perf_counter() - began, status


def main() -> int:
    good = True
    print(f"{'Keras to ONNX':34} {'peak MB':>8} {'limit':>6} {'s':>6} {'file MB':>8}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, limit in LIMITS_MB.items():
            source, target = folder / f"{name}.keras", folder / f"{name}.onnx"
            subprocess.run([sys.executable, "-c", MAKE, name, str(source)], stderr=subprocess.DEVNULL, check=True)
            peak, seconds, status = measured(EXPORT, str(source), str(target))
            good &= status == 0 and peak < limit
            size = target.stat().st_size / 1e6 if target.exists() else 0
            print(f"{'workbench, ' + name:34} {peak:8.0f} {limit:6} {seconds:6.1f} {size:8.1f}", flush=True)
            if name == "ResNet50" and "--plain" in sys.argv:
                peak, seconds, status = measured(PLAIN, str(source), str(folder / "plain.onnx"))
                said = "" if status == 0 else f"  (exit {status})"
                print(f"{'plain tf2onnx, ' + name:34} {peak:8.0f} {'':6} {seconds:6.1f}{said}", flush=True)
            source.unlink()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
