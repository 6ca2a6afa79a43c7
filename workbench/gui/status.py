"""The strip at the foot of the window: what the workers do, how much memory is used, and that nothing is sent."""

from __future__ import annotations

import psutil
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from workbench.core import units
from workbench.core.i18n import _
from workbench.gui import theme
from workbench.gui.jobs import Jobs
from workbench.gui.labels import Label

MEASURED_EVERY_MS = 2000
LOOKED_AT_EVERY_MS = 250
"""While the workers start."""


class StatusStrip(QWidget):
    """Worker, memory, no network."""

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._dot = Label()
        self._worker = Label()
        self._worker.setAccessibleName(_("What the worker does"))
        self._bar = QProgressBar()
        self._bar.setFixedWidth(120)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(_("Progress of the running job"))
        self._memory = Label()
        self._memory.setToolTip(_("Memory of the window and its workers together."))
        quiet = Label(_("No network: nothing leaves this computer"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 8, 0)
        layout.setSpacing(4)
        layout.addWidget(self._dot)
        layout.addWidget(self._worker)
        layout.addWidget(self._bar, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addStretch(1)
        layout.addWidget(self._memory)
        layout.addWidget(quiet)
        jobs.changed.connect(self.refresh)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._measure)
        self._timer.start(MEASURED_EVERY_MS)
        self._process = psutil.Process()
        self._starting = QTimer(self)
        self._starting.timeout.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what runs now."""
        working = self._jobs.working()
        self._bar.setVisible(bool(working))
        if working:
            course = working[0]
            self._dot.setPixmap(theme.icon("gear-six", "accent").pixmap(14, 14))
            more = f" (+{len(working) - 1})" if len(working) > 1 else ""
            self._worker.setText(f"{course.ticket.job.title()}{more}")
            self._bar.setRange(0, 0 if course.fraction is None else 1000)
            if course.fraction is not None:
                self._bar.setValue(round(course.fraction * 1000))
            return
        ready = self._jobs.runner.ready
        if ready:
            self._starting.stop()
        elif not self._starting.isActive():
            self._starting.start(LOOKED_AT_EVERY_MS)
        glyph, role, text = ("check-circle", "good", _("Worker ready")) if ready else (
            "fire", "warning", _("Worker starting"))  # fmt: skip
        self._dot.setPixmap(theme.icon(glyph, role).pixmap(14, 14))
        self._worker.setText(text)

    def _measure(self) -> None:
        try:
            workers = self._process.children(recursive=True)
            total = sum(process.memory_info().rss for process in (self._process, *workers))
        except psutil.Error:
            return  # a worker ended between two calls: next time
        self._memory.setText(_("Memory {size}").format(size=units.size(total)))
        self.refresh()
