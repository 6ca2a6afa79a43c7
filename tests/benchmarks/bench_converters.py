"""Convert 28 networks from .keras and from SavedModel to ONNX and TFLite, and print the largest errors.

    python tests/benchmarks/bench_converters.py [NAME ...]

Errors are max |converted - TensorFlow| over all outputs on random input, at the source's own batch and at another size
where sizes are free. Exits with 1 when a conversion fails, other than for the missing TFLite kernel, or is far off.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import small_nets

TOLERANCE = 1e-4
"""Largest error over largest output that counts as equal: the exporters' own."""


class Quiet:
    """A Report that nobody listens to."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch

    def progress(self, fraction: float | None, text: str) -> None:
        pass

    def log(self, text: str, level: str = "info") -> None:
        pass


def convert(source: Path, target: str, folder: Path) -> tuple[str, bool]:
    """Return what to print in the cell, and whether it is as it should be."""
    from workbench.core.errors import WorkbenchError
    from workbench.exporters.onnx import OnnxExport, OnnxParams
    from workbench.exporters.tflite import TfliteExport, TfliteParams
    from workbench.runtimes.litert import LiteRt
    from workbench.runtimes.onnxruntime import OnnxRuntime

    began, artifact = time.perf_counter(), folder / f"{source.name}.{target}"
    report = Quiet(folder)
    try:
        if target == "onnx":
            OnnxExport().run(source, artifact, OnnxParams(), report=report)
            fixed, session = False, OnnxRuntime().open(artifact)
        else:
            fixed = bool(TfliteExport().run(source, artifact, TfliteParams(), report=report).notes)
            session = LiteRt().open(artifact)
    except WorkbenchError as error:
        expected = target == "tflite" and "no kernel for MaxPool3D" in error.message
        return f"refused: {error.message}", expected
    seconds = time.perf_counter() - began
    absolute, relative = errors(source, session, batch=1 if fixed else 2)
    return f"{absolute:.1e} {seconds:4.1f} s", relative <= TOLERANCE


def errors(source: Path, session, *, batch: int) -> tuple[float, float]:
    from workbench.runtimes.tensorflow import TensorFlow

    reference = TensorFlow().open(source)
    worst = (0.0, 0.0)
    for free in (24, 37):
        feeds = small_nets.inputs(reference.inputs, batch=batch, free=free)
        expected, given = reference.run(feeds), session.run(feeds)
        for name, wanted in expected.items():
            assert given[name].shape == wanted.shape, (name, given[name].shape, wanted.shape)
            gap = float(np.abs(given[name] - wanted).max())
            worst = max(worst[0], gap), max(worst[1], gap / float(np.abs(wanted).max()))
    return worst


def export(model, folder: Path) -> None:
    """Write a SavedModel with Keras' own archive, without training gradients: EfficientNet's swish has none to save."""
    import keras
    import tensorflow as tf

    archive = keras.export.ExportArchive()
    archive.track(model)
    specs = [tf.TensorSpec([None, *port.shape[1:]], port.dtype, name=port.name) for port in model.inputs]
    archive.add_endpoint("serve", model.__call__, input_signature=[specs if len(specs) > 1 else specs[0]])
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    archive.write_out(folder, options=options, verbose=False)


def row(name: str) -> bool:
    """Print one network's row; run in a process of its own."""
    good, cells = True, []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        model = small_nets.build(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.save(folder / "net.keras")
            export(model, folder / "net")
        del model
        for source in (folder / "net.keras", folder / "net"):
            for target in ("onnx", "tflite"):
                cell, fine = convert(source, target, folder)
                good &= fine
                cells.append(cell if fine else f"{cell} (!)")
    print(f"{name:24}", *(f"{cell:>15}" for cell in cells), flush=True)
    return good


def main() -> int:
    if sys.argv[1:2] == ["--row"]:
        return 0 if row(sys.argv[2]) else 1
    names = sys.argv[1:] or [*small_nets.SMALL, *small_nets.LARGE]
    heads = (".keras to ONNX", "to TFLite", "SavedM. to ONNX", "to TFLite")
    print(f"{'max abs error, seconds':24}", *(f"{head:>15}" for head in heads))
    ended = [
        subprocess.run([sys.executable, __file__, "--row", name], stderr=subprocess.DEVNULL, check=False).returncode
        for name in names
    ]
    print(f"{ended.count(0)} of {len(names)} networks as they should be")
    return 0 if not any(ended) else 1


if __name__ == "__main__":
    sys.exit(main())
