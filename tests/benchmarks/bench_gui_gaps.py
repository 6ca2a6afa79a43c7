"""The longest gaps of the window's event loop while a model is opened, converted, quantized and measured.

    python tests/benchmarks/bench_gui_gaps.py [MODEL] [--seconds 5]

Starts the real window (offscreen unless QT_QPA_PLATFORM says otherwise) with the real workers. The goal is that no
gap is longer than 50 ms in any of the phases. A bundled sample is used when no model is given.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
HOME = tempfile.TemporaryDirectory(prefix="bench-gui-gaps-")
os.environ["WORKBENCH_HOME"] = HOME.name

from PySide6.QtCore import QEventLoop, QTimer  # noqa: E402

from workbench.core.settings import Settings  # noqa: E402
from workbench.gui import app, steps  # noqa: E402
from workbench.gui.gap_meter import GapMeter  # noqa: E402
from workbench.gui.main_window import MainWindow  # noqa: E402
from workbench.gui.panels.benchmark import BenchmarkPanel  # noqa: E402
from workbench.jobs.runner import Runner  # noqa: E402
from workbench.jobs.transform import Export, Optimize  # noqa: E402

GOAL_MS = 50.0
SAMPLE = Path(__file__).resolve().parents[2] / "resources" / "samples" / "digits.keras"


def wait(condition: Callable[[], bool], seconds: float = 300) -> None:
    """Run the event loop until ``condition`` holds."""
    loop, end = QEventLoop(), time.monotonic() + seconds
    timer = QTimer()
    timer.timeout.connect(lambda: loop.quit() if condition() or time.monotonic() > end else None)
    timer.start(20)
    loop.exec()
    if not condition():
        sys.exit("timed out")


def phases(window: MainWindow, model: Path, seconds: float) -> list[tuple[str, Callable[[], None]]]:
    """Return what is measured: a name and a function that does it and comes back when it is done."""
    state, jobs = window.state, window.jobs

    def opened() -> None:
        state.open_model(model)
        wait(lambda: state.current is not None and state.graph_of(state.current.id) is not None)
        wait(lambda: not jobs.running())

    def panes() -> None:
        for pane_id in window.panes:
            window.show_pane(pane_id)
            wait(lambda: True)

    def step(job: Export | Optimize) -> None:
        done: list[object] = []
        assert state.current is not None
        steps.start(
            state,
            job,
            state.current,
            then=lambda result, record: done.append(result),
            failed=lambda e: sys.exit(str(e)),
        )
        wait(lambda: bool(done))

    def exported() -> None:
        step(Export(source=str(model), target=str(Path(HOME.name) / "exported.onnx"), exporter_id="onnx"))

    def quantized() -> None:
        target = state.project.new_artifact_path("int8", ".tflite")
        step(Optimize(source=str(model), target=str(target), pass_id="dynamic-int8"))

    def measured() -> None:
        panel = window.show_pane("benchmark")
        assert isinstance(panel, BenchmarkPanel)
        panel.show_models([record.id for record in state.project.models()])
        panel.start()
        end = time.monotonic() + seconds
        wait(lambda: time.monotonic() > end or not jobs.working())
        panel.stop()
        wait(lambda: not jobs.working())

    return [
        ("open", opened),
        ("panes", panes),
        ("export", exported),
        ("quantize", quantized),
        ("benchmark", measured),
    ]


def main() -> int:
    """Print the longest gaps of each phase; return 1 when one is too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of the benchmark")
    given = parser.parse_args()
    runner = Runner()
    runner.start()
    window = app.build_window(runner, Settings(theme="light"))
    window.show()
    window.prepare()
    wait(lambda: all(pane.is_built() for pane in window.panes.values()))
    meter, worst = GapMeter(), 0.0
    for name, act in phases(window, given.model.absolute(), given.seconds):
        meter.start()
        act()
        wait(lambda: True)
        gaps = meter.stop()
        worst = max(worst, gaps[0][0])
        shown = "  ".join(f"{late:.1f} ms at {at:.1f} s" for late, at in gaps[:4])
        print(f"{name:<10} {shown}")
    window.close_now()
    print(f"longest gap {worst:.1f} ms, goal {GOAL_MS:.0f} ms: {'met' if worst <= GOAL_MS else 'MISSED'}")
    return 0 if worst <= GOAL_MS else 1


if __name__ == "__main__":
    sys.exit(main())
