"""What all tests share: no display, no settings of the person who runs them, and where the real models are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("LANGUAGE", "en")
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Know pytest-qt's setting when that plugin is switched off (the run with Qt blocked)."""
    if pluginmanager.is_blocked("pytest-qt"):
        for name in ("qt_log_level_fail", "qt_log_ignore"):
            parser.addini(name, "unused: pytest-qt is off")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests of real models unless they have been fetched (``make test-real``)."""
    if os.environ.get("WORKBENCH_REAL_MODELS"):
        return
    real = [item for item in items if item.get_closest_marker("real")]
    if real:
        config.hook.pytest_deselected(items=real)
        items[:] = [item for item in items if item not in set(real)]


@pytest.fixture(scope="session")
def real_models() -> Path:
    """The folder into which tests/fetch_real_models.py unpacked the public packages."""
    return Path(os.environ["WORKBENCH_REAL_MODELS"])


@pytest.fixture(scope="session")
def samples() -> Path:
    """The bundled samples."""
    return Path(__file__).resolve().parents[1] / "resources" / "samples"


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep settings, logs, caches and projects of the tests away from the person's own."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    return home
