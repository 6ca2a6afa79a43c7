"""Run a measurement and put it into a project as the window does, where the command line names one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workbench.cli.console import Console
from workbench.core.agreement import Agreement
from workbench.core.events import AnyEvent, Samples
from workbench.core.graph import Graph
from workbench.core.latency_track import LatencyTrack
from workbench.core.project import ModelRecord, Project
from workbench.jobs import Job
from workbench.jobs.benchmark import Benchmark, Benchmarked
from workbench.jobs.benchmark_run import finished, label_of, store
from workbench.jobs.compare import Compare
from workbench.jobs.evaluate import Evaluate, Evaluated
from workbench.jobs.read import ReadModel
from workbench.jobs.stored import Comparison, Evaluation


class Recording:
    """Runs jobs; with a project their results are in it afterwards."""

    def __init__(self, project: Project | None, console: Console) -> None:
        self._project = project
        self._console = console

    def benchmark(self, job: Benchmark) -> Benchmarked:
        """Measure; every latency is recorded."""
        tracks = {subject.series(): LatencyTrack(subject.series()) for subject in job.subjects}

        def note(event: AnyEvent) -> None:
            if isinstance(event, Samples) and event.series in tracks:
                tracks[event.series].add(event)

        done: Benchmarked = self._run(job, note)
        if self._project is not None:
            records = self._models([subject.model for subject in job.subjects])
            labels = {row.series: label_of(records, row.model, row.runtime, row.device) for row in done.results}
            store(self._project, finished(job, done, labels), tracks)
        return done

    def evaluation(self, job: Evaluate) -> Evaluated:
        """Measure the accuracy of one model."""
        done: Evaluated = self._run(job)
        if self._project is not None:
            self._models([job.model])
            Evaluation([done], [job]).store(self._project)
        return done

    def comparison(self, job: Compare) -> Agreement:
        """Compare two models."""
        done: Agreement = self._run(job)
        if self._project is not None:
            a, b = self._models([job.a, job.b])
            Comparison(a.name, b.name, done, job).store(self._project, [a.id, b.id])
        return done

    def _run(self, job: Job, note: Any = None) -> Any:
        from workbench.jobs.runner import run_job

        def listen(event: AnyEvent) -> None:
            self._console.on_event(event)
            if note is not None:
                note(event)

        return run_job(job, on_event=listen)

    def _models(self, paths: Sequence[str]) -> list[ModelRecord]:
        return [model_in(self._project, Path(path), self._console) for path in paths] if self._project else []


def model_in(project: Project, path: Path, console: Console) -> ModelRecord:
    """Return the project's record of ``path``, added when the project does not know it yet."""
    known = next((record for record in project.models() if Path(record.path) == path), None)
    if known is not None:
        return known
    graph: Graph = console.run(ReadModel(path=str(path)))
    return project.add_model(path, name=path.name, format=graph.format)


@contextmanager
def recording(folder: Path | None, console: Console) -> Iterator[Recording]:
    """Open the project first, so that a folder that cannot be used is said before the work."""
    project = Project.open(folder) if folder is not None else None
    try:
        yield Recording(project, console)
    finally:
        if project is not None:
            project.close()
