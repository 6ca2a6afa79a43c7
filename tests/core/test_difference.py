"""The verdict on two measurements: no false alarms on the same model, real differences are found."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from workbench.core.difference import compare_latencies


def latencies(seed: int, median: float, runs: int) -> NDArray[np.float64]:
    """Latencies as machines make them: skewed, and each like its neighbours."""
    generator = np.random.default_rng(seed)
    drift = np.convolve(generator.normal(0, 0.1, runs + 4), np.ones(5) / 5**0.5, mode="valid")
    return median * np.exp(drift + generator.gamma(1.0, 0.02, runs))


@pytest.mark.parametrize("runs", [50, 200])
def test_same_model_is_seldom_called_different(runs: int) -> None:
    alarms = sum(
        compare_latencies(latencies(seed, 5.0, runs), latencies(seed + 1000, 5.0, runs)).verdict != "same"
        for seed in range(60)
    )
    assert alarms <= 6


def test_a_real_difference_is_found_and_named() -> None:
    faster = compare_latencies(latencies(1, 10.0, 300), latencies(2, 5.0, 300))
    assert faster.verdict == "faster"
    assert faster.low < 2.0 < faster.high
    assert "faster" in faster.text()
    slower = compare_latencies(latencies(1, 5.0, 300), latencies(2, 10.0, 300))
    assert slower.verdict == "slower"
    assert "\u00d7 slower" in slower.text()


def test_a_certain_but_tiny_difference_is_not_called_one() -> None:
    generator = np.random.default_rng(0)
    base, other = generator.normal(5.0, 0.01, 2000), generator.normal(4.97, 0.01, 2000)
    difference = compare_latencies(base, other)
    assert difference.low > 1
    assert difference.verdict == "same"


def test_too_few_runs_are_said() -> None:
    difference = compare_latencies([1.0, 2.0], [3.0] * 50)
    assert difference.verdict == "unknown"
    assert "runs" in difference.text()
    assert compare_latencies([], [1.0]).verdict == "unknown"


def test_it_is_the_same_every_time() -> None:
    base, other = latencies(1, 5.0, 20_000), latencies(2, 4.5, 20_000)
    assert compare_latencies(base, other) == compare_latencies(base, other)
