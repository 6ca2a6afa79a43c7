"""Which data goes with a model: what was used last, by a step or a measurement, on it or on one of its relatives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from workbench.core.datasets import RANDOM, DataSpec
from workbench.core.project import Project


def known_data(project: Project, model_id: int) -> DataSpec:
    """Return the data last used with a model that has the same first ancestor; random input when none was."""
    root = project.lineage(model_id)[0].id
    family = [model for model in project.models() if project.lineage(model.id)[0].id == root]
    used = [(model.created, model.step.get("data")) for model in family if model.step]
    ids = {model.id for model in family}
    used += [
        (run.created, data) for run in project.runs() if ids & set(run.models) for data in _data_of_run(run.result)
    ]
    used.sort(key=lambda use: use[0])
    for _created, data in reversed(used):  # of the same second: what was stored last
        spec = _spec(data)
        if spec is not None and spec.path != RANDOM:
            return spec
    return DataSpec()


def _data_of_run(result: dict[str, Any]) -> Iterator[Any]:
    """Give the data that the run's jobs were asked to use."""
    jobs = [*(result.get("jobs") or []), result.get("job")]
    yield from (job.get("data") for job in jobs if isinstance(job, dict))


def _spec(data: Any) -> DataSpec | None:
    try:
        return msgspec.convert(data, DataSpec)
    except msgspec.ValidationError:  # a run of another version
        return None
