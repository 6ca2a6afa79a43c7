"""A rotating log file; nothing is ever sent anywhere."""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path

from workbench.core.paths import log_folder


def start(name: str) -> Path:
    """Log this process to ``<log folder>/<name>.log`` (1 MB, 3 kept) and return that path.

    Where that folder cannot be made nothing is logged: a program that cannot log must still be able to say why.
    """
    folder = log_folder()
    path = folder / f"{name}.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return path
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=1_000_000, backupCount=3, encoding="utf-8", delay=True
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    return path
