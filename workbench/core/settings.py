"""What the application remembers between runs: a small JSON file, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import msgspec

from workbench.core.paths import settings_folder

RECENT = 12
"""So many recent files are kept."""


class Settings(msgspec.Struct):
    """Everything that is remembered; unknown fields of a newer version are ignored, missing ones have defaults."""

    theme: Literal["system", "light", "dark"] = "system"
    recent: list[str] = []
    """Model files and folders, newest first."""
    project: str = ""
    """Folder of the last project."""
    geometry: str = ""
    """Window geometry and state, base64 of what Qt gives."""
    docks: str = ""
    folder: str = ""
    """Where a file was last chosen."""

    def start_folder(self) -> Path:
        """Return where a file dialog begins: where one was last used, beside the newest model, or at home."""
        for folder in (Path(self.folder), *(Path(recent).parent for recent in self.recent)):
            if folder.is_absolute() and folder.is_dir():
                return folder
        return Path.home()

    def visit(self, picked: Path) -> None:
        """Begin beside ``picked`` the next time."""
        self.folder = str(picked.parent)

    def remember(self, path: Path) -> None:
        """Put ``path`` at the head of the recent files."""
        text = str(path)
        self.recent = [text, *(old for old in self.recent if old != text)][:RECENT]


def load() -> Settings:
    """Return the stored settings, or the defaults when there are none or the file is damaged."""
    try:
        return msgspec.json.decode(_file().read_bytes(), type=Settings)
    except (OSError, msgspec.MsgspecError):
        return Settings()


def save(settings: Settings) -> None:
    """Store the settings; raises OSError when the folder cannot be written."""
    target = _file()
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}.partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(settings)))
    partial.replace(target)


def _file() -> Path:
    return settings_folder() / "settings.json"
