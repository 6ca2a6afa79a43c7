"""The settings page of one pass or export target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
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
        self.random = RandomNotice(self.data, needed=_needs_data(plugin))
        for part in (self.form, self.data, self.random):
            part.changed.connect(self.changed)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(10)
        column.addWidget(_label(_(plugin.label), "title"))
        column.addWidget(_label(_(plugin.summary), "muted"))
        if obstacle:
            column.addWidget(ObstacleNotice(obstacle, install_command(plugin)))
        for title, text, widget in self._parts(target_title):
            column.addSpacing(6)
            column.addWidget(_label(title, "heading"))
            if text:
                column.addWidget(_label(text, "muted"))
            column.addWidget(widget)
            widget.setEnabled(not obstacle)
        column.addStretch(1)
        self.setWidget(page)

    def _parts(self, target_title: str) -> list[tuple[str, str, QWidget]]:
        """Return title, text and widget of each part; data that decides how good the result is comes first."""
        settings = [(_("Settings"), "", self.form)] if self.form.editors else []
        data_part = QWidget()
        below = QVBoxLayout(data_part)
        below.setContentsMargins(0, 0, 0, 0)
        below.addWidget(self.random)
        below.addWidget(self.data)
        data = [(*_data_texts(self.plugin), data_part)]
        both = [*data, *settings] if _needs_data(self.plugin) else [*settings, *data]
        return [*both, (target_title, "", self.target)]

    def is_valid(self) -> bool:
        """Say whether the settings are allowed, the data is given or done without, and the target is named."""
        return self.form.is_valid() and self.random.is_settled() and self._is_target_good()

    def params(self) -> dict[str, Any]:
        """Return the settings, JSON-safe and checked; raises WorkbenchError."""
        self.form.params()
        return self.form.values()


class RandomNotice(QFrame):
    """Says what random input does to a pass that needs data, and asks whether it is meant."""

    changed = Signal()

    def __init__(self, data: DataForm, *, needed: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "notice")
        self._needed = needed
        self._data = data
        self.agree = QCheckBox(_("Use random input all the same"))
        self.agree.toggled.connect(lambda _on: self.changed.emit())
        glyph = Label()
        glyph.setPixmap(theme.icon("warning", "warning").pixmap(20, 20))
        text = _label(_("No calibration data: random input makes int8 models inaccurate."), "warning")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 10, 12, 10)
        row.setSpacing(10)
        row.addWidget(glyph, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.addWidget(text)
        column.addWidget(self.agree)
        row.addLayout(column, 1)
        data.changed.connect(self._follow)
        self._follow()

    def is_settled(self) -> bool:
        """Say whether data is given, is not needed, or random input was agreed to."""
        return not self._needed or not self._data.is_random() or self.agree.isChecked()

    def _follow(self) -> None:
        self.setVisible(self._needed and self._data.is_random())


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


def _needs_data(plugin: Pass | Exporter) -> bool:  # type: ignore[type-arg]
    return isinstance(plugin, Pass) and plugin.data == "required"


def _data_texts(plugin: Pass | Exporter) -> tuple[str, str]:  # type: ignore[type-arg]
    if _needs_data(plugin):
        return _("Calibration data"), _(
            "Real samples, about a hundred, show which ranges the numbers take (TensorFlow: representative dataset). "
            "The same data is used to compare the result with its source."
        )
    if isinstance(plugin, Pass) and plugin.data == "optional":
        return _("Data"), _("Used for calibration and for comparing the result with its source.")
    return _("Data for the comparison"), _(
        "The result is run on it beside its source. Random input is used without it."
    )


def _label(text: str, role: str) -> Label:
    return Label(text, role=role, wordWrap=True)
