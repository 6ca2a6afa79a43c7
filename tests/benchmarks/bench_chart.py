"""Milliseconds of GUI thread for each frame of the live latency chart while 100,000 samples arrive fast.

    QT_QPA_PLATFORM=offscreen python tests/benchmarks/bench_chart.py [SAMPLES] [SERIES]

Each flush of 2,000 calls is taken in, drawn and painted; what is printed is processor time of the
GUI thread, so that other programs on the machine do not count.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication

from workbench.core.events import Samples
from workbench.gui import theme
from workbench.gui.panels.latency_chart import LatencyChart

FLUSH = 2000


def main() -> None:
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    app = QApplication(sys.argv[:1])
    theme.apply(app, "light")
    chart = LatencyChart()
    chart.resize(1200, 500)
    chart.show()
    names = [f"model-{index}.onnx" for index in range(count)]
    chart.begin({name: name for name in names}, batch=1)
    generator = np.random.default_rng(0)
    canvas = QPixmap(chart.size())
    taken = []
    for number in range(total // FLUSH):
        for index, name in enumerate(names):
            values = generator.gamma(20, 0.01 * (index + 1), FLUSH)
            samples = Samples(name, "measured", values.tolist(), (number + 1) * FLUSH / 5000, 100.0 + number)
            began = time.thread_time()
            chart.add(samples)
            taken.append([time.thread_time() - began, 0.0, 0.0])
        began = time.thread_time()
        chart.refresh()
        drawn = time.thread_time()
        chart.render(canvas)
        taken[-1][1:] = [drawn - began, time.thread_time() - drawn]
    parts = np.array(taken).reshape(-1, count, 3).sum(axis=1) * 1000
    whole = parts.sum(axis=1)
    print(f"{count} series of {total:,} samples, {len(whole)} frames of {FLUSH * count:,} new samples")
    for name, values in (("take in", parts[:, 0]), ("update", parts[:, 1]), ("paint", parts[:, 2]), ("frame", whole)):
        print(f"{name:>8}: median {np.median(values):6.2f} ms, worst {values.max():6.2f} ms, last {values[-1]:6.2f} ms")


if __name__ == "__main__":
    main()
