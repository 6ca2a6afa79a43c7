"""A picture of the window at work on a project, without a person: for the demo and the README."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, cast

from PySide6.QtCore import QEventLoop, QTimer, SignalInstance

from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _
from workbench.core.settings import Settings
from workbench.gui import app
from workbench.gui.graph.graph_tab import GraphTab
from workbench.gui.panels.benchmark import BenchmarkPanel
from workbench.jobs.runner import Runner

LIMIT_MS = 60_000


def take(
    project: Path, model_id: int, target: Path, runner: Runner, *, theme: Literal["light", "dark"] = "light"
) -> Path:
    """Open the window on ``project`` with one model and its last benchmark in view, and save it as PNG.

    Raises WorkbenchError when the graph is not drawn within a minute. Closing the window closes the runner too.
    """
    window = app.build_window(runner, Settings(theme=theme), project)
    window.resize(1440, 1000)
    window.show()
    try:
        # The benchmark first: its dock grows when it is first seen, and the graph is fitted to what room is left.
        benchmark = cast(BenchmarkPanel, window.show_pane("benchmark"))
        settle()
        graph = cast(GraphTab, window.show_pane("graph"))
        until(graph.drawn, lambda: window.state.select(model_id))
        runs = window.state.project.runs("benchmark")
        if runs:
            benchmark.history.pick(runs[-1].id)
        settle()
        app.grab(window, target)
    finally:
        window.close_now()
    return target


def until(signal: SignalInstance, begin: Callable[[], None]) -> None:
    """Call ``begin`` and serve the window's events until ``signal``; raises WorkbenchError after a minute."""
    loop, clock = QEventLoop(), QTimer()
    signal.connect(loop.quit)
    clock.setSingleShot(True)
    clock.timeout.connect(lambda: loop.exit(1))
    clock.start(LIMIT_MS)
    QTimer.singleShot(0, begin)
    if loop.exec() != 0:
        raise WorkbenchError(_("The graph was not drawn within a minute."), _("The log says more."))


def settle() -> None:
    """Serve events for half a second, so that animations and late layouts come to rest."""
    loop = QEventLoop()
    QTimer.singleShot(500, loop.quit)
    loop.exec()
