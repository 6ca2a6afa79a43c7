"""The welcome page: drop a model here, open a recent one, or try a bundled sample."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from workbench.core.i18n import _
from workbench.gui import samples, theme
from workbench.gui.labels import Label, tip
from workbench.gui.samples import Sample
from workbench.gui.state import State

COLUMN = 860
"""Width of the page's text column in pixels."""
SHOWN_RECENT = 6


def dropped_paths(mime: QMimeData) -> list[str]:
    """Return the local files and folders that are being dragged."""
    return [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]


class WelcomePage(QScrollArea):
    """What an empty window shows."""

    def __init__(self, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        page = QWidget()
        page.setObjectName("Welcome")
        column = QWidget()
        column.setMaximumWidth(COLUMN)
        column.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        outer = QHBoxLayout(page)
        outer.setContentsMargins(32, 28, 32, 28)
        outer.addStretch(1)
        outer.addWidget(column, 100)
        outer.addStretch(1)
        self._layout = QVBoxLayout(column)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(18)
        self._layout.addLayout(_masthead())
        self.zone = DropZone()
        self.zone.picked.connect(lambda path: state.open_model(Path(path)))
        self._layout.addWidget(self.zone)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(2)
        self._layout.addLayout(self._recent)
        self._layout.addLayout(self._samples())
        self._layout.addStretch(1)
        self.setWidget(page)
        self.refresh()

    def refresh(self) -> None:
        """Show the recent files as they are now."""
        while (item := self._recent.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        paths = [Path(text) for text in self._state.settings.recent[:SHOWN_RECENT]]
        if paths:
            self._recent.addWidget(_heading(_("Recent")))
        for path in paths:
            row = RecentRow(path)
            row.clicked.connect(lambda _checked=False, path=path: self._state.open_model(path))
            self._recent.addWidget(row)

    def _samples(self) -> QVBoxLayout:
        section = QVBoxLayout()
        section.setSpacing(8)
        bundled = samples.bundled()
        if not bundled:
            return section
        section.addWidget(_heading(_("Try it in one minute")))
        grid = QGridLayout()
        grid.setSpacing(10)
        for index, sample in enumerate(bundled):
            card = SampleCard(sample)
            card.clicked.connect(lambda _checked=False, sample=sample: samples.open_sample(self._state, sample))
            grid.addWidget(card, index // 3, index % 3)
        for column in range(3):
            grid.setColumnStretch(column, 1)
        section.addLayout(grid)
        return section


class DropZone(QFrame):
    """A field that takes a dropped model, with buttons for those who do not drag."""

    picked = Signal(str)
    """Path of what was dropped."""
    file_wanted = Signal()
    folder_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("DropZone")
        self.setAcceptDrops(True)
        self.setMinimumHeight(170)
        glyph = GlyphLabel("download-simple", "accent", 34)
        title = Label(_("Drop a model here"))
        title.setProperty("role", "heading")
        kinds = Label(
            _("Keras .h5 and .keras, TensorFlow SavedModel folder, ONNX, TFLite. Nothing in the file is run.")
        )
        kinds.setProperty("role", "muted")
        kinds.setWordWrap(True)
        kinds.setAlignment(Qt.AlignmentFlag.AlignCenter)
        file_button = QPushButton(theme.icon("folder-open", "accent-text"), _("Open file..."))
        file_button.setProperty("primary", True)
        file_button.clicked.connect(self.file_wanted)
        folder_button = QPushButton(theme.icon("folder-notch-open"), _("Open SavedModel folder..."))
        folder_button.clicked.connect(self.folder_wanted)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addStretch(1)
        buttons.addWidget(file_button)
        buttons.addWidget(folder_button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 20)
        layout.setSpacing(8)
        layout.addStretch(1)
        layout.addWidget(glyph, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(title, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(kinds)
        layout.addSpacing(6)
        layout.addLayout(buttons)
        layout.addStretch(1)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Light up for files and folders."""
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()
            self._set_active("true")

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Go back to rest."""
        self._set_active("false")

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        self._set_active("false")
        for path in dropped_paths(event.mimeData()):
            self.picked.emit(path)
        event.acceptProposedAction()

    def _set_active(self, active: str) -> None:
        theme.mark(self, "active", active)


class GlyphLabel(QWidget):
    """A large glyph that follows the theme."""

    def __init__(self, name: str, role: str, pixels: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = theme.icon(name, role)
        self._pixels = pixels
        self.setFixedSize(pixels, pixels)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the glyph in the colours of the theme in force."""
        self._icon.paint(QPainter(self), self.rect())


class RecentRow(QPushButton):
    """A recent file: name and folder; greyed when it is gone."""

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("RecentRow")
        exists = path.exists()
        self.setEnabled(exists)
        name = Label(path.name)
        name.setEnabled(exists)
        folder = Label(_shortened(path.parent) if exists else _("not there any more: {path}").format(path=path.parent))
        folder.setProperty("role", "muted")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 4, 10, 4)
        layout.setSpacing(10)
        layout.addWidget(GlyphLabel("folder-simple" if path.is_dir() else "cube", "text" if exists else "disabled", 18))
        layout.addWidget(name)
        layout.addWidget(folder, 1)
        self.setFixedHeight(34)
        self.setAccessibleName(_("Open {path}").format(path=path))
        self.setToolTip(tip(str(path)))


class SampleCard(QPushButton):
    """A bundled sample."""

    def __init__(self, sample: Sample, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("SampleCard")
        self.setAccessibleName(f"{sample.title}, {sample.kind()}")
        title = Label(sample.title)
        title.setStyleSheet("font-weight: 600;")
        kind = Label(sample.kind())
        kind.setProperty("role", "badge")
        summary = Label(sample.summary)
        summary.setProperty("role", "muted")
        summary.setWordWrap(True)
        summary.setAlignment(Qt.AlignmentFlag.AlignTop)
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(kind)
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(14, 12, 14, 12)
        self._box.setSpacing(6)
        self._box.addLayout(head)
        self._box.addWidget(summary, 1)
        self.setMinimumHeight(96)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)

    def sizeHint(self) -> QSize:
        """Return the size of the texts, which a button does not ask its layout for."""
        return self._box.sizeHint()

    def hasHeightForWidth(self) -> bool:
        """Say that the summary wraps."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height that the wrapped summary needs."""
        return max(self.minimumHeight(), self._box.heightForWidth(width))


class DropOverlay(QFrame):
    """Covers the window while a file is dragged over it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("DropZone")
        self.setProperty("active", "true")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        label = Label(_("Drop to open"))
        label.setProperty("role", "title")
        layout = QVBoxLayout(self)
        layout.addWidget(label, 0, Qt.AlignmentFlag.AlignCenter)
        self.hide()

    def show_over(self, window: QWidget) -> None:
        """Cover ``window``."""
        self.setGeometry(window.rect().adjusted(10, 10, -10, -10))
        self.raise_()
        self.show()


def _masthead() -> QHBoxLayout:
    mark = Label()
    mark.setPixmap(theme.app_icon().pixmap(56, 56))
    title = Label(_("Model Workbench"))
    title.setStyleSheet("font-size: 19pt; font-weight: 600;")
    line = Label(_("Look into a neural network, make it smaller and faster, measure it, export it."))
    line.setProperty("role", "muted")
    texts = QVBoxLayout()
    texts.setSpacing(2)
    texts.addWidget(title)
    texts.addWidget(line)
    row = QHBoxLayout()
    row.setSpacing(16)
    row.addWidget(mark)
    row.addLayout(texts, 1)
    return row


def _heading(text: str) -> Label:
    label = Label(text)
    label.setProperty("role", "heading")
    label.setContentsMargins(0, 4, 0, 4)
    return label


def _shortened(folder: Path) -> str:
    home = Path.home()
    return f"~/{folder.relative_to(home)}" if folder.is_relative_to(home) else str(folder)
