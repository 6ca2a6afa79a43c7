"""The crash report: says in plain words that the app has a bug, and gives what a bug report needs."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from workbench.core.i18n import _
from workbench.core.paths import log_folder
from workbench.gui import theme
from workbench.gui.dialogs.about import version_text
from workbench.gui.labels import Label


class CrashDialog(QDialog):
    """Not a message but a report: the traceback is behind Details."""

    def __init__(self, trace: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Something went wrong"))
        self.setMinimumWidth(520)
        self._report = f"{version_text()}\n\n{trace}"
        details = QPlainTextEdit(self._report)
        details.setReadOnly(True)
        details.setFont(theme.monospace())
        details.setAccessibleName(_("Details"))
        details.setMinimumHeight(220)
        details.hide()
        show = QPushButton(_("Details"))
        show.setCheckable(True)
        show.toggled.connect(details.setVisible)
        copy = QPushButton(_("Copy report"))
        copy.clicked.connect(lambda: QApplication.clipboard().setText(self._report))
        for button in (show, copy):
            button.setAutoDefault(False)
        go_on = QPushButton(_("Go on"))
        go_on.setDefault(True)
        go_on.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(show)
        foot.addWidget(copy)
        foot.addStretch(1)
        foot.addWidget(go_on)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(14)
        layout.addLayout(_head())
        layout.addWidget(details)
        layout.addLayout(foot)

    def report(self) -> str:
        """Return what Copy report copies."""
        return self._report


def _head() -> QHBoxLayout:
    glyph = Label()
    glyph.setPixmap(theme.icon("bug", "bad").pixmap(40, 40))
    title = Label(_("Model Workbench has a bug here."))
    title.setProperty("role", "heading")
    text = Label(
        _("What you were doing may not have worked. Your project is safe, and you can go on. "
          "A report would help us: copy it and send it yourself; nothing is sent by the app.")
    )  # fmt: skip
    text.setWordWrap(True)
    where = Label(_("Log: {folder}").format(folder=log_folder()))
    where.setProperty("role", "muted")
    where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    where.setWordWrap(True)
    words = QVBoxLayout()
    for label in (title, text, where):
        words.addWidget(label)
    head = QHBoxLayout()
    head.setSpacing(16)
    head.addWidget(glyph, 0, Qt.AlignmentFlag.AlignTop)
    head.addLayout(words, 1)
    return head
