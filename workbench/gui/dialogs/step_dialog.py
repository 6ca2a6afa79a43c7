"""What the Optimize and Export dialogs share: choose a plugin, set it, give data, watch it, read the result."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.core import units
from workbench.core.datasets import RANDOM
from workbench.core.errors import WorkbenchError
from workbench.core.events import AnyEvent, Crashed, Failed
from workbench.core.i18n import _
from workbench.core.project import ModelRecord
from workbench.exporters import Exporter
from workbench.gui import steps
from workbench.gui.dialogs.plugin_list import PluginList
from workbench.gui.dialogs.step_page import StepPage
from workbench.gui.dialogs.step_result import StepResult, headline_of, level_of
from workbench.gui.jobs import Jobs
from workbench.gui.labels import Label
from workbench.gui.messages import MessageBar
from workbench.gui.state import State
from workbench.jobs.command_line import as_command
from workbench.jobs.runner import Ticket
from workbench.jobs.transform import Transformed
from workbench.passes import Pass

AnyStepPlugin = Pass | Exporter  # type: ignore[type-arg]
TICK_MS = 500


class StepDialog(QDialog):
    """Left the plugins, right the settings; then progress; then the result."""

    list_title = ""
    verb = ""

    def __init__(self, state: State, jobs: Jobs, parent: QWidget | None = None, *, choose: str = "") -> None:
        """Open for the model in view; ``choose`` is a plugin id."""
        super().__init__(parent)
        assert state.current is not None, "the command is enabled only when a model is in view"
        self.state = state
        self.jobs = jobs
        self.source: ModelRecord = state.current
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(700, 420)
        self.resize(960, 700)
        self._ticket: Ticket | None = None
        self._closed = False
        self._made: ModelRecord | None = None
        self._outcome: Transformed | None = None
        self._pages: dict[str, StepPage] = {}
        self._wanted = choose
        self.list = PluginList(self.list_title)
        self.list.chosen.connect(self._show_page)
        self.forms = QStackedWidget()
        self.messages = MessageBar()
        self.copy_button = QPushButton(_("Copy as command"))
        self.copy_button.clicked.connect(self._copy)
        self.start_button = QPushButton(self.verb)
        self.start_button.setDefault(True)
        self.start_button.clicked.connect(self.start)
        close = QPushButton(_("Close"))
        close.clicked.connect(self.close)
        self.buttons = QHBoxLayout()
        self.buttons.setContentsMargins(24, 10, 24, 14)
        self.buttons.setSpacing(8)
        for widget in (self.copy_button, None, close, self.start_button):
            if widget is None:
                self.buttons.addStretch(1)
            else:
                self.buttons.addWidget(widget)
        self._arrange()
        _leave_enter(self, to=self.start_button)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        state.graph_ready.connect(self._on_graph)
        self.fill()

    def plugins(self) -> Mapping[str, AnyStepPlugin]:
        """Return what can be chosen."""
        raise NotImplementedError

    def page(self, plugin: AnyStepPlugin, obstacle: str) -> StepPage:
        """Return the settings page of a plugin."""
        raise NotImplementedError

    def job(self, page: StepPage, *, real: bool) -> steps.Step:
        """Return the job that the page describes; ``real`` reserves its target. Raises WorkbenchError."""
        raise NotImplementedError

    def _arrange(self) -> None:
        form_side = QWidget()
        side = QVBoxLayout(form_side)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(0)
        side.addWidget(self.forms, 1)
        side.addLayout(self.buttons)
        chooser = QWidget()
        across = QHBoxLayout(chooser)
        across.setContentsMargins(0, 0, 0, 0)
        across.setSpacing(0)
        across.addWidget(self.list)
        across.addWidget(form_side, 1)
        self.stack = QStackedWidget()
        self.stack.addWidget(chooser)
        self.stack.addWidget(self._progress_page())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)  # a message never moves the dialog
        layout.addWidget(self.stack, 1)
        layout.addWidget(self.messages)

    def _progress_page(self) -> QWidget:
        page = QWidget()
        self._title = _label("", "heading")
        self._text = _label("", "muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(_("Progress"))
        self._times = _label("", "muted")
        background = QPushButton(_("Go on in the background"))
        background.setToolTip(_("Close this dialog; the job goes on and its result joins the project."))
        background.clicked.connect(self.close)
        cancel = QPushButton(_("Cancel"))
        cancel.clicked.connect(self.cancel)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(background)
        buttons.addWidget(cancel)
        column = QVBoxLayout(page)
        column.setContentsMargins(80, 40, 80, 40)
        column.setSpacing(12)
        column.addStretch(1)
        for widget in (self._title, self._bar, self._text, self._times):
            column.addWidget(widget)
        column.addSpacing(10)
        column.addLayout(buttons)
        column.addStretch(2)
        return page

    # Choosing

    def fill(self) -> None:
        """List the plugins with what stands in their way; pages are built when they are chosen."""
        graph = self.state.graph_of(self.source.id)
        found = self.plugins()
        format_id = graph.format if graph is not None else self.source.format
        self._obstacles = {name: steps.obstacle(plugin, graph, format_id) for name, plugin in found.items()}
        self.list.fill(found, self._obstacles, self._wanted)

    def current_page(self) -> StepPage | None:
        """Return the page that is shown."""
        widget = self.forms.currentWidget()
        return widget if isinstance(widget, StepPage) else None

    def _show_page(self, plugin_id: str) -> None:
        self._wanted = plugin_id
        if plugin_id not in self._pages:
            page = self.page(self.plugins()[plugin_id], self._obstacles[plugin_id])
            page.changed.connect(self._refresh_buttons)
            self._pages[plugin_id] = page
            self.forms.addWidget(page)
            _leave_enter(page, to=self.start_button)
        self.forms.setCurrentWidget(self._pages[plugin_id])
        self._refresh_buttons()

    def _on_graph(self, model_id: int) -> None:
        if model_id == self.source.id and self._ticket is None:
            for page in self._pages.values():
                self.forms.removeWidget(page)
                page.deleteLater()
            self._pages.clear()
            self.fill()

    def _refresh_buttons(self) -> None:
        page = self.current_page()
        usable = page is not None and page.is_valid() and not self._obstacles[page.plugin.id]
        self.start_button.setEnabled(usable)
        self.copy_button.setEnabled(usable)

    def _copy(self) -> None:
        page = self.current_page()
        if page is None:
            return
        try:
            QApplication.clipboard().setText(as_command(self.job(page, real=False)))
        except WorkbenchError as error:
            self.messages.show_message(error.message, error.hint, "", "error")
            return
        self.messages.show_message(_("The command is in the clipboard."), "", "", "info")

    # Running

    def start(self) -> None:
        """Start the job and show its progress."""
        page = self.current_page()
        if page is None or self._ticket is not None:
            return
        try:
            job = self.job(page, real=True)
        except WorkbenchError as error:
            self.messages.show_message(error.message, error.hint, "", "error")
            return
        self.messages.dismiss()
        if job.data.path != RANDOM:
            self.state.offer_data(job.data)
        self._title.setText(f"{_(page.plugin.label)}: {self.source.name}")
        self.stack.setCurrentIndex(1)
        self._ticket = steps.start(self.state, job, self.source, then=self._on_finished, failed=self._on_failed)
        self._timer.start(TICK_MS)
        self._tick()

    def cancel(self) -> None:
        """Cancel the job and go back to the settings."""
        if self._ticket is not None:
            self.jobs.cancel(self._ticket)

    def _tick(self) -> None:
        if self._ticket is None:
            return
        course = self.jobs.course(self._ticket)
        if course.started is None:
            self._text.setText(_("Waiting for the worker"))
            self._times.setText(units.seconds(course.waited()))
            self._bar.setRange(0, 0)
            return
        self._text.setText(course.text or _("Starting"))
        self._bar.setRange(0, 0 if course.fraction is None else 1000)
        self._bar.setValue(round((course.fraction or 0) * 1000))
        remaining = course.remaining()
        self._times.setText(
            _("{elapsed}, about {remaining} left").format(
                elapsed=units.seconds(course.elapsed()), remaining=units.seconds(round(remaining))
            )
            if remaining is not None
            else units.seconds(course.elapsed())
        )

    def _on_finished(self, result: Transformed, record: ModelRecord) -> None:
        if self._closed:
            level = level_of(result)
            self.state.say(
                _("{name} is ready: {sizes}.").format(name=record.name, sizes=steps.size_line(result)),
                headline_of(result),
                level="error" if level == "bad" else "warning" if level == "warning" else "good",
            )
            return
        self._ticket = None
        self._timer.stop()
        self._made, self._outcome = record, result
        shown = self._result_page(result, record)
        self.stack.addWidget(shown)
        self.stack.setCurrentWidget(shown)
        _leave_enter(shown, to=self._first_choice)

    def _on_failed(self, event: AnyEvent) -> None:
        details = event.details if isinstance(event, Crashed) else ""
        if self._closed:
            if isinstance(event, Failed | Crashed):
                self.state.say(event.message, event.hint, details=details, level="error")
            return
        self._ticket = None
        self._timer.stop()
        self.stack.setCurrentIndex(0)
        if isinstance(event, Failed | Crashed):
            self.messages.show_message(event.message, event.hint, details, "error")

    def _result_page(self, result: Transformed, record: ModelRecord) -> QWidget:
        area = QScrollArea()
        area.setWidgetResizable(True)
        holder = QWidget()
        inside = QVBoxLayout(holder)
        inside.setContentsMargins(28, 24, 28, 16)
        inside.addWidget(StepResult(result))
        area.setWidget(holder)
        again, close = QPushButton(_("Back to the settings")), QPushButton(_("Close"))
        again.clicked.connect(self._back)
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(28, 10, 28, 14)
        buttons.setSpacing(8)
        buttons.addWidget(again)
        buttons.addStretch(1)
        buttons.addWidget(close)
        both, show = QPushButton(_("Benchmark both")), QPushButton(_("Open"))
        if record.is_model:
            both.clicked.connect(self.benchmark_both)
            show.clicked.connect(self.open_made)
            buttons.addWidget(both)
            buttons.addWidget(show)
        self._first_choice = show if record.is_model else close
        page = QFrame()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area, 1)
        layout.addLayout(buttons)
        return page

    def _back(self) -> None:
        self.stack.setCurrentIndex(0)
        _leave_enter(self, to=self.start_button)

    def outcome(self) -> Transformed | None:
        """Return what the last step came to, None before it ends."""
        return self._outcome

    def open_made(self) -> None:
        """Put the new model in view."""
        if self._made is not None:
            self.state.select(self._made.id)
            self.state.wanted.emit("graph", [self._made.id])
        self.close()

    def benchmark_both(self) -> None:
        """Show the benchmark panel with the source and the new model."""
        if self._made is not None:
            self.state.wanted.emit("benchmark", [self.source.id, self._made.id])
        self.close()

    def done(self, result: int) -> None:
        """Leave a running job to the window: every way out (Escape, Close, the frame's cross) ends here."""
        self._closed = True
        self._timer.stop()
        super().done(result)


def _leave_enter(part: QWidget, *, to: QPushButton) -> None:
    """Make one button the blue one that Enter presses, whichever has the keyboard."""
    for button in part.findChildren(QPushButton):
        button.setAutoDefault(False)
    to.setDefault(True)


def _label(text: str, role: str) -> Label:
    return Label(text, role=role, wordWrap=True)
