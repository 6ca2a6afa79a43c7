"""What machine this is, and how busy: a latency means nothing without it."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from workbench.core.i18n import _

BUSY_SHARE = 0.15
"""Share of the processors' time taken by others above which a measurement is not to be trusted much."""


def describe() -> dict[str, str]:
    """Return processor, cores, governor, memory and system, for the report and the table's caption."""
    memory = psutil.virtual_memory()
    described = {
        "cpu": cpu_name(),
        "cores": _("{physical} cores, {logical} threads").format(
            physical=psutil.cpu_count(logical=False) or "?", logical=psutil.cpu_count() or "?"
        ),
        "usable": str(usable_processors()),
        "memory": f"{memory.total / 1e9:.1f} GB",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
    }
    governor = frequency_governor()
    if governor:
        described["governor"] = governor
    return described


def cpu_name() -> str:
    """Return the processor's name as its maker calls it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def frequency_governor() -> str:
    """Return how Linux chooses the clock rate ("performance", "powersave"), "" when it does not say."""
    path = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def usable_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def busy_share(seconds: float = 0.3, *, ours: Sequence[psutil.Process] | None = None) -> float:
    """Return the share (0 to 1) of our processors' time that others use, measured over ``seconds`` while we wait.

    ``ours`` are the processes that do not count; this one and its ancestors (the window, the command line) unless
    given. The load average would not do: it holds what we ourselves did in the last minute.
    """
    own = [psutil.Process(), *psutil.Process().parents()] if ours is None else ours
    began, before = time.perf_counter(), _seconds_used(own)
    shares = psutil.cpu_percent(interval=seconds, percpu=True)
    spent = (_seconds_used(own) - before) / (time.perf_counter() - began)
    if hasattr(os, "sched_getaffinity"):
        allowed = os.sched_getaffinity(0)
        shares = [share for number, share in enumerate(shares) if number in allowed] or shares
    return min(max(sum(shares) / 100 - spent, 0.0) / len(shares), 1.0)


def _seconds_used(processes: Sequence[psutil.Process]) -> float:
    used = 0.0
    for process in processes:
        with contextlib.suppress(psutil.Error):  # it has ended, or is not ours to look at
            times = process.cpu_times()
            used += times.user + times.system
    return used
