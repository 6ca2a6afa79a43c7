"""How near the app's benchmark is to a bare loop of the same runtime: p50 of both, interleaved in one run.

    python tests/benchmarks/bench_fidelity.py [MODEL.onnx] [MODEL.tflite]

Blocks of our Stopwatch (samples flushed, memory read) and of a plain ``perf_counter_ns`` loop take turns on sessions
opened with the same options; a call ends when the outputs can be read as arrays. Prints the ratio of medians; the goal
is within 3 % on both models. The bundled digit classifier is used for a model that is not given.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.datasets import DataSpec
from workbench.core.events import Samples
from workbench.datasets.select import open_dataset
from workbench.jobs.timing import Stopwatch
from workbench.runtimes.quantized import quantize, real_ports
from workbench.runtimes.select import open_session

SAMPLES = Path(__file__).resolve().parents[2] / "resources" / "samples"
GOAL = 0.03
BLOCKS, BLOCK_S = 40, 0.25
THREADS = 1


class Pipe:
    """A Report that writes events as a worker does, into nothing."""

    scratch = Path()

    def progress(self, fraction: float | None, text: str) -> None:
        self._write((fraction, text))

    def log(self, text: str, level: str = "info") -> None:
        self._write(text)

    def samples(self, samples: Samples) -> None:
        self._write(samples)

    def _write(self, event: Any) -> None:
        import msgspec

        with Path("/dev/null").open("wb") as nothing:
            nothing.write(msgspec.json.encode(event))


def bare_onnxruntime(path: Path, feeds: dict[str, Any]) -> Callable[[], object]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, feeds)


def bare_litert(path: Path, feeds: dict[str, Any]) -> Callable[[], object]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=THREADS)
    (value,) = feeds.values()
    index = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(index, value.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(index, value)
    outputs = [detail["index"] for detail in interpreter.get_output_details()]

    def answer() -> object:
        interpreter.invoke()
        return [interpreter.get_tensor(index) for index in outputs]

    return answer


def bare_loop(call: Callable[[], object], seconds: float) -> list[float]:
    taken = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        start = time.perf_counter_ns()
        call()
        taken.append((time.perf_counter_ns() - start) / 1e6)
    return taken


def ratio_on(path: Path, bare: Callable[[Path, dict[str, Any]], Callable[[], object]]) -> float:
    _runtime, session = open_session(path, threads=THREADS)
    drawn = open_dataset(DataSpec(limit=1), real_ports(session.inputs)).feeds([0])
    feeds = {port.name: quantize(drawn[port.name], port) for port in session.inputs}
    ours, theirs = session.prepare(feeds), bare(path, feeds)
    watch = Stopwatch("fidelity", Pipe())
    bare_loop(ours, BLOCK_S), bare_loop(theirs, BLOCK_S)
    measured: dict[str, list[float]] = {"ours": [], "bare": []}
    for block in range(BLOCKS):
        for which in ("ours", "bare") if block % 2 else ("bare", "ours"):
            if which == "ours":
                taken = watch.repeat(ours, phase="measured", runs=0, seconds=BLOCK_S)
                measured["ours"] += [nanoseconds / 1e6 for nanoseconds in taken]
            else:
                measured["bare"] += bare_loop(theirs, BLOCK_S)
    p50 = {which: float(np.median(values)) for which, values in measured.items()}
    runs = {which: len(values) for which, values in measured.items()}
    ratio = p50["ours"] / p50["bare"]
    print(f"{path.name}: ours {p50['ours']:.4f} ms, bare {p50['bare']:.4f} ms, ratio {ratio:.4f}, runs {runs}")
    return ratio


def main() -> int:
    given = [Path(argument) for argument in sys.argv[1:]]
    onnx = next((path for path in given if path.suffix == ".onnx"), SAMPLES / "digits.onnx")
    tflite = next((path for path in given if path.suffix == ".tflite"), SAMPLES / "digits.tflite")
    ratios = [ratio_on(onnx, bare_onnxruntime), ratio_on(tflite, bare_litert)]
    good = all(abs(ratio - 1) <= GOAL for ratio in ratios)
    print(f"goal: within {GOAL:.0%} on both: {'met' if good else 'MISSED'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
