"""The tool button that the panels' tool rows are made of."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton

from workbench.gui import theme


def tool(text: str, icon: str, tip: str) -> QToolButton:
    """Return a flat button with an icon, its text and an explanation."""
    button = QToolButton()
    button.setText(text)
    button.setIcon(theme.icon(icon))
    button.setToolTip(tip)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return button
