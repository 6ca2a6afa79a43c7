"""Write a project's report: one HTML file that opens offline, prints on A4, and traces each figure to its run."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import workbench
from workbench.core import machine, tools
from workbench.core.captions import caption
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _, ngettext
from workbench.core.paths import resources
from workbench.core.project import Project
from workbench.core.report_entries import ModelEntry, RunEntry, model_entries, run_entries, when
from workbench.core.writing import atomic_target

TEMPLATE = "report.html"
LIBRARIES = ("tensorflow", "keras", "onnx", "onnxruntime", "ai-edge-litert", "ai-edge-quantizer", "tf2onnx", "numpy")


def write_report(project: Project, target: Path, *, screenshots: Sequence[Path] = ()) -> Path:
    """Write the report of ``project`` to ``target`` (.html) and return it.

    ``screenshots`` are PNG files that are put into the page. Raises WorkbenchError when the target exists or cannot be
    written, or a screenshot cannot be read.
    """
    page = render(project, screenshots=screenshots)
    with atomic_target(target) as partial:
        partial.write_text(page, encoding="utf-8")
    return target


def render(project: Project, *, screenshots: Sequence[Path] = ()) -> str:
    """Return the page as text."""
    import jinja2
    import markupsafe

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources() / "report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals.update(_=_, ngettext=ngettext)
    environment.filters["svg"] = markupsafe.Markup  # charts escape what they show themselves
    models, runs = model_entries(project), run_entries(project)
    return environment.get_template(TEMPLATE).render(
        project=project.folder.name,
        written=when(datetime.now(UTC).isoformat()),
        version=workbench.__version__,
        summary=_summary(models, runs),
        models=models,
        steps=[model for model in models if model.step is not None],
        runs=runs,
        datasets=[(record.label, record.spec.path, record.sha256) for record in project.datasets()],
        machine=[(caption(key), text) for key, text in machine.describe().items()],
        libraries=list(tools.versions(*LIBRARIES).items()),
        pictures=[_picture(path) for path in screenshots],
    )


def _summary(models: Sequence[ModelEntry], runs: Sequence[RunEntry]) -> list[tuple[str, str]]:
    """Return the counts at the head of the page."""
    failed = sum(model.step is not None and model.step.judged == "failed" for model in models)
    passed = sum(model.step is not None and model.step.judged == "passed" for model in models)
    steps = sum(model.step is not None for model in models)
    cards: list[tuple[str, Any]] = [
        (ngettext("model", "models", len(models)), len(models)),
        (ngettext("step", "steps", steps), steps),
        (ngettext("run", "runs", len(runs)), len(runs)),
    ]
    if passed:
        cards.append((ngettext("verified artifact", "verified artifacts", passed), passed))
    if failed:
        cards.append((_("beyond their tolerance"), failed))
    return [(name, str(value)) for name, value in cards]


def _picture(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WorkbenchError(
            _("The picture {path} cannot be read: {reason}.").format(path=path, reason=error.strerror)
        ) from error
    return f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"
