"""About: what this is, its licence, and the versions it works with."""

from __future__ import annotations

import platform

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

import workbench
from workbench.core import tools
from workbench.core.i18n import _
from workbench.gui import theme
from workbench.gui.labels import Label

PACKAGES = (
    "tensorflow",
    "keras",
    "tf-keras",
    "onnx",
    "onnxruntime",
    "ai-edge-litert",
    "tf2onnx",
    "numpy",
    "PySide6-Essentials",
)


class AboutDialog(QDialog):
    """Name, licence, versions with Copy."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("About Model Workbench"))
        self.setMinimumWidth(460)
        text = Label(
            _("Open, inspect, optimize, measure and export neural network models.\n"
              "Everything happens on this computer: nothing is uploaded, nothing is reported.\n"
              "Licence: Apache 2.0.")
        )  # fmt: skip
        text.setWordWrap(True)
        versions = QPlainTextEdit(version_text())
        versions.setReadOnly(True)
        versions.setFont(theme.monospace())
        versions.setAccessibleName(_("Versions"))
        versions.setFixedHeight(190)
        copy = QPushButton(_("Copy versions"))
        copy.setAutoDefault(False)
        copy.clicked.connect(lambda: QApplication.clipboard().setText(versions.toPlainText()))
        close = QPushButton(_("Close"))
        close.setDefault(True)
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(copy)
        foot.addStretch(1)
        foot.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(12)
        layout.addLayout(_head())
        layout.addWidget(text)
        layout.addWidget(versions)
        layout.addLayout(foot)


def _head() -> QHBoxLayout:
    mark = Label()
    mark.setPixmap(theme.app_icon().pixmap(64, 64))
    title = Label(_("Model Workbench {version}").format(version=workbench.__version__))
    title.setProperty("role", "title")
    head = QHBoxLayout()
    head.setSpacing(16)
    head.addWidget(mark)
    head.addWidget(title, 1)
    return head


def version_text() -> str:
    """Return the versions that a bug report needs, one a line."""
    found = {"python": platform.python_version(), "system": platform.platform(), **tools.versions(*PACKAGES)}
    return "\n".join(f"{name:<20} {version}" for name, version in found.items())
