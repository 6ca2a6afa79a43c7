"""The machine and its memory, as a measurement names them."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np

from workbench.core.machine import busy_share, describe, usable_processors
from workbench.core.memory import PeakMemory


def test_the_machine_is_described() -> None:
    described = describe()
    assert described["cpu"]
    assert "load" not in described  # it holds what we ourselves did in the last minute
    assert usable_processors() >= 1
    assert 0 <= busy_share(0.01) <= 1


def test_our_own_work_does_not_count_as_busy() -> None:
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            sum(range(1000))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        alone = usable_processors() * busy_share(0.3, ours=[])
        without = usable_processors() * busy_share(0.3)
    finally:
        stop.set()
        thread.join()
    assert without < alone


def test_work_of_another_program_counts() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
        try:
            used = max(usable_processors() * busy_share(0.3) for _turn in range(5))
        finally:
            other.kill()
    assert used > 0.3


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
