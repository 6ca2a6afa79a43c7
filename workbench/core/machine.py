"""What machine this is, and how busy: a latency means nothing without it."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil

from workbench.core.i18n import _

BUSY_SHARE = 0.15
"""Share of all processor time taken by others above which a measurement is not to be trusted much."""


def describe() -> dict[str, str]:
    """Return processor, cores, governor, memory, system and load, for the report and the table's caption."""
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
    load = psutil.getloadavg()[0]
    return described | {"load": f"{load:.2f}"}


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


def busy_share(seconds: float = 0.2) -> float:
    """Return the share of all processor time that is in use right now, measured over ``seconds`` while we wait."""
    return psutil.cpu_percent(interval=seconds) / 100
