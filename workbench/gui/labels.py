"""Labels and tool tips that show what they are given as it is: names from files are never taken for HTML."""

from __future__ import annotations

from html import escape
from typing import Any

from PySide6 import QtGui
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel


class Label(QLabel):
    """A QLabel of plain text; Qt's own would guess, and fetch the picture that ``<img src=...>`` in a name asks for."""

    def __init__(self, text: str = "", *, role: str = "", **settings: Any) -> None:
        """``role`` is that of the style sheet; ``settings`` are QLabel's own."""
        super().__init__(**settings)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)
        if role:
            self.setProperty("role", role)


def tip(text: str) -> str:
    """Return ``text`` so that a tool tip shows it as it is."""
    return f"<p style='white-space:pre-wrap'>{escape(text)}</p>" if QtGui.Qt.mightBeRichText(text) else text
