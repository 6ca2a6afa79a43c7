"""The message bar: what went wrong or well, what to do, and the details on request."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from workbench.core.i18n import _
from workbench.gui import theme
from workbench.gui.labels import Label

GLYPHS = {"info": "info", "good": "check-circle", "warning": "warning", "error": "warning-octagon"}
ROLES = {"info": "info", "good": "good", "warning": "warning", "error": "bad"}
STAYS_MS = {"info": 8000, "good": 12000}
"""Good news leaves by itself; warnings and errors stay until they are closed or replaced."""


class MessageBar(QFrame):
    """One message at a time, at the foot of the window."""

    shown_changed = Signal(bool)
    """It came or went; a tool bar that holds it must know."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("MessageBar")
        self.setAccessibleName(_("Message"))
        self._glyph = Label()
        self._text = _wrapping_label()
        self._text.setStyleSheet("font-weight: 600;")
        self._hint = _wrapping_label()
        self.details_button = QPushButton(_("Details"))
        self.details_button.setCheckable(True)
        self.copy_button = QPushButton(_("Copy"))
        self._close_button = QToolButton()
        self._close_button.setIcon(theme.icon("x"))
        self._close_button.setAccessibleName(_("Close this message"))
        self._close_button.setToolTip(_("Close this message (Esc)"))
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setMaximumHeight(170)
        self._details.setAccessibleName(_("Details"))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.dismiss)
        self._arrange()
        for button in (self.details_button, self.copy_button):
            button.setProperty("link", True)
        self.details_button.toggled.connect(self._details.setVisible)
        self.details_button.toggled.connect(self._fit)
        self.copy_button.clicked.connect(self._copy)
        self._close_button.clicked.connect(self.dismiss)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        escape.activated.connect(self.dismiss)
        self._shown = False
        self.hide()

    def _arrange(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(1)
        texts.addWidget(self._text)
        texts.addWidget(self._hint)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addLayout(texts, 1)
        for button in (self.details_button, self.copy_button, self._close_button):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 7, 8, 7)
        layout.addLayout(row)
        layout.addWidget(self._details)

    def show_message(self, text: str, hint: str = "", details: str = "", level: str = "info") -> None:
        """Show ``text`` (bold), ``hint`` below it and ``details`` behind a button; an older message goes."""
        self._timer.stop()
        self._text.setText(text)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self._details.setPlainText(details)
        self.details_button.setChecked(False)
        self._details.hide()
        self.details_button.setVisible(bool(details))
        self._glyph.setPixmap(theme.icon(GLYPHS[level], ROLES[level]).pixmap(20, 20))
        theme.mark(self, "level", level)
        for part in (self, *self.findChildren(QWidget)):
            part.ensurePolished()  # with the fonts of the style sheet, or the first message is measured too low
        self._shown = True
        self.show()
        self._fit()
        self.shown_changed.emit(True)
        QTimer.singleShot(0, self, self._fit)  # once it has its place and width
        if level in STAYS_MS:
            self._timer.start(STAYS_MS[level])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Be as high as the wrapped text needs at this width."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._fit()

    def _fit(self) -> None:
        layout = self.layout()
        if layout is not None and self._shown:
            layout.invalidate()
            layout.activate()
            self.setFixedHeight(layout.totalHeightForWidth(self.width()))

    def dismiss(self) -> None:
        """Take the message away."""
        self._shown = False
        self.hide()
        self.shown_changed.emit(False)

    def tell_visibility(self) -> None:
        """Say again whether a message is shown."""
        self.shown_changed.emit(self._shown)

    def text(self) -> str:
        """Return the message that is shown, or "" when none is."""
        return self._text.text() if self._shown else ""

    def hint(self) -> str:
        """Return the hint that is shown."""
        return self._hint.text() if self._shown else ""

    def details_shown(self) -> bool:
        """Say whether the details are open."""
        return not self._details.isHidden()

    def _copy(self) -> None:
        parts = (self._text.text(), self._hint.text(), self._details.toPlainText())
        QApplication.clipboard().setText("\n".join(part for part in parts if part))


def _wrapping_label() -> Label:
    label = Label()
    label.setWordWrap(True)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label
