"""The jobs panel: what waits, runs and ended, with progress, time and Cancel."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QScrollArea, QVBoxLayout, QWidget

from workbench.core import units
from workbench.core.i18n import _
from workbench.gui import theme
from workbench.gui.jobs import Course, Jobs
from workbench.gui.labels import Label, tip
from workbench.gui.state import State
from workbench.jobs.runner import Ticket

KEPT = 40
"""So many rows of ended jobs stay."""
TICK_MS = 500
QUICK_S = 0.5
"""Reading that is over sooner never shows up here."""
SHORT_WAIT_S = 0.5
"""A shorter wait for a worker is not worth telling."""
GLYPHS = {
    "queued": ("hourglass", "muted"),
    "running": ("play-circle", "accent"),
    "finished": ("check-circle", "good"),
    "failed": ("warning-octagon", "bad"),
    "crashed": ("warning-octagon", "bad"),
    "cancelled": ("prohibit", "muted"),
}


class JobsPanel(QWidget):
    """One row per job, newest first."""

    def __init__(self, state: State, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._rows: dict[int, JobRow] = {}
        self._empty = Label(_("No jobs yet. Optimize, measure or export a model: its progress shows here."))
        self._empty.setProperty("role", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        holder = QWidget()
        self._layout = QVBoxLayout(holder)
        self._layout.setContentsMargins(6, 6, 6, 6)
        self._layout.setSpacing(0)
        self._layout.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(holder)
        holder.setAutoFillBackground(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._empty, 1)
        layout.addWidget(area, 1)
        self._area = area
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        jobs.changed.connect(self._on_changed)
        state.theme_changed.connect(self._refresh)
        for course in jobs.courses():
            self._on_changed(course.ticket)
        self._show_empty()

    def _on_changed(self, ticket: Ticket) -> None:
        course = self._jobs.course(ticket)
        row = self._rows.get(ticket.id)
        if row is None and self._shows(course):
            row = self._rows[ticket.id] = JobRow(course, self._jobs)
            self._layout.insertWidget(0, row)
            self._trim()
            self._show_empty()
        if row is not None:
            row.refresh()
        if self._jobs.running() and not self._timer.isActive():
            self._timer.start(TICK_MS)

    @staticmethod
    def _shows(course: Course) -> bool:
        failed = course.ticket.state in ("failed", "crashed")
        if course.background:
            return failed
        return course.ticket.job.lane == "working" or failed or course.elapsed() > QUICK_S

    def _tick(self) -> None:
        running = self._jobs.running()
        for course in running:
            self._on_changed(course.ticket)
        if not running:
            self._timer.stop()

    def _trim(self) -> None:
        ended = [number for number, row in self._rows.items() if row.course.ended is not None]
        for number in ended[: max(0, len(self._rows) - KEPT)]:
            self._rows.pop(number).deleteLater()

    def _refresh(self) -> None:
        for row in self._rows.values():
            row.refresh()

    def _show_empty(self) -> None:
        self._empty.setVisible(not self._rows)
        self._area.setVisible(bool(self._rows))


class JobRow(QFrame):
    """One job."""

    def __init__(self, course: Course, jobs: Jobs) -> None:
        super().__init__()
        self.course = course
        self._glyph = Label()
        self._glyph.setFixedWidth(20)
        self._title = Label(course.ticket.job.title())
        self._title.setMinimumWidth(240)
        self._text = Label()
        self._text.setProperty("role", "muted")
        self._text.setMinimumWidth(60)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(180)
        self._bar.setAccessibleName(_("Progress of {job}").format(job=course.ticket.job.title()))
        self._time = Label()
        self._time.setMinimumWidth(150)
        self._time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._cancel = QPushButton(_("Cancel"))
        self._cancel.setAccessibleName(_("Cancel {job}").format(job=course.ticket.job.title()))
        self._cancel.clicked.connect(lambda: jobs.cancel(course.ticket))
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 8, 2)
        row.setSpacing(10)
        row.addWidget(self._glyph)
        row.addWidget(self._title)
        row.addWidget(self._text, 1)
        row.addWidget(self._bar)
        row.addWidget(self._time)
        row.addWidget(self._cancel)
        policy = self._cancel.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._cancel.setSizePolicy(policy)
        self.refresh()

    def refresh(self) -> None:
        """Show how the job is doing now."""
        course = self.course
        state = course.ticket.state
        name, role = GLYPHS[state]
        self._glyph.setPixmap(theme.icon(name, role).pixmap(18, 18))
        self._glyph.setToolTip(_state_texts()[state])
        self._text.setText(course.text)
        if state in ("finished", "cancelled"):
            self._text.setText(_state_texts()[state])
        self._text.setToolTip(tip(self._text.text()))
        active = course.ended is None
        self._bar.setVisible(active)
        self._bar.setRange(0, 0 if course.fraction is None and state == "running" else 1000)
        self._bar.setValue(round((course.fraction or 0) * 1000))
        self._time.setText(_times(course))
        self._time.setToolTip(_("Waiting for a worker counts from when the job was asked for."))
        self._cancel.setVisible(active)


def _state_texts() -> dict[str, str]:
    return {
        "queued": _("Waiting"),
        "running": _("Running"),
        "finished": _("Done"),
        "failed": _("Failed"),
        "crashed": _("Crashed"),
        "cancelled": _("Cancelled"),
    }


def _times(course: Course) -> str:
    if course.started is None:
        return _("waiting {time}").format(time=units.seconds(course.waited())) if course.ended is None else ""
    elapsed = units.seconds(course.elapsed())
    if course.waited() >= SHORT_WAIT_S:
        waited = units.seconds(course.waited())
        ran = _("waited {waited}, ran {ran}") if course.ended is not None else _("waited {waited}, runs {ran}")
        elapsed = ran.format(waited=waited, ran=elapsed)
    remaining = course.remaining()
    if remaining is None:
        return elapsed
    return _("{elapsed}, about {remaining} left").format(elapsed=elapsed, remaining=units.seconds(round(remaining)))
