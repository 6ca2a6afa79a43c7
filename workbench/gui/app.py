"""Start the window: application, workers, project, signals, and the report of our own bugs."""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading
import time
import traceback
from pathlib import Path
from types import FrameType, TracebackType

from PySide6.QtCore import QObject, QSocketNotifier, Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from workbench.core import i18n, log
from workbench.core import settings as settings_file
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _
from workbench.core.paths import data_folder
from workbench.core.project import Project
from workbench.core.settings import Settings
from workbench.gui import theme
from workbench.gui.jobs import Jobs
from workbench.gui.main_window import MainWindow
from workbench.gui.state import State
from workbench.jobs.runner import Runner

logger = logging.getLogger(__name__)


def run(path: Path | None, project: Path | None) -> int:
    """Show the window until it is closed; ``path`` is opened at once, ``project`` is used instead of the last one."""
    log.start("window")
    i18n.set_language()
    app = application()
    runner = Runner()
    runner.start()
    window = build_window(runner, settings_file.load(), project)
    hook = CrashHook(window)
    sys.excepthook = hook
    threading.excepthook = hook.in_thread
    quitter = SignalQuitter(window)
    window.show()
    window.prepare()
    if path is not None:
        window.state.open_model(path)
    else:
        window.state.resume()
    try:
        return app.exec()
    finally:
        quitter.close()
        runner.close()


def application() -> QApplication:
    """Return the QApplication, made and dressed when there is none yet."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("model-workbench")
    app.setApplicationDisplayName(_("Model Workbench"))
    app.setDesktopFileName("model-workbench")
    app.setWindowIcon(theme.app_icon())
    return app


def build_window(runner: Runner, settings: Settings, project: Path | None = None) -> MainWindow:
    """Return the window on ``project``, on the last one, or on the default one; not shown yet."""
    app = application()
    theme.apply(app, settings.theme)
    opened, trouble = _open_project(project, settings)
    jobs = Jobs(runner)
    state = State(opened, jobs, settings)
    app.styleHints().colorSchemeChanged.connect(state.follow_system)
    window = MainWindow(state, jobs)
    if trouble is not None:
        state.say_error(trouble)
    return window


def _open_project(wanted: Path | None, settings: Settings) -> tuple[Project, WorkbenchError | None]:
    """Open the wanted project; when that fails say why and use a new one of our own, so that a window appears."""
    default = data_folder() / "projects" / "my-models"
    folder = wanted or (Path(settings.project) if settings.project else default)
    if wanted is None and not folder.exists():
        folder = default
    try:
        return Project.open(folder), None
    except WorkbenchError as error:
        fresh = data_folder() / "projects" / time.strftime("project-%Y%m%d-%H%M%S")
        return Project.open(fresh), error


def grab(window: QWidget, path: Path) -> None:
    """Save a picture of the window as PNG; works without a display (``QT_QPA_PLATFORM=offscreen``)."""
    window.ensurePolished()
    picture: QPixmap = window.grab()
    hint = _("Choose a folder that you may write to.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorkbenchError(
            _("Cannot write {path}: {reason}.").format(path=path, reason=error.strerror), hint
        ) from error
    if not picture.save(str(path), "PNG"):
        raise WorkbenchError(_("Cannot write {path}.").format(path=path), hint)


class CrashHook(QObject):
    """What Python calls for an exception that nobody caught: log it and show the report, once at a time."""

    _in_thread = Signal(object, str)

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window = window
        self._showing = False
        self._in_thread.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Log and show; KeyboardInterrupt closes the window."""
        if issubclass(kind, KeyboardInterrupt):
            self._window.close()
            return
        self._show(error, _logged(error))

    def in_thread(self, problem: threading.ExceptHookArgs) -> None:
        """Log at once, and show on the GUI thread, what a thread did not catch (``threading.excepthook``)."""
        if problem.exc_value is not None and problem.exc_type is not SystemExit:
            self._in_thread.emit(problem.exc_value, _logged(problem.exc_value))

    def _show(self, error: BaseException, text: str) -> None:
        if isinstance(error, WorkbenchError):
            self._window.state.say_error(error)
        elif not self._showing:
            from workbench.gui.dialogs.crash import CrashDialog

            self._showing = True
            dialog = CrashDialog(text, self._window)
            dialog.finished.connect(self._on_closed)
            dialog.open()

    def _on_closed(self) -> None:
        self._showing = False


def _logged(error: BaseException) -> str:
    """Log an exception; return its traceback."""
    text = "".join(traceback.format_exception(error))
    logger.critical("uncaught exception\n%s", text)
    return text


class SignalQuitter(QObject):
    """Closes the window on SIGINT and SIGTERM: Python's handlers only run when the event loop wakes up, so a socket
    wakes it.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window = window
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._old_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._old = {number: signal.signal(number, self._noted) for number in (signal.SIGINT, signal.SIGTERM)}
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._woken)

    def close(self) -> None:
        """Give the signals back."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._old_fd)
        for number, handler in self._old.items():
            signal.signal(number, handler)
        self._reader.close()
        self._writer.close()

    @staticmethod
    def _noted(number: int, frame: FrameType | None) -> None:
        """Do nothing: the byte in the socket says it."""

    def _woken(self) -> None:
        self._reader.recv(64)
        self._window.close_now()
