"""The whole main job on a bundled sample, as the demo plays it: look, optimize, evaluate, measure, export, report."""

from __future__ import annotations

import os
import queue
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workbench.cli import looking, making
from workbench.cli.console import Console, plain
from workbench.core import units
from workbench.core.datasets import DataSpec
from workbench.core.errors import JobCrashed, WorkbenchError
from workbench.core.events import AnyEvent, Crashed, Failed, Finished, Samples
from workbench.core.graph import Graph
from workbench.core.i18n import _
from workbench.core.latency_track import LatencyTrack
from workbench.core.paths import resources
from workbench.core.project import ModelRecord, Project
from workbench.jobs import Job
from workbench.jobs.benchmark import Benchmark, Benchmarked, Subject
from workbench.jobs.evaluate import Evaluate, Evaluated
from workbench.jobs.layout import LayOut, Scene
from workbench.jobs.read import ReadModel
from workbench.jobs.runner import Runner, result_of
from workbench.jobs.stored import Evaluation
from workbench.jobs.transform import Export, Optimize, Transformed


class Tour:
    """Plays the steps in one project; each result comes from a job, each figure from a run in that project."""

    def __init__(self, folder: Path, console: Console) -> None:
        self.folder = free_folder(folder)
        self.console = console
        self.samples = resources() / "samples"
        self.test_set = DataSpec(path=str(self.samples / "digits-test.npz"))
        self.calibration = DataSpec(path=str(self.samples / "digits-calibration.npz"))

    def run(self) -> dict[str, Any]:
        """Play everything; return paths and figures. Raises WorkbenchError or JobCrashed where a step fails."""
        self.folder.mkdir(parents=True)
        self.runner = Runner()
        self.project = Project.open(self.folder / "project")
        try:
            return self._play()
        finally:
            self.runner.close()
            self.project.close()

    def _play(self) -> dict[str, Any]:
        source = self.project.add_model(self.samples / "digits.keras", name="digits", format="keras-zip")
        picture = self._look(source)
        int8 = self._transform(source, Optimize, "static-int8", "digits-int8.tflite", self.calibration)
        pruned = self._transform(
            source, Optimize, "magnitude-pruning", "digits-pruned.keras", self.test_set, sparsity=0.5
        )
        lite = self._transform(source, Export, "tflite", "digits.tflite", self.test_set)
        onnx = self._transform(source, Export, "onnx", "digits.onnx", self.test_set)
        accuracy = {record.name: self._evaluate(record) for record in (source, int8, pruned)}
        measured = self._measure([source, onnx, lite, int8])
        window = self._window(source)
        report = self._report([window])
        return {
            "folder": str(self.folder),
            "report": str(report),
            "window": str(window),
            "graph": str(picture),
            "project": str(self.folder / "project"),
            "accuracy": accuracy,
            "results": plain(measured.results),
        }

    def _look(self, source: ModelRecord) -> Path:
        graph: Graph = self._job(ReadModel(path=source.path))
        self.console.say(looking.readable(graph))
        scene: Scene = self._job(LayOut(path=source.path))
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        from workbench.gui.graph.picture import write_picture

        target = self.folder / "graph.svg"
        write_picture(scene, target)
        return target

    def _transform(
        self, source: ModelRecord, verb: type[Optimize | Export], plugin: str, name: str, data: DataSpec, **params: Any
    ) -> ModelRecord:
        target = self.project.new_artifact_path(Path(name).stem, Path(name).suffix)
        named = {"pass_id": plugin} if verb is Optimize else {"exporter_id": plugin}
        job = verb(source=source.path, target=str(target), params=params, data=data, **named)
        self.console.say(f"\n{job.title()}")
        done: Transformed = self._job(job)
        self.console.say(making.readable(done))
        return self.project.add_model(target, name=target.name, format=done.format, parent=source.id, step=plain(done))

    def _evaluate(self, record: ModelRecord) -> float:
        job = Evaluate(model=record.path, data=self.test_set)
        done: Evaluated = self._job(job)
        Evaluation([done], [job]).store(self.project)
        line = _("{name}: {top1} of {n} test images right")
        self.console.say(line.format(name=record.name, top1=units.percent(done.top1), n=done.samples))
        return done.top1

    def _measure(self, records: list[ModelRecord]) -> Benchmarked:
        from workbench.cli.measuring import readable
        from workbench.jobs import benchmark_run

        self.console.say("")
        runtimes = {"keras-zip": "tensorflow", "onnx": "onnxruntime", "tflite": "litert"}
        subjects = [Subject(model=record.path, runtime=runtimes[record.format]) for record in records]
        job = Benchmark(subjects=subjects, runs=300, threads=1, data=self.test_set)
        tracks = {subject.series(): LatencyTrack(subject.series()) for subject in subjects}
        done: Benchmarked = self._job(job, samples=lambda samples: tracks[samples.series].add(samples))
        labels = {s.series(): benchmark_run.label_of(records, s.model, s.runtime, s.device) for s in subjects}
        benchmark_run.store(self.project, benchmark_run.finished(job, done, labels), tracks)
        self.console.say(readable(done))
        return done

    def _window(self, source: ModelRecord) -> Path:
        from workbench.gui import portrait

        return portrait.take(self.folder / "project", source.id, self.folder / "window.png", self.runner)

    def _report(self, pictures: list[Path]) -> Path:
        from workbench.core.report_page import write_report

        return write_report(self.project, self.folder / "report.html", screenshots=pictures)

    def _job(self, job: Job, samples: Callable[[Samples], None] | None = None) -> Any:
        events: queue.SimpleQueue[AnyEvent] = queue.SimpleQueue()
        self.runner.submit(job, lambda ticket, event: events.put(event))
        while True:
            event = events.get()
            self.console.on_event(event)
            if samples is not None and isinstance(event, Samples):
                samples(event)
            if isinstance(event, Finished):
                self.console.end_progress()
                return result_of(job, event)
            if isinstance(event, Failed):
                raise WorkbenchError(event.message, event.hint)
            if isinstance(event, Crashed):
                raise JobCrashed(event.message, event.hint, event.details)


def free_folder(wanted: Path) -> Path:
    """Return ``wanted``, or the first of wanted-2, wanted-3 ... that does not exist: nothing is overwritten."""
    folder, number = wanted, 2
    while folder.exists():
        folder = wanted.with_name(f"{wanted.name}-{number}")
        number += 1
    return folder
