"""The window's process never imports a machine learning library."""

from __future__ import annotations

from test_architecture import HEAVY, modules_after


def test_the_window_imports_no_machine_learning_library() -> None:
    loaded = modules_after("import workbench.gui.app, workbench.gui.main_window")
    assert "PySide6" in loaded
    assert not loaded & (HEAVY - {"PIL"})
