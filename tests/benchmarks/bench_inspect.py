"""Print how long it takes to open each model file inside a warm worker: median of five, in milliseconds.

    bench_inspect.py FOLDER [--json]     every .h5, .hdf5, .keras, .onnx, .tflite and SavedModel below FOLDER

Models packed in zips are unpacked to a temporary folder first. "first" is the first reading of that file, with a warm
interpreter; imports are paid once before, as the reading worker does.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import msgspec

from workbench.core.errors import WorkbenchError
from workbench.formats.identify import read_model

SUFFIXES = {".h5", ".hdf5", ".keras", ".onnx", ".tflite"}
REPEATS = 5


def models_below(root: Path) -> list[Path]:
    """List model files and SavedModel folders."""
    files = [path for path in sorted(root.rglob("*")) if path.suffix in SUFFIXES and path.is_file()]
    return files + [path.parent for path in sorted(root.rglob("saved_model.pb"))]


def warm_up() -> None:
    """Import what reading needs, as the worker does when it starts."""
    from workbench.backends import hdf5, onnx_reader, saved_model_reader, tflite_reader

    assert hdf5 and onnx_reader and saved_model_reader and tflite_reader


def measure(path: Path) -> list[float]:
    """Read and encode as the worker does, several times; milliseconds."""
    found = []
    for _repeat in range(REPEATS):
        start = time.perf_counter()
        msgspec.json.encode(read_model(path))
        found.append((time.perf_counter() - start) * 1000)
    return found


def main() -> int:
    """Measure all models below the folder."""
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    root = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        for package in sorted(root.rglob("*.zip")):
            with zipfile.ZipFile(package) as archive:
                archive.extractall(Path(scratch) / package.parent.name / package.stem)
        warm_up()
        rows, failed = [], []
        for path in [*models_below(root), *models_below(Path(scratch))]:
            try:
                times = measure(path)
                rows.append({"file": path.name, "first_ms": times[0], "median_ms": statistics.median(times)})
            except WorkbenchError as error:
                failed.append({"file": path.name, "error": error.message})
    first = [row["first_ms"] for row in rows]
    summary = {
        "opened": len(rows),
        "failed": failed,
        "median_first_ms": statistics.median(first) if first else None,
        "slowest_first_ms": max(first, default=None),
        "imported_tensorflow": "tensorflow" in sys.modules,
    }
    if "--json" in sys.argv:
        print(json.dumps({**summary, "files": rows}))
        return 0
    for row in sorted(rows, key=lambda item: -float(str(item["first_ms"]))):
        print(f"{row['first_ms']:8.1f} ms first  {row['median_ms']:8.1f} ms  {row['file']}")
    for item in failed:
        print(f"not opened: {item['file']}: {item['error']}")
    print(json.dumps(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
