"""Where files live: resources, settings, logs, caches."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import platformdirs

APP = "model-workbench"


def resources() -> Path:
    """Return the folder of icons, samples, recipes and translations (beside the package, or in the frozen app)."""
    frozen = getattr(sys, "_MEIPASS", None)
    root = Path(frozen) if frozen else Path(__file__).resolve().parents[2]
    return root / "resources"


def settings_folder() -> Path:
    """Return the folder for settings (``WORKBENCH_HOME`` overrides all three, for tests and portable use)."""
    home = os.environ.get("WORKBENCH_HOME")
    return Path(home) / "config" if home else Path(platformdirs.user_config_dir(APP, appauthor=False))


def log_folder() -> Path:
    """Return the folder for logs and crash reports."""
    home = os.environ.get("WORKBENCH_HOME")
    return Path(home) / "log" if home else Path(platformdirs.user_log_dir(APP, appauthor=False))


def cache_folder() -> Path:
    """Return the folder for scratch space and caches; safe to delete."""
    home = os.environ.get("WORKBENCH_HOME")
    return Path(home) / "cache" if home else Path(platformdirs.user_cache_dir(APP, appauthor=False))


def data_folder() -> Path:
    """Return the folder for projects that the person did not place elsewhere."""
    home = os.environ.get("WORKBENCH_HOME")
    return Path(home) / "data" if home else Path(platformdirs.user_data_dir(APP, appauthor=False))


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder (a SavedModel); links are not followed."""
    if path.is_dir():
        return sum(item.lstat().st_size for item in path.rglob("*") if item.is_file() and not item.is_symlink())
    return path.stat().st_size
