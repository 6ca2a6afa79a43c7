"""A form generated from Params: one editor per setting, with title, unit, help and a check while typing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QToolButton, QWidget

from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _
from workbench.core.params import Field, Params, fields, parse
from workbench.gui import theme
from workbench.gui.editors import Editor, OptionalEditor, editor_for
from workbench.gui.labels import Label
from workbench.gui.wheel_guard import WheelGuard

LABEL_WIDTH, ROW_HEIGHT = 160, 30
"""Of a label, so that forms below each other line up and it is level with the editor beside it."""


class ParamForm(QWidget):
    """Edits one Params type."""

    changed = Signal()

    def __init__(
        self,
        params: type[Params],
        parent: QWidget | None = None,
        *,
        suggestions: Mapping[str, Sequence[str]] | None = None,
        format_id: str = "",
    ) -> None:
        """``suggestions`` offers names for list settings; what does not apply to ``format_id`` is left out."""
        super().__init__(parent)
        self._type = params
        self._valid = True
        self.editors: dict[str, Editor] = {}
        self._problems: dict[str, Label] = {}
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(14)
        layout.setVerticalSpacing(9)
        layout.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for field in fields(params):
            if format_id and field.formats and format_id not in field.formats:
                continue
            self._add(layout, field, (suggestions or {}).get(field.name, ()))
        WheelGuard(self)

    def _add(self, layout: QFormLayout, field: Field, names: Sequence[str]) -> None:
        editor = editor_for(field, names)
        editor = OptionalEditor(field, editor) if field.optional else editor
        editor.set_value(field.default)
        editor.setAccessibleName(_(field.title))
        help_text = _help(field)
        editor.setToolTip(help_text)
        editor.changed.connect(self._on_changed)
        title = Label(_(field.title))
        title.setToolTip(help_text)
        title.setMinimumSize(LABEL_WIDTH, ROW_HEIGHT)
        title.setBuddy(editor)
        problem = Label()
        problem.setProperty("role", "error")
        problem.setWordWrap(True)
        problem.hide()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(editor, 1)
        row.addWidget(HelpButton(_(field.title), help_text))
        layout.addRow(title, row)
        layout.addRow("", problem)
        layout.setRowVisible(problem, False)
        self.editors[field.name] = editor
        self._problems[field.name] = problem

    def values(self) -> dict[str, Any]:
        """Return what the editors say, JSON-safe and not yet checked."""
        return {name: editor.value() for name, editor in self.editors.items()}

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show ``values``; names that the form does not have are left out."""
        for name, value in values.items():
            if name in self.editors:
                self.editors[name].set_value(value)

    def params(self) -> Params:
        """Return the settings; raises WorkbenchError naming the one that is not allowed."""
        return parse(self._type, self.values())

    def is_valid(self) -> bool:
        """Say whether all settings are allowed."""
        return self._valid

    def problem(self, name: str) -> str:
        """Return what is wrong with a setting, or ""."""
        return self._problems[name].text()

    def _on_changed(self) -> None:
        layout = self.layout()
        valid = True
        for name, editor in self.editors.items():
            problem = self._problem(name, editor)
            valid = valid and not problem
            editor.mark("true" if problem else "false")
            self._problems[name].setText(problem)
            if isinstance(layout, QFormLayout):
                layout.setRowVisible(self._problems[name], bool(problem))
            self._problems[name].setVisible(bool(problem))
        self._valid = valid
        self.changed.emit()

    def _problem(self, name: str, editor: Editor) -> str:
        try:
            parse(self._type, {name: editor.value()})
        except WorkbenchError as error:
            return error.hint or error.message
        return ""


class HelpButton(QToolButton):
    """A small question mark: shows the help on hover, and on a click or key for those without a mouse."""

    def __init__(self, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setIcon(theme.icon("question", "muted"))
        self.setToolTip(text)
        self.setAccessibleName(_("Help for {name}").format(name=title))
        self.setAccessibleDescription(text)
        self.clicked.connect(self._show)

    def _show(self) -> None:
        from PySide6.QtWidgets import QToolTip

        QToolTip.showText(self.mapToGlobal(self.rect().bottomLeft()), self.toolTip(), self)


def _help(field: Field) -> str:
    parts = [_(field.help)]
    low, high = field.minimum, field.maximum
    if low is not None and high is not None:
        parts.append(_("From {low:g} to {high:g}.").format(low=low, high=high))
    elif low is not None:
        parts.append(_("At least {low:g}.").format(low=low))
    elif high is not None:
        parts.append(_("At most {high:g}.").format(high=high))
    return " ".join(part for part in parts if part)
