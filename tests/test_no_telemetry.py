"""Nothing is sent: ONNX Runtime's own reporting, which starts at its import, is off in every process of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

OPEN = "import onnxruntime; onnxruntime.InferenceSession({model!r}, providers=['CPUExecutionProvider'])"


@pytest.mark.parametrize("first", ["import workbench", ""], ids=["ours", "bare"])
def test_onnxruntime_keeps_no_reporting_session(samples: Path, tmp_path: Path, first: str) -> None:
    """Its reporting library marks its session with a file .ses in the temporary folder."""
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    code = "\n".join([first, OPEN.format(model=str(samples / "digits.onnx"))])
    subprocess.run([sys.executable, "-c", code], check=True, env={**environment, "TMPDIR": str(tmp_path)})
    if first:
        assert list(tmp_path.iterdir()) == []
    elif not list(tmp_path.iterdir()):
        pytest.skip("this ONNX Runtime reports nothing by itself: there is nothing to switch off")
