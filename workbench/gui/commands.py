"""Commands as rows of data: menu bar, toolbar, palette and shortcut sheet are views of this table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

import workbench.exporters
import workbench.passes
from workbench.core.i18n import N_, _
from workbench.core.plugins import discover
from workbench.exporters import Exporter
from workbench.gui import verbs
from workbench.gui.panes import PANES
from workbench.gui.state import State
from workbench.passes import Pass

if TYPE_CHECKING:
    from workbench.gui.main_window import MainWindow

MENUS = (N_("File"), N_("Model"), N_("Optimize"), N_("Run"), N_("Export"), N_("View"), N_("Help"))


def always(state: State) -> bool:
    """Enabled at any time."""
    return True


def has_model(state: State) -> bool:
    """Enabled when a model is in view."""
    return state.current is not None


def has_readable(state: State) -> bool:
    """Enabled when what is in view can be opened: not for an artifact that is made to be deployed."""
    return state.current is not None and state.current.is_model


def has_step(state: State) -> bool:
    """Enabled when the model in view was made by a step."""
    return state.current is not None and state.current.step is not None


def has_models(state: State) -> bool:
    """Enabled when the project holds two models or more."""
    return len(state.project.models()) > 1


def has_running(state: State) -> bool:
    """Enabled while a job waits or runs."""
    return bool(state.jobs.working())


class Command(msgspec.Struct, frozen=True):
    """One thing that the person can ask for."""

    id: str
    menu: str
    text: str
    """Marked with ``N_`` (plugins: their label); translated when shown."""
    shortcut: str
    """As Qt spells it. One stroke, never one key after another: the second would be typed into a field or eaten."""
    icon: str
    run: Callable[[MainWindow], None]
    enabled: Callable[[State], bool] = always
    toolbar: str = ""
    """Short text on the toolbar, or "" when it is not there."""
    separate: bool = False
    """A line is drawn before it in the menu."""
    phrase: str = ""
    """What the palette says, out of its menu ("Export to {text}"), or "" for the text itself."""

    def title(self) -> str:
        """Return the translated text."""
        return _(self.text)

    def full_title(self) -> str:
        """Return the translated text that is clear without its menu."""
        return _(self.phrase).format(text=self.title()) if self.phrase else self.title()


def commands() -> tuple[Command, ...]:
    """Return all commands in menu order: the fixed ones and those that the plugins bring."""
    return (*FILE, *MODEL, *_passes(), *RUN, *_exporters(), *_panes(), *VIEW, *HELP)


FILE = (
    Command("open", "File", N_("Open model..."), "Ctrl+O", "folder-open", verbs.open_file, toolbar=N_("Open")),
    Command(
        "open-folder", "File", N_("Open SavedModel folder..."), "Ctrl+Shift+O", "folder-notch-open", verbs.open_folder
    ),
    Command("welcome", "File", N_("Welcome page"), "Alt+Home", "house", verbs.show_welcome),
    Command("new-project", "File", N_("New project..."), "Ctrl+N", "folder-plus", verbs.new_project, separate=True),
    Command("open-project", "File", N_("Open project..."), "Ctrl+Shift+N", "folders", verbs.open_project),
    Command("quit", "File", N_("Quit"), "Ctrl+Q", "sign-out", verbs.close_window, separate=True),
)
MODEL = (
    Command("find-node", "Model", N_("Find in graph"), "Ctrl+F", "magnifying-glass", verbs.find_in_graph, has_readable),
    Command("next-model", "Model", N_("Next model"), "Alt+Down", "arrow-down", verbs.next_model, has_models),
    Command("previous-model", "Model", N_("Previous model"), "Alt+Up", "arrow-up", verbs.previous_model, has_models),
    Command("rename", "Model", N_("Rename..."), "F2", "pencil-simple", verbs.rename, has_model, separate=True),
    Command("reveal", "Model", N_("Show in file manager"), "Ctrl+Alt+R", "folder-simple", verbs.reveal, has_model),
    Command("copy-path", "Model", N_("Copy path"), "Ctrl+Shift+C", "copy", verbs.copy_path, has_model),
    Command(
        "copy-command",
        "Model",
        N_("Copy step as command"),
        "Ctrl+Alt+C",
        "terminal",
        verbs.copy_step,
        has_step,
        separate=True,
    ),
    Command(
        "save-recipe", "Model", N_("Save steps as recipe..."), "Ctrl+S", "floppy-disk", verbs.save_recipe, has_step
    ),
    Command(
        "remove", "Model", N_("Remove from project..."), "Ctrl+Del", "trash", verbs.remove, has_model, separate=True
    ),
)
RUN = (
    Command("run", "Run", N_("Run on data"), "F5", "play", verbs.pane("run"), has_readable, toolbar=N_("Run")),
    Command(
        "benchmark",
        "Run",
        N_("Benchmark"),
        "F6",
        "chart-line-up",
        verbs.pane("benchmark"),
        has_readable,
        toolbar=N_("Benchmark"),
    ),
    Command("evaluate", "Run", N_("Evaluate on labelled data"), "F7", "target", verbs.pane("evaluate"), has_readable),
    Command(
        "compare",
        "Run",
        N_("Compare with parent"),
        "F8",
        "git-diff",
        verbs.compare,
        has_readable,
        toolbar=N_("Compare"),
    ),
    Command("report", "Run", N_("Write report"), "F9", "file-text", verbs.pane("report"), has_model),
    Command(
        "cancel", "Run", N_("Cancel all jobs"), "Ctrl+.", "stop-circle", verbs.cancel_jobs, has_running, separate=True
    ),
)
VIEW = (
    Command("message-close", "View", N_("Close message"), "Ctrl+Shift+M", "x", verbs.close_message, separate=True),
    Command("full-screen", "View", N_("Full screen"), "F11", "corners-out", verbs.full_screen),
    Command("reset-layout", "View", N_("Reset the window's layout"), "Ctrl+Shift+0", "layout", verbs.reset_layout),
    Command(
        "theme-system",
        "View",
        N_("Follow the system's colours"),
        "Ctrl+Alt+0",
        "circle-half",
        verbs.theme("system"),
        separate=True,
    ),
    Command("theme-light", "View", N_("Light"), "Ctrl+Alt+1", "sun", verbs.theme("light")),
    Command("theme-dark", "View", N_("Dark"), "Ctrl+Alt+2", "moon", verbs.theme("dark")),
)
HELP = (
    Command("palette", "Help", N_("Find a command..."), "Ctrl+K", "magnifying-glass", verbs.palette),
    Command("shortcuts", "Help", N_("Keyboard shortcuts"), "F1", "keyboard", verbs.shortcuts),
    Command("logs", "Help", N_("Show log folder"), "Ctrl+Shift+L", "file-search", verbs.show_logs, separate=True),
    Command("about", "Help", N_("About Model Workbench"), "Shift+F1", "info", verbs.about),
)  # fmt: skip


def _passes() -> tuple[Command, ...]:
    every = Command(
        "optimize", "Optimize", N_("Optimize..."), "Ctrl+T", "magic-wand", verbs.optimize(""), has_readable,
        toolbar=N_("Optimize"),
    )  # fmt: skip
    rows = enumerate(discover(workbench.passes, Pass).values(), 1)
    return every, *(
        Command(f"optimize-{plugin.id}", "Optimize", plugin.label, f"Alt+{key(n)}", "sparkle",
                verbs.optimize(plugin.id), has_readable, separate=n == 1)
        for n, plugin in rows
    )  # fmt: skip


def _exporters() -> tuple[Command, ...]:
    every = Command(
        "export", "Export", N_("Export..."), "Ctrl+E", "export", verbs.export(""), has_readable,
        toolbar=N_("Export"),
    )  # fmt: skip
    rows = enumerate(discover(workbench.exporters, Exporter).values(), 1)
    return every, *(
        Command(f"export-{plugin.id}", "Export", plugin.label, f"Alt+Shift+{key(n)}", "package",
                verbs.export(plugin.id), has_readable, separate=n == 1, phrase=N_("Export to {text}"))
        for n, plugin in rows
    )  # fmt: skip


def _panes() -> tuple[Command, ...]:
    return tuple(
        Command(f"view-{row.id}", "View", row.title, row.shortcut, row.icon, verbs.pane(row.id)) for row in PANES
    )


def key(n: int) -> str:
    """Return the key of the n-th plugin (1 to 9, then A, B ...)."""
    return str(n) if n < 10 else chr(ord("A") + n - 10)
