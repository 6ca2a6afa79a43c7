"""What the graph tab shows instead of a graph: nothing open, loading, or what went wrong."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from workbench.core.i18n import _
from workbench.gui import theme
from workbench.gui.labels import Label


class Spinner(QWidget):
    """An arc that turns while something is under way."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(44, 44)
        self._angle = 0
        self._timer = QTimer(self)
        self._timer.setInterval(30)
        self._timer.timeout.connect(self._turn)

    def showEvent(self, event: QShowEvent) -> None:
        """Turn only while it can be seen."""
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest."""
        self._timer.stop()

    def _turn(self) -> None:
        self._angle = (self._angle - 10) % 360
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a ring and the turning arc."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = QRectF(4, 4, 36, 36)
        painter.setPen(QPen(theme.colour("border"), 4))
        painter.drawEllipse(ring)
        pen = QPen(theme.colour("accent"), 4)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawArc(ring, self._angle * 16, 90 * 16)
        painter.end()


class Glyph(QWidget):
    """A large icon in the colour of the theme in force."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(48, 48)
        self._icon = theme.icon(name, "muted")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint it."""
        painter = QPainter(self)
        self._icon.paint(painter, self.rect())
        painter.end()


class Page(QWidget):
    """A glyph or spinner, a sentence, a hint and perhaps a button, in the middle."""

    pressed = Signal()

    def __init__(self, *, glyph: str = "", button: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        column.addStretch(2)
        mark: QWidget = Spinner()
        if glyph:
            mark = Glyph(glyph)
        column.addWidget(mark, 0, Qt.AlignmentFlag.AlignHCenter)
        self.text = _centred()
        self.text.setStyleSheet("font-size: 15px; font-weight: 600;")
        self.hint = _centred()
        self.hint.setProperty("role", "muted")
        column.addWidget(self.text)
        column.addWidget(self.hint)
        if button:
            self.button = QPushButton(button)
            self.button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            self.button.clicked.connect(self.pressed)
            column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)

    def say(self, text: str, hint: str = "") -> None:
        """Show a sentence and, smaller, a hint."""
        self.text.setText(text)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))


def empty_page() -> Page:
    """Return the page for when no model is open."""
    page = Page(glyph="tree-structure")
    page.say(_("No model is open."), _("Open one, or drop a file here, and its graph is drawn."))
    return page


def _centred() -> Label:
    label = Label()
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
