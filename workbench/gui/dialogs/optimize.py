"""The Optimize dialog: make a smaller or faster model with one of the passes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtWidgets import QLineEdit, QWidget

import workbench.passes
from workbench.core.i18n import _
from workbench.core.plugins import discover
from workbench.gui import steps
from workbench.gui.dialogs.step_dialog import AnyStepPlugin, StepDialog
from workbench.gui.dialogs.step_page import StepPage
from workbench.gui.jobs import Jobs
from workbench.gui.state import State
from workbench.jobs.transform import Optimize
from workbench.passes import Pass


class OptimizeDialog(StepDialog):
    """One page per pass."""

    def __init__(self, state: State, jobs: Jobs, parent: QWidget | None = None, *, choose: str = "") -> None:
        self.list_title = _("Optimizations")
        self.verb = _("Optimize")
        super().__init__(state, jobs, parent, choose=choose)
        self.setWindowTitle(_("Optimize {name}").format(name=self.source.name))

    def plugins(self) -> Mapping[str, AnyStepPlugin]:
        """Return the passes."""
        return discover(workbench.passes, Pass)

    def page(self, plugin: AnyStepPlugin, obstacle: str) -> StepPage:
        """Return a page whose target is a name in the project."""
        name = QLineEdit(f"{Path(self.source.name).stem}-{plugin.id}")
        name.setAccessibleName(_("Name of the new model"))
        graph = self.state.graph_of(self.source.id)
        page = StepPage(
            self.state,
            plugin,
            obstacle,
            graph=graph,
            target=name,
            target_title=_("Name of the new model"),
            is_target_good=lambda: bool(name.text().strip()),
        )
        name.textChanged.connect(page.changed)
        return page

    def job(self, page: StepPage, *, real: bool) -> Optimize:
        """Return the Optimize job."""
        name = page.target.text().strip() if isinstance(page.target, QLineEdit) else page.plugin.id
        graph = self.state.graph_of(self.source.id)
        source_format = graph.format if graph is not None else self.source.format
        accepts = page.plugin.accepts
        suffix = steps.suffix_of(accepts[source_format]) if isinstance(accepts, dict) else ""
        params, data = page.params(), page.data.spec()
        target = self.state.project.new_artifact_path(name, suffix) if real else Path(f"{name}{suffix}")
        return Optimize(source=self.source.path, target=str(target), pass_id=page.plugin.id, params=params, data=data)
