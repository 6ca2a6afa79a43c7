"""Where a file dialog begins."""

from __future__ import annotations

from pathlib import Path

from workbench.core.settings import Settings


def test_it_begins_where_one_was_last_used_else_beside_the_newest_model_else_at_home(tmp_path: Path) -> None:
    settings = Settings()
    assert settings.start_folder() == Path.home()
    models = tmp_path / "models"
    models.mkdir()
    settings.remember(tmp_path / "gone" / "a.onnx")
    settings.remember(models / "b.onnx")
    assert settings.start_folder() == models
    settings.visit(tmp_path / "data.npz")
    assert settings.start_folder() == tmp_path
