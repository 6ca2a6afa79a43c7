"""The log panel: what jobs and libraries say, line by line."""

from __future__ import annotations

from PySide6.QtGui import QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from workbench.core.i18n import _
from workbench.gui import theme
from workbench.gui.jobs import LOG_LINES, Jobs
from workbench.gui.state import State

ROLES = {"debug": "muted", "info": "text", "warning": "warning", "error": "bad"}


class LogPanel(QWidget):
    """Lines with time and job; filter by text; the libraries' own chatter can be hidden."""

    def __init__(self, state: State, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._filter = QLineEdit()
        self._filter.setPlaceholderText(_("Filter"))
        self._filter.setAccessibleName(_("Filter the log"))
        self._filter.setClearButtonEnabled(True)
        self._filter.setMaximumWidth(260)
        self._chatter = QCheckBox(_("Show what libraries print"))
        copy = QPushButton(_("Copy"))
        clear = QPushButton(_("Clear"))
        self._view = QPlainTextEdit()
        self._view.setReadOnly(True)
        self._view.setMaximumBlockCount(LOG_LINES)
        self._view.setFont(theme.monospace())
        self._view.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._view.setAccessibleName(_("Log"))
        row = QHBoxLayout()
        row.addWidget(self._filter)
        row.addWidget(self._chatter)
        row.addStretch(1)
        row.addWidget(copy)
        row.addWidget(clear)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addLayout(row)
        layout.addWidget(self._view, 1)
        self.setFocusProxy(self._filter)
        self._filter.textChanged.connect(self._show_all)
        self._chatter.toggled.connect(self._show_all)
        copy.clicked.connect(lambda: QApplication.clipboard().setText(self._view.toPlainText()))
        clear.clicked.connect(self._clear)
        jobs.logged.connect(self._append)
        state.theme_changed.connect(self._show_all)
        self._show_all()

    def text(self) -> str:
        """Return the lines that are shown."""
        return self._view.toPlainText()

    def narrow(self, text: str) -> None:
        """Show only the lines that hold ``text``."""
        self._filter.setText(text)

    def _append(self, level: str, text: str) -> None:
        if (level == "debug" and not self._chatter.isChecked()) or self._filter.text().lower() not in text.lower():
            return
        bar = self._view.verticalScrollBar()
        follows = bar.value() >= bar.maximum() - 2
        shape = QTextCharFormat()
        shape.setForeground(theme.colour(ROLES[level]))
        cursor = QTextCursor(self._view.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(("\n" if not self._view.document().isEmpty() else "") + text, shape)
        if follows:
            bar.setValue(bar.maximum())

    def _show_all(self) -> None:
        self._view.clear()
        for level, text in self._jobs.log:
            self._append(level, text)

    def _clear(self) -> None:
        self._jobs.log.clear()
        self._view.clear()
