"""What the commands do, as functions of the window; the rows that name them are in commands.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QInputDialog, QLineEdit, QMessageBox

import workbench.formats
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _
from workbench.core.paths import log_folder
from workbench.core.plugins import discover
from workbench.formats import Format
from workbench.gui import theme as theming

if TYPE_CHECKING:
    from workbench.gui.main_window import MainWindow

Verb = Callable[["MainWindow"], None]


def open_file(window: MainWindow) -> None:
    """Ask for a model file and open it."""
    formats = [
        found for found in discover(workbench.formats, Format).values() if found.suffixes and not found.is_folder
    ]
    endings = " ".join(f"*{suffix}" for found in formats for suffix in found.suffixes)
    filters = [_("Models ({endings})").format(endings=endings)]
    filters += [f"{_(found.label)} ({' '.join(f'*{suffix}' for suffix in found.suffixes)})" for found in formats]
    picked = QFileDialog.getOpenFileName(
        window, _("Open model"), str(window.state.settings.start_folder()), ";;".join([*filters, _("All files (*)")])
    )[0]
    if picked:
        _open(window, Path(picked))


def open_folder(window: MainWindow) -> None:
    """Ask for a SavedModel folder and open it."""
    picked = QFileDialog.getExistingDirectory(
        window, _("Open SavedModel folder"), str(window.state.settings.start_folder())
    )
    if picked:
        _open(window, Path(picked))


def _open(window: MainWindow, path: Path) -> None:
    window.state.settings.visit(path)
    window.state.open_model(path)
    window.tabs.setCurrentWidget(window.panes["graph"])


def show_welcome(window: MainWindow) -> None:
    """Show the welcome page over the model."""
    window.show_welcome()


def new_project(window: MainWindow) -> None:
    """Ask where, and start an empty project there."""
    start = str(window.state.settings.start_folder())
    picked = QFileDialog.getSaveFileName(window, _("New project: choose a name for its folder"), start)[0]
    if picked:
        _switch(window, Path(picked))


def open_project(window: MainWindow) -> None:
    """Ask for a project folder and open it."""
    picked = QFileDialog.getExistingDirectory(window, _("Open project"), window.state.settings.project)
    if picked:
        _switch(window, Path(picked))


def _switch(window: MainWindow, folder: Path) -> None:
    if window.jobs.running():
        window.state.say(
            _("The project cannot be changed while jobs run."), _("Wait for them or cancel them."), level="warning"
        )
        return
    window.state.open_project(folder)


def close_window(window: MainWindow) -> None:
    """Close the window (which asks when jobs run)."""
    window.close()


def find_in_graph(window: MainWindow) -> None:
    """Put the keyboard into the graph's search field."""
    field = window.show_pane("graph").findChild(QLineEdit)
    if field is not None:
        field.setFocus()
        field.selectAll()


def next_model(window: MainWindow) -> None:
    """Go to the next model of the project."""
    _step(window, 1)


def previous_model(window: MainWindow) -> None:
    """Go to the previous model of the project."""
    _step(window, -1)


def _step(window: MainWindow, by: int) -> None:
    ids = [record.id for record in window.state.project.models()]
    current = window.state.current
    at = ids.index(current.id) if current is not None and current.id in ids else -by
    window.state.select(ids[(at + by) % len(ids)])


def rename(window: MainWindow) -> None:
    """Ask for another name of the model in view."""
    current = window.state.current
    if current is None:
        return
    name, agreed = QInputDialog.getText(
        window, _("Rename"), _("Name in this project (the file keeps its own):"), text=current.name
    )
    if agreed and name.strip():
        window.state.rename(current.id, name.strip())


def reveal(window: MainWindow) -> None:
    """Show the model's folder in the file manager."""
    if window.state.current is not None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(window.state.current.path).parent)))


def copy_path(window: MainWindow) -> None:
    """Copy the model's path."""
    if window.state.current is not None:
        _copy(window, window.state.current.path)


def copy_step(window: MainWindow) -> None:
    """Copy the command that repeats the step which made the model in view."""
    from workbench.gui.steps import command_of_step

    if window.state.current is not None:
        _copy(window, command_of_step(window.state, window.state.current))


def _copy(window: MainWindow, text: str) -> None:
    QGuiApplication.clipboard().setText(text)
    window.state.say(_("Copied: {text}").format(text=text))


def save_recipe(window: MainWindow) -> None:
    """Ask where, and save all steps that lead to the model in view as a recipe."""
    from workbench.gui.steps import save_recipe as save

    current = window.state.current
    if current is None:
        return
    picked = QFileDialog.getSaveFileName(
        window,
        _("Save steps as recipe"),
        str(window.state.settings.start_folder() / f"{Path(current.name).stem}.yaml"),
        _("Recipe (*.yaml *.yml *.json)"),
    )[0]
    if not picked:
        return
    try:
        save(window.state, current, Path(picked))
    except WorkbenchError as error:
        window.state.say_error(error)
        return
    window.state.say(
        _("Saved the recipe {name}.").format(name=Path(picked).name),
        _("Repeat it with: workbench replay {path}").format(path=picked),
        level="good",
    )


def remove(window: MainWindow) -> None:
    """Ask, then take the model in view off the project."""
    current = window.state.current
    if current is None:
        return
    question = _("Remove {name} from the project?").format(name=current.name)
    detail = _("Its file stays where it is. The measurements made with it leave the project.")
    box = QMessageBox(QMessageBox.Icon.Question, _("Remove from project"), question, parent=window)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setInformativeText(detail)
    yes = box.addButton(_("Remove"), QMessageBox.ButtonRole.DestructiveRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.exec()
    if box.clickedButton() is yes:
        window.state.remove(current.id)


def optimize(pass_id: str) -> Verb:
    """Return the verb that opens the Optimize dialog at a pass ("" for the first that applies)."""

    def show(window: MainWindow) -> None:
        from workbench.gui.dialogs.optimize import OptimizeDialog

        if window.state.current is not None:
            OptimizeDialog(window.state, window.jobs, window, choose=pass_id).show()

    return show


def export(exporter_id: str) -> Verb:
    """Return the verb that opens the Export dialog at a target."""

    def show(window: MainWindow) -> None:
        from workbench.gui.dialogs.export import ExportDialog

        if window.state.current is not None:
            ExportDialog(window.state, window.jobs, window, choose=exporter_id).show()

    return show


def pane(pane_id: str) -> Verb:
    """Return the verb that shows a part of the window and gives it the keyboard."""

    def show(window: MainWindow) -> None:
        window.show_pane(pane_id).setFocus()

    return show


def compare(window: MainWindow) -> None:
    """Show the comparison of the model in view with its parent."""
    current = window.state.current
    if current is not None:
        ids = [current.parent, current.id] if current.parent is not None else [current.id]
        window.state.wanted.emit("compare", ids)


def cancel_jobs(window: MainWindow) -> None:
    """Cancel every job that waits or runs."""
    for course in window.jobs.working():
        window.jobs.cancel(course.ticket)


def close_message(window: MainWindow) -> None:
    """Close the message bar."""
    window.messages.dismiss()


def full_screen(window: MainWindow) -> None:
    """Fill the screen, or go back."""
    if window.isFullScreen():
        window.showNormal()
    else:
        window.showFullScreen()


def reset_layout(window: MainWindow) -> None:
    """Put all docks back in their places."""
    window.reset_layout()


def theme(mode: theming.Mode) -> Verb:
    """Return the verb that switches the theme."""
    return lambda window: window.state.set_theme(mode)


def palette(window: MainWindow) -> None:
    """Show the command palette."""
    from workbench.gui.palette import Palette

    Palette(window).popup()


def shortcuts(window: MainWindow) -> None:
    """Show all shortcuts."""
    from workbench.gui.dialogs.shortcuts import ShortcutsDialog

    ShortcutsDialog(window).show()


def show_logs(window: MainWindow) -> None:
    """Show the folder of logs and crash reports."""
    log_folder().mkdir(parents=True, exist_ok=True)
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_folder())))


def about(window: MainWindow) -> None:
    """Say what this is, and with which versions it works."""
    from workbench.gui.dialogs.about import AboutDialog

    AboutDialog(window).show()
