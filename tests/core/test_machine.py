"""The machine and its memory, as a measurement names them."""

from __future__ import annotations

import numpy as np

from workbench.core.machine import busy_share, describe, usable_processors
from workbench.core.memory import PeakMemory


def test_the_machine_is_described() -> None:
    described = describe()
    assert described["cpu"]
    assert float(described["load"]) >= 0
    assert usable_processors() >= 1
    assert 0 <= busy_share(0.01) <= 1


def test_a_peak_between_two_looks_is_seen_and_forgotten_after_a_restart() -> None:
    memory = PeakMemory()
    before = memory.now_mb()
    np.ones(25_000_000).sum()  # 200 MB, freed at once
    peak = memory.peak_mb()
    assert peak >= before
    if memory._kernel:  # where the system keeps the high-water mark
        assert peak > before + 150
    memory.restart()
    assert memory.peak_mb() < before + 100
