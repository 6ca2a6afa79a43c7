"""Optimize and export: make a new model or artifact, prove it against its source, say what it cost."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import msgspec

import workbench.exporters
import workbench.passes
from workbench.core import tools
from workbench.core.agreement import Agreement
from workbench.core.artifacts import keep_step
from workbench.core.datasets import RANDOM, DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.events import Report
from workbench.core.fingerprint import fingerprint
from workbench.core.graph import Graph, Port
from workbench.core.i18n import _
from workbench.core.params import Params, parse
from workbench.core.paths import size_of
from workbench.core.plugins import Plugin, discover
from workbench.core.verdict import judge
from workbench.core.writing import atomic_target
from workbench.datasets import Dataset
from workbench.datasets.select import open_dataset
from workbench.exporters import Exporter
from workbench.formats.identify import read_model
from workbench.jobs import Job
from workbench.jobs.clean import Spare
from workbench.jobs.stages import Stages
from workbench.jobs.verify import verify
from workbench.passes import Outcome, Pass
from workbench.runtimes.quantized import real_ports
from workbench.runtimes.select import installed_or_error, ports_of, require_engine, runtime_for, runtimes

STAGES = 4
"""Make the artifact, run the source, run the artifact, record."""


class Transformed(msgspec.Struct, kw_only=True):
    """The result of Optimize and Export; also written as ``step.json`` into a project's model folder."""

    artifact: str
    format: str
    bytes_before: int
    bytes_after: int
    weights_before: int = 0
    """Bytes of the source's stored weights, without optimizer state; 0 when unknown."""
    weights_after: int = 0
    verified: Agreement | None
    """None only when verification itself could not run; then ``notes`` says why."""
    seconds: float
    plugin: str
    """Pass or exporter id."""
    params: dict[str, Any] = {}
    """All settings, defaults included."""
    source_sha256: str = ""
    artifact_sha256: str = ""
    data: DataSpec | None = None
    data_sha256: str = ""
    tools: dict[str, str] = {}
    """Versions of the libraries that were used."""
    notes: list[str] = []
    figures: dict[str, float] = {}
    tables: dict[str, dict[str, float]] = {}


class Optimize(Job, frozen=True):
    """Run one pass."""

    result_type: ClassVar[type] = Transformed
    source: str
    target: str
    pass_id: str
    params: dict[str, Any] = {}
    data: DataSpec = DataSpec()
    """Calibration and comparison data; random input (said plainly) when not given."""

    def title(self) -> str:
        """Return what the jobs panel calls it."""
        return _("{action} of {name}").format(action=self.pass_id, name=Path(self.source).name)

    def run(self, report: Report) -> Transformed:
        """Optimize, verify, and only then let the target appear."""
        chosen = _plugin(discover(workbench.passes, Pass), self.pass_id, _("optimization"))
        making = Making.of(self, chosen, accepts=chosen.accepts)
        report = Stages(report, count=STAGES)
        dataset = making.dataset()
        if chosen.data == "required" and self.data.path == RANDOM:
            report.log(_("No calibration data was given: random input is used, and accuracy may suffer."), "warning")
        calibration = dataset if chosen.data != "none" else None

        def work(partial: Path) -> Outcome:
            return chosen.run(making.source, partial, making.params, data=calibration, report=report)

        produced = chosen.accepts[making.graph.format]
        proof = Proof(runtime_for(produced).id, None, lambda path: path)
        return making.make(work, produced, proof, dataset, report)


class Export(Job, frozen=True):
    """Write a deployment artifact and reload it in its own runtime in a clean process."""

    result_type: ClassVar[type] = Transformed
    source: str
    target: str
    exporter_id: str
    params: dict[str, Any] = {}
    data: DataSpec = DataSpec()

    def title(self) -> str:
        """Return what the jobs panel calls it."""
        return _("Export {name} to {target}").format(name=Path(self.source).name, target=self.exporter_id)

    def run(self, report: Report) -> Transformed:
        """Export, verify, and only then let the target appear."""
        chosen = _plugin(discover(workbench.exporters, Exporter), self.exporter_id, _("export target"))
        making = Making.of(self, chosen, accepts=chosen.accepts)
        report = Stages(report, count=STAGES)
        dataset = making.dataset()

        def work(partial: Path) -> Outcome:
            return chosen.run(making.source, partial, making.params, report=report)

        proof = Proof(chosen.verify, chosen.tolerance, chosen.loadable)
        return making.make(work, chosen.produces, proof, dataset, report)


class Proof(msgspec.Struct, frozen=True):
    """How an artifact is proved."""

    runtime: str
    """"" takes the first runtime that opens it."""
    tolerance: float | None
    loadable: Callable[[Path], Path]


class Making(msgspec.Struct, frozen=True):
    """What Optimize and Export have in common: check everything first, make, prove, record."""

    source: Path
    target: Path
    plugin: Plugin
    params: Params
    graph: Graph
    data: DataSpec

    @classmethod
    def of(
        cls,
        job: Optimize | Export,
        plugin: Any,
        *,
        accepts: Collection[str],
    ) -> Making:
        """Check plugin, format, settings and model; raises WorkbenchError naming what does not fit."""
        installed_or_error(plugin)
        settings = parse(plugin.params, job.params)
        graph = read_model(Path(job.source))
        label = _(plugin.label)
        if graph.format not in accepts:
            raise WorkbenchError(
                _("{name} is a {format} model, which {plugin} does not take.").format(
                    name=Path(job.source).name, format=graph.format, plugin=label
                ),
                _("It takes: {formats}.").format(formats=", ".join(accepts)),
            )
        obstacle = plugin.requires(graph)
        if obstacle:
            raise WorkbenchError(_("{plugin}: {reason}").format(plugin=label, reason=obstacle))
        require_engine(Path(job.source))
        return cls(Path(job.source), Path(job.target), plugin, settings, graph, job.data)

    def dataset(self) -> Dataset:
        """Open the data against the model's inputs; raises WorkbenchError naming the shape."""
        inputs = _inputs_at(self.graph, self.signature)
        return open_dataset(self.data, real_ports(ports_of(msgspec.structs.replace(self.graph, inputs=inputs))))

    @property
    def signature(self) -> str:
        """Return the entry point of a SavedModel that the settings choose, "" for the usual one."""
        chosen: str = getattr(self.params, "signature", "") if self.graph.signatures else ""
        return chosen

    def make(
        self, work: Callable[[Path], Outcome], produced: str, proof: Proof, dataset: Dataset, report: Report
    ) -> Transformed:
        """Make the artifact, prove it while it is still out of sight, and only then let it appear."""
        began = time.perf_counter()
        needed = runtimes()[proof.runtime].needs
        with atomic_target(self.target) as partial, Spare(report, preload=needed) as spare:
            report.progress(None, _(self.plugin.label))
            outcome = work(partial)
            if not partial.exists():
                raise RuntimeError(f"{self.plugin.id} wrote nothing to its target")
            artifact = proof.loadable(partial)
            written = _graph_of(artifact)
            inputs = _inputs_at(written, self.signature) if written else []  # what is unreadable, verification says
            verified, doubts = self._prove(artifact, inputs, proof, dataset, report=report, spare=spare)
            report.progress(None, _("Recording the step"))
            transformed = Transformed(
                artifact=str(self.target),
                format=produced,
                bytes_before=size_of(self.source),
                bytes_after=size_of(partial),
                weights_before=self.graph.weights_bytes,
                weights_after=written.weights_bytes if written is not None else 0,
                verified=verified,
                seconds=0.0,
                plugin=self.plugin.id,
                params=msgspec.to_builtins(self.params),
                source_sha256=fingerprint(self.source),
                artifact_sha256=fingerprint(partial),
                data=self.data,
                data_sha256=dataset.digest(),
                tools=tools.versions("numpy", *needed, *(name for name in self.plugin.needs if name in sys.modules)),
                notes=[*outcome.notes, *doubts],
                figures=outcome.figures,
                tables=outcome.tables,
            )
            done = msgspec.structs.replace(transformed, seconds=time.perf_counter() - began)
            keep_step(self.target, source=self.source, step=done)  # first: an artifact is never there without it
        return done

    def _prove(
        self, artifact: Path, inputs: list[Port], proof: Proof, dataset: Dataset, *, report: Report, spare: Spare
    ) -> tuple[Agreement | None, list[str]]:
        try:
            verified = verify(
                self.source,
                artifact,
                data=self.data,
                dataset=dataset,
                artifact_inputs=inputs,
                runtime=proof.runtime,
                tolerance=proof.tolerance,
                report=report,
                spare=spare,
                signature=self.signature,
            )
        except WorkbenchError as error:  # of the source: what is wrong with the artifact is in ``verified``
            return None, [_("It could not be verified: {reason}").format(reason=error.message)]
        doubts = list(verified.notes)
        if not verified.passed:
            doubts.insert(0, _("Verification failed: {finding}").format(finding=judge(verified).headline))
        return verified, doubts


def _graph_of(artifact: Path) -> Graph | None:
    """Return what the artifact's file says of itself; None when it cannot be read, which verification will say."""
    try:
        return read_model(artifact)
    except WorkbenchError:
        return None


def _inputs_at(graph: Graph, signature: str) -> list[Port]:
    return next((item.inputs for item in graph.signatures if item.name == signature), graph.inputs)


P = TypeVar("P", bound=Plugin)


def _plugin(known: dict[str, P], wanted: str, kind: str) -> P:
    if wanted not in known:
        raise WorkbenchError(
            _("There is no {kind} called {name}.").format(kind=kind, name=wanted),
            _("Known: {names}.").format(names=", ".join(known)),
        )
    return known[wanted]
