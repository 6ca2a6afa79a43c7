"""The float TFLite model that quantization to TFLite starts from."""

from __future__ import annotations

import tempfile
from pathlib import Path

from workbench.core.events import Report
from workbench.formats.identify import identify

TO_TFLITE = {"keras-h5": "tflite", "keras-zip": "tflite", "saved-model": "tflite", "tflite": "tflite"}
"""Source formats that a TFLite quantizer takes, once they are converted, and what comes out."""


def as_float_tflite(source: Path, report: Report) -> tuple[Path, list[str]]:
    """Return a float TFLite file in the scratch folder, as the quantizer reads it, and notes on the conversion."""
    target = Path(tempfile.mkdtemp(prefix="float-", dir=report.scratch)) / "float.tflite"
    if identify(source).id == "tflite":
        from workbench.backends.tflite_floats import with_plain_floats

        target.write_bytes(with_plain_floats(source.read_bytes()))
        return target, []
    from workbench.backends.tflite_conversion import to_float_tflite

    return target, to_float_tflite(source, target, batch=None, report=report)
