"""What tests of the window share: a real window with real workers on an empty project."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from workbench.core.settings import Settings
from workbench.gui import app
from workbench.gui.main_window import MainWindow
from workbench.jobs.runner import Runner

WAIT_MS = 60_000
"""For a job in a worker that has to start first, on a busy machine."""

OFFSCREEN = r"^This plugin does not support (propagateSizeHints|raise|grabbing|setting window)"
"""What the offscreen platform says of itself; it says nothing about our window."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the offscreen platform talk; every other Qt warning fails the test."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.qt_log_ignore(OFFSCREEN, extend=True))


OpenModel = Callable[[Path], None]


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    """A shown window; its workers start with the first job."""
    shown = app.build_window(Runner(warm=False), Settings(theme="light"), tmp_path / "project")
    qtbot.addWidget(shown)
    shown.show()
    qtbot.waitExposed(shown)
    yield shown
    shown.close_now()


@pytest.fixture
def open_model(qtbot: QtBot, window: MainWindow) -> OpenModel:
    """Open a model and wait until its graph is there."""

    def opened(path: Path) -> None:
        with qtbot.waitSignal(window.state.graph_ready, timeout=WAIT_MS):
            window.state.open_model(path)
        qtbot.waitUntil(lambda: not window.jobs.running(), timeout=WAIT_MS)

    return opened
