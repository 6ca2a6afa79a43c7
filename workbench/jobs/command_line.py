"""Spell a job as the command that repeats it: "Copy as command" in every dialog."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import workbench.exporters
import workbench.passes
from workbench.core import params as declared
from workbench.core.datasets import RANDOM, DataSpec
from workbench.core.params import Params
from workbench.core.plugins import Plugin, discover
from workbench.exporters import Exporter
from workbench.jobs import Job
from workbench.jobs.benchmark import Benchmark, Subject
from workbench.jobs.compare import Compare
from workbench.jobs.evaluate import Evaluate
from workbench.jobs.infer import Infer
from workbench.jobs.layout import LayOut
from workbench.jobs.read import ReadModel
from workbench.jobs.transform import Export, Optimize
from workbench.passes import Pass


def as_command(job: Job) -> str:
    """Return the ``workbench ...`` command line that does the same, quoted for this system's shell.

    Defaults are left out. Subjects of a benchmark that differ in runtime or device become one line each. Raises
    TypeError for a job that has no command.
    """
    return "\n".join(_quoted(words) for words in _commands(job))


def _commands(job: Job) -> list[list[str]]:
    if isinstance(job, Benchmark):
        return _bench(job)
    return [["workbench", *_words(job)]]


def _words(job: Job) -> list[str]:
    if isinstance(job, Optimize):
        settings = _settings(_params(discover(workbench.passes, Pass), job.pass_id), job.params)
        return ["optimize", job.source, "--pass", job.pass_id, *_data(job.data), *settings, "--out", job.target]
    if isinstance(job, Export):
        settings = _settings(_params(discover(workbench.exporters, Exporter), job.exporter_id), job.params)
        return ["export", job.source, "--to", job.exporter_id, *_data(job.data), *settings, "--out", job.target]
    if isinstance(job, Infer):
        options = {"runtime": job.runtime, "device": _unless(job.device, "cpu"), "threads": job.threads, "out": job.out}
        return ["run", job.model, *_data(job.data, "--input"), *_options(options)]  # without --out it finds a name
    if isinstance(job, Compare):
        given = "none" if job.tolerance is None else job.tolerance
        tolerance = _unless(given, Compare(a=job.a, b=job.b).tolerance)
        options = {"runtime-a": job.runtime_a, "runtime-b": job.runtime_b, "tolerance": tolerance}
        return ["compare", job.a, job.b, *_data(job.data), *_options(options)]
    if isinstance(job, Evaluate):
        options = {"runtime": job.runtime, "device": _unless(job.device, "cpu")}
        return ["evaluate", job.model, *_data(job.data), *_options(options)]
    if isinstance(job, ReadModel):
        return ["inspect", job.path]
    if isinstance(job, LayOut):
        options = {"function": job.function, "direction": _unless(job.direction, "down")}
        return ["graph", job.path, *_options(options), "--out", "graph.svg"]
    raise TypeError(f"no command does {type(job).__name__}")


def _bench(job: Benchmark) -> list[list[str]]:
    groups: dict[tuple[str, str], list[Subject]] = {}
    for subject in job.subjects:
        groups.setdefault((subject.runtime, subject.device), []).append(subject)
    options = {
        "runs": job.runs if job.seconds is None else None,
        "seconds": job.seconds,
        "warmup": job.warmup,
        "batch": _unless(job.batch, 1),
        "threads": job.threads,
    }
    return [
        [
            *("workbench", "bench", *(subject.model for subject in subjects)),
            *_options({"runtime": runtime, "device": _unless(device, "cpu")}),
            *_options(options),
            *_data(job.data),
        ]
        for (runtime, device), subjects in groups.items()
    ]


def _data(spec: DataSpec, option: str = "--data") -> list[str]:
    """Return the options of a data set; random input with seed 0 is the default and says nothing."""
    words = [] if spec.path == RANDOM and option == "--data" else [option, spec.path]
    words += _options(
        {
            "data-kind": spec.kind,
            "labels": spec.labels,
            "inputs": spec.inputs,
            "limit": spec.limit,
            "seed": _unless(spec.seed, 0),
        }
    )
    return words + _flags(declared.changed(spec.preprocessing))


def _params(found: Mapping[str, Plugin], plugin_id: str) -> type[Params] | None:
    plugin = found.get(plugin_id)
    return plugin.params if isinstance(plugin, Pass | Exporter) else None


def _settings(kind: type[Params] | None, given: Mapping[str, Any]) -> list[str]:
    """Return the options of a pass or exporter that differ from its defaults."""
    return _flags(declared.changed(declared.parse(kind, given)) if kind else given)


def _flags(values: Mapping[str, Any]) -> list[str]:
    words: list[str] = []
    for name, value in values.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        elif isinstance(value, list | tuple):
            words += [f"--{flag}", ",".join(str(item) for item in value)]
        elif value is not None:
            words += [f"--{flag}", str(value)]
    return words


def _options(values: Mapping[str, Any]) -> Iterable[str]:
    """Return ``--name value`` for what is given: not None and not empty."""
    return [word for name, value in values.items() if value not in (None, "") for word in (f"--{name}", str(value))]


def _unless(value: Any, default: Any) -> Any:
    return None if value == default else value


def _quoted(words: Sequence[str]) -> str:
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)
