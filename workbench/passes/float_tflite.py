"""The float TFLite model that quantization to TFLite starts from."""

from __future__ import annotations

import tempfile
from pathlib import Path

from workbench.core.events import Report
from workbench.formats.identify import identify

TO_TFLITE = {"keras-h5": "tflite", "keras-zip": "tflite", "saved-model": "tflite", "tflite": "tflite"}
"""Source formats that a TFLite quantizer takes, once they are converted, and what comes out."""


def as_float_tflite(source: Path, report: Report) -> tuple[Path, list[str]]:
    """Return ``source`` itself when it is TFLite, else a conversion in the scratch folder; and notes on it."""
    if identify(source).id == "tflite":
        return source, []
    from workbench.backends.tflite_conversion import to_float_tflite

    target = Path(tempfile.mkdtemp(prefix="float-", dir=report.scratch)) / "float.tflite"
    return target, to_float_tflite(source, target, batch=None, report=report)
