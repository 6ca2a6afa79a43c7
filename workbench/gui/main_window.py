"""The main window: puts welcome page, panes, commands, message bar and status strip in their places."""

from __future__ import annotations

import base64
from pathlib import Path

from PySide6.QtCore import QByteArray, Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeySequence
from PySide6.QtWidgets import (
    QMainWindow,
    QMenu,
    QMessageBox,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QToolBar,
    QWidget,
)

from workbench.core.events import AnyEvent, Crashed, Failed
from workbench.core.i18n import _, ngettext
from workbench.gui import theme
from workbench.gui.commands import MENUS, Command, commands
from workbench.gui.jobs import Jobs
from workbench.gui.messages import MessageBar
from workbench.gui.panes import AREAS, FOOT_HEIGHT, PANES, Dock, Pane, PaneLoader
from workbench.gui.state import State
from workbench.gui.status import StatusStrip
from workbench.gui.welcome import DropOverlay, WelcomePage, dropped_paths
from workbench.jobs.runner import Ticket


class MainWindow(QMainWindow):
    """The window. What it is about is in ``state``; what can be done is in commands.py."""

    def __init__(self, state: State, jobs: Jobs) -> None:
        super().__init__()
        self.state = state
        self.jobs = jobs
        self.commands: tuple[Command, ...] = commands()
        self.actions_by_id: dict[str, QAction] = {}
        self.panes: dict[str, Pane] = {row.id: Pane(row, state, jobs) for row in PANES}
        self.docks: dict[str, Dock] = {}
        self.messages = MessageBar()
        self.setWindowIcon(theme.app_icon())
        self.setAcceptDrops(True)
        self.resize(1360, 860)
        self._build_centre()
        self._build_docks()
        self._build_commands()
        self._build_foot()
        self._overlay = DropOverlay(self)
        self._connect()
        self._pristine = self.saveState()
        self._restore()
        self._refresh()

    def _build_centre(self) -> None:
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for pane in self.panes.values():
            if pane.row.area == "centre":
                self.tabs.addTab(pane, theme.icon(pane.row.icon), _(pane.row.title))
        self.welcome = WelcomePage(self.state)
        self.centre = QStackedWidget()
        self.centre.addWidget(self.welcome)
        self.centre.addWidget(self.tabs)
        self.centre.setMinimumSize(360, 240)  # a tab with a long line must not push the docks together
        self.setCentralWidget(self.centre)

    def _build_docks(self) -> None:
        self.setDockOptions(QMainWindow.DockOption.AllowTabbedDocks | QMainWindow.DockOption.AllowNestedDocks)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        first: Dock | None = None
        for pane in self.panes.values():
            if pane.row.area == "centre":
                continue
            dock = Dock(pane, self)
            self.docks[pane.row.id] = dock
            self.addDockWidget(AREAS[pane.row.area], dock)
            if pane.row.area == "bottom":
                dock.setTitleBarWidget(QWidget())  # its tab says the title already
                if first is not None:
                    self.tabifyDockWidget(first, dock)
                first = first or dock
        if first is not None:
            first.raise_()
        self._size_docks()

    def _size_docks(self) -> None:
        self.resizeDocks([self.docks["project"], self.docks["inspector"]], [280, 320], Qt.Orientation.Horizontal)
        self.resizeDocks([self.docks["jobs"]], [FOOT_HEIGHT], Qt.Orientation.Vertical)

    def _build_commands(self) -> None:
        menus = {title: self.menuBar().addMenu(_(title)) for title in MENUS}
        toolbar = QToolBar(_("Toolbar"))
        toolbar.setObjectName("Toolbar")
        toolbar.setMovable(False)
        toolbar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        toolbar.setIconSize(toolbar.iconSize() * 0.8)
        toolbar.toggleViewAction().setVisible(False)
        self.addToolBar(toolbar)
        for command in self.commands:
            action = self._action(command)
            if command.separate:
                menus[command.menu].addSeparator()
            menus[command.menu].addAction(action)
            if command.toolbar:
                action.setIconText(_(command.toolbar))
                toolbar.addAction(action)
        gap = QWidget()
        gap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        toolbar.addWidget(gap)
        palette = self.actions_by_id["palette"]
        keys = palette.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        palette.setIconText(_("Find a command   {keys}").format(keys=keys))
        toolbar.addAction(palette)
        toolbar.widgetForAction(palette).setObjectName("FindCommand")

    def _action(self, command: Command) -> QAction:
        action = QAction(theme.icon(command.icon), command.title(), self)
        action.setShortcut(QKeySequence(command.shortcut))
        shortcut = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{command.title().rstrip('.')} ({shortcut})")
        action.triggered.connect(lambda: command.run(self))
        self.actions_by_id[command.id] = action
        return action

    def _build_foot(self) -> None:
        bar = QToolBar(_("Messages"))
        bar.setObjectName("MessageToolBar")
        bar.setMovable(False)
        bar.toggleViewAction().setVisible(False)
        if (margins := bar.layout()) is not None:
            margins.setContentsMargins(0, 0, 0, 0)
        holder = bar.addWidget(self.messages)
        self.messages.shown_changed.connect(holder.setVisible)
        self.messages.shown_changed.connect(bar.setVisible)
        self.addToolBar(Qt.ToolBarArea.BottomToolBarArea, bar)
        self.strip = StatusStrip(self.jobs)
        self.statusBar().addWidget(self.strip, 1)
        self.statusBar().setSizeGripEnabled(False)

    def _connect(self) -> None:
        self.state.message.connect(self.messages.show_message)
        self.state.current_changed.connect(self._refresh)
        self.state.models_changed.connect(self._refresh_enabled)
        self.state.wanted.connect(self._on_wanted)
        self.jobs.busy_changed.connect(self._refresh_enabled)
        self.jobs.trouble.connect(self._on_trouble)
        self.welcome.zone.file_wanted.connect(self.actions_by_id["open"].trigger)
        self.welcome.zone.folder_wanted.connect(self.actions_by_id["open-folder"].trigger)

    # Showing

    def show_pane(self, pane_id: str) -> QWidget:
        """Bring a part of the window to the front and return it."""
        self.centre.setCurrentWidget(self.tabs)
        self._show_docks(shown=True)
        pane = self.panes[pane_id]
        if pane_id in self.docks:
            self.docks[pane_id].show()
            self.docks[pane_id].raise_()
        else:
            self.tabs.setCurrentWidget(pane)
        return pane.content()

    def prepare(self) -> None:
        """Get all panes ready in the background."""
        PaneLoader(list(self.panes.values()), self).start()

    def show_welcome(self) -> None:
        """Show the welcome page in the centre."""
        self.welcome.refresh()
        self.centre.setCurrentWidget(self.welcome)
        self._show_docks(shown=bool(self.state.project.models()))

    def reset_layout(self) -> None:
        """Put all docks back in their places."""
        self._docks_shown = True
        self._arrange_as(self._pristine)
        self._refresh()

    def createPopupMenu(self) -> QMenu:
        """Offer the View menu's rows where Qt would list docks under names of its own."""
        menu = QMenu(self)
        menu.addActions([self.actions_by_id[f"view-{pane_id}"] for pane_id in self.docks])
        return menu

    def _show_docks(self, *, shown: bool) -> None:
        if shown == self._docks_shown:
            return
        self._docks_shown = shown
        if shown:
            self._arrange_as(self._docks_state)  # showing them one by one would build those behind others
            if not self._sized and not self.state.settings.docks:
                self._size_docks()  # Qt forgets the sizes of docks that have never been seen
            self._sized = True
            return
        self._docks_state = self.saveState()
        for dock in self.docks.values():
            dock.hide()

    _docks_shown = True
    _sized = False
    _docks_state = QByteArray()

    def _refresh(self) -> None:
        current = self.state.current
        name = f"{current.name} \u2013 " if current is not None else ""
        self.setWindowTitle(f"{name}{_('Model Workbench')}")
        self.docks["project"].setWindowTitle(_("Project: {name}").format(name=self.state.project.folder.name))
        if current is None:
            self.show_welcome()
        elif self.centre.currentWidget() is self.welcome:
            self.centre.setCurrentWidget(self.tabs)
            QTimer.singleShot(0, self, lambda: self._show_docks(shown=self.centre.currentWidget() is self.tabs))
        self._refresh_enabled()

    def _refresh_enabled(self) -> None:
        for command in self.commands:
            self.actions_by_id[command.id].setEnabled(command.enabled(self.state))

    def _on_wanted(self, pane_id: str, model_ids: list[int]) -> None:
        content = self.show_pane(pane_id)
        show_models = getattr(content, "show_models", None)
        if show_models is not None:
            show_models(model_ids)

    def _on_trouble(self, ticket: Ticket, event: AnyEvent) -> None:
        if isinstance(event, Failed):
            self.messages.show_message(event.message, event.hint, "", "error")
        elif isinstance(event, Crashed):
            details = f"{ticket.job.title()}\n\n{event.details}"
            self.messages.show_message(event.message, event.hint, details, "error")

    # Dropping and closing

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files and folders."""
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()
            self._overlay.show_over(self)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Take the hint away."""
        self._overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        self._overlay.hide()
        for path in dropped_paths(event.mimeData()):
            self.state.open_model(Path(path))
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask when jobs run; remember the layout."""
        running = self.jobs.working()
        if running and not self._hurried and not self._agrees_to_stop(len(running)):
            event.ignore()
            return
        self.state.settings.docks = _text(self.saveState() if self._docks_shown else self._docks_state)
        self.state.settings.geometry = _text(self.saveGeometry())
        self.jobs.close()
        self.state.leave()
        event.accept()

    def close_now(self) -> None:
        """Close without asking: the system wants it."""
        self._hurried = True
        self.close()

    _hurried = False

    def _agrees_to_stop(self, count: int) -> bool:
        question = ngettext("{n} job is still running.", "{n} jobs are still running.", count).format(n=count)
        box = QMessageBox(QMessageBox.Icon.Question, _("Close Model Workbench"), question, parent=self)
        box.setInformativeText(_("Closing stops it. Nothing half-written is left behind."))
        stop = box.addButton(_("Stop and close"), QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton(_("Keep working"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.exec()
        return box.clickedButton() is stop

    def _restore(self) -> None:
        self.restoreGeometry(_bytes(self.state.settings.geometry))
        self._arrange_as(_bytes(self.state.settings.docks))

    def _arrange_as(self, stored: QByteArray) -> None:
        self.restoreState(stored)
        self.messages.tell_visibility()  # its tool bar belongs to what Qt stores, the message does not


def _text(stored: QByteArray) -> str:
    return base64.b64encode(stored.data()).decode("ascii")


def _bytes(text: str) -> QByteArray:
    return QByteArray(base64.b64decode(text))
