"""Measure the range of every activation of a float TFLite model on calibration samples, one sample in memory."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _

Feeds = Mapping[str, NDArray[np.generic]]
Ranges = dict[str, tuple[float, float, int]]
"""Lowest and highest number and rank by tensor name; zero is always inside."""

BINS = 2048
"""Bins of a histogram between the lowest and the highest number, as in ONNX Runtime's percentile calibration."""


class Watched:
    """A TFLite model that is called sample by sample; its inner float tensors can be read after each call."""

    def __init__(self, model: Path | bytes, *, inner: bool = True, threads: int | None = None) -> None:
        source = {"model_path": str(model)} if isinstance(model, Path) else {"model_content": model}
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message=".*experimental_preserve_all_tensors")  # we mean it
                self._interpreter = Interpreter(**source, experimental_preserve_all_tensors=inner, num_threads=threads)
            self._interpreter.allocate_tensors()
            signatures = self._interpreter.get_signature_list()
            key = "serving_default" if "serving_default" in signatures else next(iter(signatures), None)
            runner = self._interpreter.get_signature_runner(key) if key else None
        except (ValueError, RuntimeError) as error:
            raise WorkbenchError(_("LiteRT cannot open the model: {reason}").format(reason=error)) from error
        plain = {detail["name"]: detail for detail in self._interpreter.get_input_details()}
        self._inputs = runner.get_input_details() if runner else plain
        outputs = {detail["name"]: detail for detail in self._interpreter.get_output_details()}
        self._outputs = runner.get_output_details() if runner else outputs
        self._details = [detail for detail in self._interpreter.get_tensor_details() if detail["dtype"] is np.float32]

    def call(self, feeds: Feeds) -> list[NDArray[np.generic]]:
        """Run once and return the outputs in order."""
        try:
            for name, detail in self._inputs.items():
                values = feeds[name]
                if tuple(detail["shape"]) != values.shape:
                    self._interpreter.resize_tensor_input(detail["index"], values.shape)
                    self._interpreter.allocate_tensors()
                    detail["shape"] = np.array(values.shape)
            for name, detail in self._inputs.items():
                self._interpreter.set_tensor(detail["index"], _stored(feeds[name], detail))
            self._interpreter.invoke()
            return [_real(self._interpreter.get_tensor(item["index"]), item) for item in self._outputs.values()]
        except (ValueError, RuntimeError, KeyError) as error:
            raise WorkbenchError(
                _("LiteRT cannot run the model on the calibration data: {reason}").format(reason=error),
                _("Check the data against the model's inputs."),
            ) from error

    def visit(self, look: Callable[[str, NDArray[np.float32]], None]) -> None:
        """Show every float tensor that holds numbers after a call."""
        for detail in self._details:
            try:
                values = self._interpreter.tensor(detail["index"])()
            except ValueError:  # an optional tensor, or one that this call did not make
                continue
            if values.size:
                look(detail["name"], values)


def _stored(values: NDArray[np.generic], detail: Mapping[str, Any]) -> NDArray[np.generic]:
    """Quantize real numbers for an integer input: round(real / scale) + zero point, saturated."""
    scale, zero = detail["quantization"]
    if values.dtype.kind != "f" or detail["dtype"] is np.float32 or not scale:
        return values
    limits = np.iinfo(detail["dtype"])
    stored = np.clip(np.rint(values.astype(np.float64) / scale) + zero, limits.min, limits.max)
    return np.asarray(stored, dtype=detail["dtype"])


def _real(values: NDArray[np.generic], detail: Mapping[str, Any]) -> NDArray[np.generic]:
    """Return the real numbers of an integer output: scale * (stored - zero point)."""
    scale, zero = detail["quantization"]
    if values.dtype.kind == "f" or not scale:
        return values
    return np.asarray((values.astype(np.float64) - zero) * scale, dtype=np.float32)


def measure_ranges(model: Path, calls: Callable[[], Iterable[Feeds]], *, percentile: float | None) -> Ranges:
    """Return the range of each tensor: all of it, or between 100 - p and p percent of its numbers.

    ``calls`` gives the calibration feeds, once for extremes and once more for percentiles.
    """
    watched = Watched(model)
    ranges: Ranges = {}

    def widen(name: str, values: NDArray[np.float32]) -> None:
        low, high, _rank = ranges.get(name, (0.0, 0.0, values.ndim))
        ranges[name] = (min(low, float(values.min())), max(high, float(values.max())), values.ndim)

    for feeds in calls():
        _check_finite(feeds)
        watched.call(feeds)
        watched.visit(widen)
    broken = next((name for name, (low, high, _rank) in ranges.items() if not np.isfinite(low + high)), "")
    if broken:
        raise WorkbenchError(
            _("The tensor {name} becomes NaN or infinite on the calibration data.").format(name=broken),
            _("Check the preprocessing (scale): ranges cannot be measured."),
        )
    return ranges if percentile is None else _clipped(watched, calls, ranges, percentile)


def _clipped(watched: Watched, calls: Callable[[], Iterable[Feeds]], ranges: Ranges, percentile: float) -> Ranges:
    counts: dict[str, NDArray[np.int64]] = {}

    def count(name: str, values: NDArray[np.float32]) -> None:
        low, high, _rank = ranges[name]
        if high > low:
            found = np.histogram(values, bins=BINS, range=(low, high))[0]
            counts[name] = counts[name] + found if name in counts else found

    for feeds in calls():
        watched.call(feeds)
        watched.visit(count)
    clipped = dict(ranges)
    for name, histogram in counts.items():
        low, high, rank = ranges[name]
        edges = np.linspace(low, high, BINS + 1)
        share = np.cumsum(histogram) / histogram.sum()
        first = int(np.searchsorted(share, 1 - percentile / 100, side="right"))
        last = int(np.searchsorted(share, percentile / 100))
        clipped[name] = (min(0.0, float(edges[first])), max(0.0, float(edges[min(last + 1, BINS)])), rank)
    return clipped


def _check_finite(feeds: Feeds) -> None:
    for name, values in feeds.items():
        if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
            raise WorkbenchError(
                _("The calibration data for input {name} holds NaN or infinite numbers.").format(name=name),
                _("Remove those samples: ranges cannot be measured with them."),
            )


def statistics(ranges: Ranges) -> dict[str, dict[str, Any]]:
    """Return ranges as ai-edge-quantizer's calibration result."""
    return {
        name: {
            "min": np.full((1,) * rank, low, dtype=np.float32),
            "max": np.full((1,) * rank, high, dtype=np.float32),
        }
        for name, (low, high, rank) in ranges.items()
    }
