"""Colours, icons and the style sheet: the only place where a colour or a glyph is chosen."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from workbench.core.paths import resources

Mode = Literal["system", "light", "dark"]

LIGHT = {
    "window": "#f3f4f7",
    "surface": "#ffffff",
    "raised": "#ffffff",
    "sunken": "#e9ebf0",
    "canvas": "#fafbfc",
    "border": "#d5d9e2",
    "border-strong": "#b4bbc9",
    "text": "#1b2130",
    "muted": "#596377",
    "disabled": "#9ba3b3",
    "accent": "#2f5fe0",
    "accent-hover": "#2450c6",
    "accent-pressed": "#1d43aa",
    "accent-text": "#ffffff",
    "accent-soft": "#e3ebfd",
    "hover": "#e6e9f0",
    "selection": "#d8e3fc",
    "focus": "#2f5fe0",
    "good": "#16794a",
    "good-soft": "#dff3e8",
    "warning": "#8f5a00",
    "warning-soft": "#fdf0d5",
    "bad": "#bf2a45",
    "bad-soft": "#fde4e8",
    "info": "#2f5fe0",
    "info-soft": "#e3ebfd",
    "edge": "#8a93a5",
    "grid": "#e3e6ec",
    "op-text": "#ffffff",
    "chart-1": "#2f5fe0",
    "chart-2": "#d9622b",
    "chart-3": "#16876b",
    "chart-4": "#9a3fc0",
    "chart-5": "#b4862a",
    "chart-6": "#c2366b",
    "chart-7": "#3a8fb7",
    "chart-8": "#6b7280",
}
DARK = {
    "window": "#15181f",
    "surface": "#1c2029",
    "raised": "#252a35",
    "sunken": "#101319",
    "canvas": "#181b23",
    "border": "#323947",
    "border-strong": "#485164",
    "text": "#e5e8ee",
    "muted": "#9ba5b7",
    "disabled": "#616b7d",
    "accent": "#7aa2ff",
    "accent-hover": "#93b4ff",
    "accent-pressed": "#5f8df5",
    "accent-text": "#0d1322",
    "accent-soft": "#233355",
    "hover": "#2a303d",
    "selection": "#2a3d66",
    "focus": "#7aa2ff",
    "good": "#57cb95",
    "good-soft": "#17382a",
    "warning": "#efb454",
    "warning-soft": "#3b2e14",
    "bad": "#ff8494",
    "bad-soft": "#46202a",
    "info": "#7aa2ff",
    "info-soft": "#233355",
    "edge": "#6f7a8f",
    "grid": "#2a303c",
    "op-text": "#ffffff",
    "chart-1": "#7aa2ff",
    "chart-2": "#ff9a66",
    "chart-3": "#4fd1ac",
    "chart-4": "#cf8bf0",
    "chart-5": "#e6c15c",
    "chart-6": "#ff86b0",
    "chart-7": "#74c7ec",
    "chart-8": "#a3adbd",
}
OPS = {
    "input-output": ("#5b6478", "#4d566a"),
    "convolution": ("#2f5fe0", "#3659b8"),
    "dense": ("#5546d6", "#5248b0"),
    "recurrent": ("#8b3bb8", "#7d3ba3"),
    "attention": ("#a8327e", "#963072"),
    "normalization": ("#14735c", "#1a6a57"),
    "activation": ("#a33a32", "#933b34"),
    "pooling": ("#1f7a3d", "#256e3d"),
    "shape": ("#76551f", "#705223"),
    "elementwise": ("#3b5f7d", "#375a78"),
    "reduction": ("#0e6d84", "#14667a"),
    "quantization": ("#b0480f", "#9c4413"),
    "embedding": ("#6d5bb0", "#6050a0"),
    "control": ("#8a2f57", "#7d2f51"),
    "constant": ("#6c7483", "#525b6b"),
    "other": ("#4b5568", "#465064"),
}


class _Look:
    """The theme in force; a class so that switching needs no global statement."""

    roles: dict[str, str] = LIGHT
    dark: bool = False
    dressed: bool = False
    """The widget style has been chosen."""


def colour(role: str) -> QColor:
    """Return the colour of a role ("text", "muted", "accent", "good", "chart-1" ...); KeyError when unknown."""
    return QColor(_Look.roles[role])


def op_colour(category: str) -> QColor:
    """Return the fill of a node whose op is in ``category`` (see resources/op_categories.json); text: "op-text"."""
    light, dark = OPS.get(category, OPS["other"])
    return QColor(dark if _Look.dark else light)


def apply(app: QApplication, mode: Mode = "system") -> None:
    """Put ``mode`` in force for the whole application; "system" asks the desktop."""
    schemes = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
    app.styleHints().setColorScheme(schemes.get(mode, Qt.ColorScheme.Unknown))
    _Look.dark = app.styleHints().colorScheme() == Qt.ColorScheme.Dark if mode == "system" else mode == "dark"
    _Look.roles = DARK if _Look.dark else LIGHT
    if not _Look.dressed:
        app.setStyle("Fusion")  # dresses every widget anew: once is enough
        _Look.dressed = True
    app.setPalette(_palette())
    app.setStyleSheet(style_sheet())


def style_sheet() -> str:
    """Return the style sheet with ``@role`` replaced by colours and ``@icons`` by the icon folder."""
    text = (resources() / "styles" / "workbench.qss").read_text(encoding="utf-8")
    shade = "dark" if _Look.dark else "light"
    places = {"icons": (resources() / "icons").as_posix(), "shade": shade}
    return re.sub(r"@\{?([a-z0-9-]+)\}?", lambda found: {**_Look.roles, **places}[found.group(1)], text)


def _palette() -> QPalette:
    roles = {
        QPalette.ColorRole.Window: "window",
        QPalette.ColorRole.WindowText: "text",
        QPalette.ColorRole.Base: "surface",
        QPalette.ColorRole.AlternateBase: "canvas",
        QPalette.ColorRole.Text: "text",
        QPalette.ColorRole.Button: "raised",
        QPalette.ColorRole.ButtonText: "text",
        QPalette.ColorRole.BrightText: "bad",
        QPalette.ColorRole.Highlight: "selection",
        QPalette.ColorRole.HighlightedText: "text",
        QPalette.ColorRole.ToolTipBase: "raised",
        QPalette.ColorRole.ToolTipText: "text",
        QPalette.ColorRole.PlaceholderText: "muted",
        QPalette.ColorRole.Link: "accent",
        QPalette.ColorRole.LinkVisited: "accent",
        QPalette.ColorRole.Mid: "border",
        QPalette.ColorRole.Midlight: "hover",
        QPalette.ColorRole.Dark: "border-strong",
        QPalette.ColorRole.Light: "raised",
        QPalette.ColorRole.Shadow: "border-strong",
        QPalette.ColorRole.Accent: "accent",
    }
    palette = QPalette()
    for role, name in roles.items():
        palette.setColor(role, colour(name))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, colour("disabled"))
    return palette


def monospace() -> QFont:
    """Return the system's fixed-width font at the application's size."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(QApplication.font().pointSizeF())
    return font


class _GlyphEngine(QIconEngine):
    """Draws a glyph in the colour of the theme in force when it is painted, so that switching needs no new icons."""

    def __init__(self, name: str, role: str) -> None:
        super().__init__()
        self._name = name
        self._role = role

    def clone(self) -> QIconEngine:
        return _GlyphEngine(self._name, self._role)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        role = "disabled" if mode == QIcon.Mode.Disabled else self._role
        ratio = painter.device().devicePixelRatio()
        size = (round(rect.width() * ratio), round(rect.height() * ratio))
        painter.drawPixmap(rect, _picture(self._name, _Look.roles[role], *size))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        role = "disabled" if mode == QIcon.Mode.Disabled else self._role
        return _picture(self._name, _Look.roles[role], size.width(), size.height())


@lru_cache(maxsize=1000)
def _picture(name: str, shade: str, width: int, height: int) -> QPixmap:
    """Return a glyph as a picture of so many device pixels; kept, because qtawesome lays text out each time."""
    import qtawesome

    pixmap = QPixmap(width, height)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    qtawesome.icon(name, color=shade).paint(painter, QRect(0, 0, width, height))
    painter.end()
    return pixmap


def icon(name: str, role: str = "text") -> QIcon:
    """Return the qtawesome icon ``name`` ("folder-open" means "ph.folder-open") in the colour of ``role``.

    It follows the theme by itself: nobody needs to make icons anew when the theme changes.
    """
    return QIcon(_GlyphEngine(name if "." in name else f"ph.{name}", role))


def mark(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the style sheet asks for, and dress the widget anew."""
    widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def app_icon() -> QIcon:
    """Return the application's own icon."""
    return QIcon(str(resources() / "icons" / "workbench.svg"))
