"""The verdict on two measurements: no false alarms on the same model, real differences are found."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from workbench.core.difference import BUSY_RESOLUTION, compare_latencies, was_busy


def latencies(seed: int, median: float, runs: int, *, drift: float = 0.02) -> NDArray[np.float64]:
    """Latencies as machines make them: skewed, and with a clock that wanders as slowly as the measurement is long."""
    generator = np.random.default_rng(seed)
    time = np.linspace(0, 2 * np.pi, runs)
    wander = drift * sum(np.sin(time * wave + generator.uniform(0, 6)) for wave in (0.5, 1.3, 3.1))
    return median * np.exp(wander + generator.gamma(1.0, 0.02, runs))


@pytest.mark.parametrize("runs", [20, 50, 200, 5000])
def test_same_model_is_seldom_called_different(runs: int) -> None:
    alarms = sum(
        compare_latencies(latencies(seed, 5.0, runs), latencies(seed + 1000, 5.0, runs)).verdict != "same"
        for seed in range(100)
    )
    assert alarms <= 10


def test_a_real_difference_is_found_and_named() -> None:
    faster = compare_latencies(latencies(1, 10.0, 300), latencies(2, 5.0, 300))
    assert faster.verdict == "faster"
    assert faster.low < 2.0 < faster.high
    assert "faster" in faster.text()
    slower = compare_latencies(latencies(1, 5.0, 300), latencies(2, 10.0, 300))
    assert slower.verdict == "slower"
    assert "\u00d7 slower" in slower.text()


def test_a_moderate_difference_is_found_on_a_quiet_machine_only() -> None:
    base, other = latencies(1, 10.0, 300, drift=0.002), latencies(2, 8.5, 300, drift=0.002)
    assert compare_latencies(base, other).verdict == "faster"
    busy = compare_latencies(base, other, busy=True)
    assert busy.verdict == "same"
    assert busy.resolution == BUSY_RESOLUTION
    assert "Other programs" in busy.explanation()


def test_a_certain_but_tiny_difference_is_not_called_one() -> None:
    generator = np.random.default_rng(0)
    difference = compare_latencies(generator.normal(5.0, 0.01, 2000), generator.normal(4.9, 0.01, 2000))
    assert difference.low > 1
    assert difference.verdict == "same"


def test_too_few_runs_are_said() -> None:
    difference = compare_latencies([1.0, 2.0], [3.0] * 50)
    assert difference.verdict == "unknown"
    assert "runs" in difference.text()
    assert "At least 10" in difference.explanation()
    assert compare_latencies([], [1.0]).verdict == "unknown"


def test_constant_latencies_are_compared() -> None:
    assert compare_latencies([2.0] * 50, [1.0] * 50).text() == "2.00\u00d7 faster"
    assert compare_latencies([2.0] * 50, [2.0] * 50).verdict == "same"


@pytest.mark.parametrize(
    ("machine", "busy"),
    [
        ({"busy_share": "0.52"}, True),
        ({"busy_share": "0.03"}, False),
        ({"busy_share": "0.03", "load": "6.1", "usable": "2"}, False),  # the load average holds our own work of before
        ({"load": "6.1", "usable": "2"}, False),
        ({}, False),
        ({"busy_share": "?"}, False),
    ],
)
def test_busy_machine(machine: dict[str, str], busy: bool) -> None:  # noqa: FBT001
    assert was_busy(machine) is busy
