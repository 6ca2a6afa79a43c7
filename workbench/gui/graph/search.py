"""Find nodes of a drawing by name or op."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QWidget

from workbench.core.i18n import _
from workbench.gui import theme
from workbench.gui.graph.drawing import Drawing
from workbench.gui.labels import Label


class SearchBar(QWidget):
    """A search box with a count and two buttons that step through the hits."""

    found = Signal(list)
    """Indices of all hits; empty when the box is."""
    chosen = Signal(int)
    """The hit that was stepped to."""
    left = Signal()
    """Esc in the empty box: back to the graph."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._haystack: list[str] = []
        self._folded: list[tuple[str, int]] = []
        self.hits: list[int] = []
        self._at = -1
        self.box = QLineEdit()
        self.box.setPlaceholderText(_("Find name or op  (Ctrl+F)"))
        self.box.setAccessibleName(_("Find a node"))
        self.box.setClearButtonEnabled(True)
        self.box.setMinimumWidth(230)
        self.box.addAction(theme.icon("magnifying-glass", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.box.installEventFilter(self)
        self.count = Label()
        self.count.setMinimumWidth(64)
        self.count.setProperty("role", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.box)
        row.addWidget(self.count)
        self.previous = self._button("caret-up", _("Previous hit (Shift+Enter)"), -1)
        self.next = self._button("caret-down", _("Next hit (Enter)"), 1)
        row.addWidget(self.previous)
        row.addWidget(self.next)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(120)
        self._timer.timeout.connect(self.search)
        self.box.textChanged.connect(self._timer.start)
        self._show_count()

    def _button(self, glyph: str, text: str, step: int) -> QToolButton:
        button = QToolButton()
        button.setIcon(theme.icon(glyph))
        button.setToolTip(text)
        button.setAccessibleName(text)
        button.setAutoRaise(True)
        button.clicked.connect(lambda: self.step(step))
        return button

    def show_drawing(self, drawing: Drawing | None) -> None:
        """Search in another drawing; the text stays and is looked for again."""
        scene = drawing.scene if drawing is not None else None
        pairs = zip(scene.names, scene.titles, scene.subtitles, strict=True) if scene else ()
        self._haystack = ["\n".join(texts).lower() for texts in pairs]
        self._folded = [(name.lower(), node) for name, node in scene.folded.items()] if scene else []
        self.search()

    def look_for(self, text: str) -> None:
        """Look for ``text`` and go to the first hit."""
        self.box.setText(text)
        self.search()
        self.step(1)

    def search(self) -> None:
        """Look for the text now: every word must occur in the name, op or weights of a node."""
        self._timer.stop()
        words = self.box.text().lower().split()
        hits = [n for n, text in enumerate(self._haystack) if all(word in text for word in words)] if words else []
        if words:
            hits += [node for name, node in self._folded if all(word in name for word in words)]
        self.hits = sorted(set(hits))
        self._at = -1
        self._show_count()
        self.found.emit(self.hits)

    def step(self, by: int) -> None:
        """Go to the next or the previous hit, round and round."""
        if self._timer.isActive():
            self.search()
        if self.hits:
            self._at = (self._at + by) % len(self.hits) if self._at >= 0 or by > 0 else len(self.hits) - 1
            self._show_count()
            self.chosen.emit(self.hits[self._at])

    def _show_count(self) -> None:
        if not self.box.text().strip():
            text = ""
        elif not self.hits:
            text = _("none")
        elif self._at < 0:
            text = _("{count} found").format(count=len(self.hits))
        else:
            text = _("{position} of {count}").format(position=self._at + 1, count=len(self.hits))
        self.count.setText(text)
        for button in (self.previous, self.next):
            button.setEnabled(bool(self.hits))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Step with Enter and the arrow keys, clear with Esc."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return super().eventFilter(watched, event)
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.step(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
            return True
        if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.step(1 if key == Qt.Key.Key_Down else -1)
            return True
        if key == Qt.Key.Key_Escape:
            if self.box.text():
                self.box.clear()
                self.search()
            else:
                self.left.emit()
            return True
        return super().eventFilter(watched, event)
