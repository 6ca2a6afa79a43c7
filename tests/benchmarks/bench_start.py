"""Print how long the window takes from the start of the process to its first picture: ``bench_start.py [RUNS]``.

Each run is a fresh Python on an empty home; beside it, in the same round, a window of Qt alone (an empty QMainWindow),
as the floor that no PySide6 program can beat. Needs no display.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

OURS = """
import sys, time
from PySide6.QtCore import QTimer
from workbench.core.settings import Settings
from workbench.gui import app
from workbench.jobs.runner import Runner
runner = Runner()
runner.start()
window = app.build_window(runner, Settings(theme="light"), None)
window.show()
window.grab()
print(time.time())
heavy = {"tensorflow", "keras", "tf_keras", "onnx", "onnxruntime", "h5py"} & set(sys.modules)
window.close_now()
runner.close()
assert not heavy, heavy
"""
FLOOR = """
import time
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication([])
window = QMainWindow()
window.show()
window.grab()
print(time.time())
"""


def seconds(code: str) -> float:
    """Return the seconds from starting Python to the printed time."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "WORKBENCH_HOME": home}
        begin = time.time()
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        return float(done.stdout.split()[-1]) - begin


def main() -> None:
    """Run both in turn and print medians."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    rounds = [(seconds(OURS), seconds(FLOOR)) for _round in range(runs + 1)][1:]  # the first one warms the disk cache
    ours, floor = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(
        f"window painted after {ours:.2f} s (median of {runs}), an empty Qt window after {floor:.2f} s: "
        f"{ours / floor:.2f} times as long"
    )


if __name__ == "__main__":
    main()
