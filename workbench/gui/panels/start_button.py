"""One button that starts jobs, shows how far they are, and stops them."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QPushButton, QVBoxLayout, QWidget

from workbench.core.i18n import _
from workbench.gui import theme
from workbench.gui.jobs import Jobs
from workbench.gui.labels import Label, tip
from workbench.jobs.ticket import Ticket


class StartButton(QWidget):
    """Start turns into Stop while the tickets that it watches are under way."""

    started = Signal()
    stopped = Signal()

    def __init__(self, jobs: Jobs, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._start_text = text
        self._tickets: list[Ticket] = []
        self.button = QPushButton(text)
        self.button.clicked.connect(self._on_clicked)
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(4)
        self._said = Label()
        self._said.setProperty("role", "muted")
        self._said.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addWidget(self._progress)
        layout.addWidget(self.button)
        layout.addWidget(self._said)
        jobs.changed.connect(self._on_changed)
        self._show()

    @property
    def running(self) -> bool:
        """Say whether something that it watches is under way."""
        return bool(self._tickets)

    def watch(self, *tickets: Ticket) -> None:
        """Show the course of these jobs; with none, be Start again."""
        self._tickets = list(tickets)
        self._show()

    def allow(self, *, reason: str) -> None:
        """Enable the button when ``reason`` is empty; else disable it and say why not."""
        self.button.setEnabled(self.running or not reason)
        self.button.setToolTip(tip(reason))

    def stop(self) -> None:
        """Cancel what is watched."""
        for ticket in list(self._tickets):
            self._jobs.cancel(ticket)

    def _on_clicked(self) -> None:
        if self.running:
            self.stopped.emit()
            self.stop()
        else:
            self.started.emit()

    def _on_changed(self, ticket: Ticket) -> None:
        if any(ticket.id == watched.id for watched in self._tickets):
            self._show_progress()

    def _show(self) -> None:
        running = self.running
        self.button.setText(_("Stop") if running else self._start_text)
        self.button.setIcon(theme.icon("stop" if running else "play", "text" if running else "accent-text"))
        theme.mark(self.button, "primary", not running)
        self._progress.setVisible(running)
        self._said.setVisible(running)
        self._show_progress()

    def _show_progress(self) -> None:
        courses = [self._jobs.course(ticket) for ticket in self._tickets]
        active = [course for course in courses if course.ended is None]
        if not active:
            return
        course = next((course for course in active if course.started is not None), active[0])
        waiting = course.started is None
        done = (len(courses) - len(active) + (course.fraction or 0.0)) / len(courses)
        known = course.fraction is not None or len(courses) > 1
        self._progress.setRange(0, 1000 if known else 0)
        self._progress.setValue(round(1000 * done))
        self._said.setText(_("Waiting for another job to end ...") if waiting else course.text)
