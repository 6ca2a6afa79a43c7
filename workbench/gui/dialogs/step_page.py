"""The settings page of one pass or export target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from workbench.core.graph import Graph
from workbench.core.i18n import _
from workbench.core.params import fields
from workbench.core.plugins import install_command
from workbench.exporters import Exporter
from workbench.gui import theme
from workbench.gui.dialogs.data_form import DataForm
from workbench.gui.labels import Label
from workbench.gui.param_form import ParamForm
from workbench.gui.state import State
from workbench.passes import Pass


class StepPage(QScrollArea):
    """Summary, what stands in the way, settings, data, and where the result goes."""

    changed = Signal()

    def __init__(
        self,
        state: State,
        plugin: Pass | Exporter,  # type: ignore[type-arg]
        obstacle: str,
        *,
        graph: Graph | None,
        target: QWidget,
        target_title: str,
        is_target_good: Callable[[], bool],
        parent: QWidget | None = None,
    ) -> None:
        """``target`` is the widget that says where the result goes; ``is_target_good`` checks it."""
        super().__init__(parent)
        self.plugin = plugin
        self.target = target
        self._is_target_good = is_target_good
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.form = ParamForm(
            plugin.params, suggestions=suggestions(plugin, graph), format_id=graph.format if graph is not None else ""
        )
        self.data = DataForm(state, state.jobs)
        self.form.changed.connect(self.changed)
        self.data.changed.connect(self.changed)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(10)
        column.addWidget(_label(_(plugin.label), "title"))
        column.addWidget(_label(_(plugin.summary), "muted"))
        if obstacle:
            column.addWidget(ObstacleNotice(obstacle, install_command(plugin)))
        parts: list[tuple[str, str, QWidget]] = []
        if self.form.editors:
            parts.append((_("Settings"), "", self.form))
        parts += [(*_data_texts(plugin), self.data), (target_title, "", target)]
        for title, text, widget in parts:
            column.addSpacing(6)
            column.addWidget(_label(title, "heading"))
            if text:
                column.addWidget(_label(text, "muted"))
            column.addWidget(widget)
            widget.setEnabled(not obstacle)
        column.addStretch(1)
        self.setWidget(page)

    def is_valid(self) -> bool:
        """Say whether the settings are allowed and the target is named."""
        return self.form.is_valid() and self._is_target_good()

    def params(self) -> dict[str, Any]:
        """Return the settings, JSON-safe and checked; raises WorkbenchError."""
        self.form.params()
        return self.form.values()


class ObstacleNotice(QFrame):
    """Why the plugin cannot be used, and the command that would help."""

    def __init__(self, reason: str, command: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "notice")
        glyph = Label()
        glyph.setPixmap(theme.icon("warning", "warning").pixmap(20, 20))
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(glyph, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(_label(reason, ""), 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.addLayout(row)
        if command:
            line = QLineEdit(command)
            line.setReadOnly(True)
            line.setFont(theme.monospace())
            line.setAccessibleName(_("Command that installs it"))
            copy = QPushButton(_("Copy"))
            copy.clicked.connect(lambda: QApplication.clipboard().setText(command))
            below = QHBoxLayout()
            below.addWidget(line, 1)
            below.addWidget(copy)
            layout.addLayout(below)


def suggestions(plugin: Pass | Exporter, graph: Graph | None) -> Mapping[str, Sequence[str]]:  # type: ignore[type-arg]
    """Return, for list settings that name layers, the layers of this model that have weights."""
    if graph is None:
        return {}
    known = set(graph.tensors)
    names = [node.name for node in graph.nodes if node.parameters or any(name in known for name in node.inputs)]
    lists = [field.name for field in fields(plugin.params) if field.kind == "texts"]
    return {name: names for name in lists if any(word in name for word in ("skip", "layer", "node", "exclude"))}


def _data_texts(plugin: Pass | Exporter) -> tuple[str, str]:  # type: ignore[type-arg]
    if isinstance(plugin, Pass) and plugin.data == "required":
        return _("Calibration data"), _(
            "Real samples, about a hundred, show which ranges the numbers take (TensorFlow: representative dataset). "
            "The same data is used to compare the result with its source. Without it random input is used, "
            "and accuracy may suffer."
        )
    if isinstance(plugin, Pass) and plugin.data == "optional":
        return _("Data"), _("Used for calibration and for comparing the result with its source.")
    return _("Data for the comparison"), _(
        "The result is run on it beside its source. Random input is used without it."
    )


def _label(text: str, role: str) -> Label:
    return Label(text, role=role, wordWrap=True)
