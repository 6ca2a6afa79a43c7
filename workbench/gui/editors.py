"""Editors for single settings: a number, a choice, a list of names, a file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from workbench.core.i18n import _, ngettext
from workbench.core.params import Field
from workbench.gui import theme
from workbench.gui.labels import Label

INT_LIMIT = 2**31 - 1


class Editor(QWidget):
    """One setting on a form: ``value`` is JSON-safe."""

    changed = Signal()

    def __init__(self, inner: QWidget) -> None:
        super().__init__()
        self._inner = inner
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(6)
        self._row.addWidget(inner, 1)
        self.setFocusProxy(inner)

    def setAccessibleName(self, name: str) -> None:
        """Give the name to the part that takes the keyboard."""
        self._inner.setAccessibleName(name)

    def value(self) -> Any:
        """Return what is shown."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show ``value``."""
        raise NotImplementedError

    def mark(self, invalid: str) -> None:
        """Draw the frame in the error colour ("true") or as usual ("false")."""
        if self._inner.property("invalid") != invalid:
            theme.mark(self._inner, "invalid", invalid)


class BoolEditor(Editor):
    """Yes or no."""

    def __init__(self, field: Field) -> None:
        self._box = QCheckBox(_("Yes"))
        super().__init__(self._box)
        self._box.toggled.connect(self.changed)

    def value(self) -> bool:
        """Return whether it is ticked."""
        return self._box.isChecked()

    def set_value(self, value: Any) -> None:
        """Tick or not."""
        self._box.setChecked(bool(value))


class FigureBox(QDoubleSpinBox):
    """A spin box for any float: shows as many digits as the number has, and steps by its size."""

    def __init__(self) -> None:
        super().__init__()
        self.setDecimals(12)

    def textFromValue(self, value: float) -> str:
        """Return the shortest text that means the same number."""
        return f"{value:.10g}"

    def valueFromText(self, text: str) -> float:
        """Read "0.004", "4e-3" or "1/255"."""
        number = _read(text.removesuffix(self.suffix()))
        return number if number is not None else self.value()

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Allow whatever can still become a number."""
        number = _read(text.removesuffix(self.suffix()))
        fits = number is not None and self.minimum() <= number <= self.maximum()
        return (QValidator.State.Acceptable if fits else QValidator.State.Intermediate), text, position

    def stepBy(self, steps: int) -> None:
        """Step by a twentieth of the range, or by a tenth of the number's own size."""
        span = self.maximum() - self.minimum()
        size = 10 ** math.floor(math.log10(abs(self.value()))) / 10 if self.value() else 0.1
        step = span / 20 if span <= 1000 else size
        self.setValue(round(self.value() + steps * step, 10))


class NumberEditor(Editor):
    """A whole number or a float within its range."""

    def __init__(self, field: Field) -> None:
        self._box: QSpinBox | QDoubleSpinBox
        if field.kind == "int":
            whole = QSpinBox()
            whole.setRange(
                -INT_LIMIT if field.minimum is None else math.ceil(field.minimum),
                INT_LIMIT if field.maximum is None else math.floor(field.maximum),
            )
            whole.valueChanged.connect(self._pass_on)
            self._box = whole
        else:
            figure = FigureBox()
            figure.setRange(
                -1e30 if field.minimum is None else field.minimum, 1e30 if field.maximum is None else field.maximum
            )
            figure.valueChanged.connect(self._pass_on)
            self._box = figure
        super().__init__(self._box)
        if field.unit:
            self._box.setSuffix(f" {field.unit}")
        self._box.setMaximumWidth(200)
        self._row.addStretch(1)

    def _pass_on(self) -> None:
        self.changed.emit()

    def value(self) -> int | float:
        """Return the number."""
        return self._box.value()

    def set_value(self, value: Any) -> None:
        """Show the number."""
        if isinstance(self._box, QSpinBox):
            self._box.setValue(int(value))
        else:
            self._box.setValue(float(value))


class ChoiceEditor(Editor):
    """One of a few."""

    def __init__(self, field: Field) -> None:
        self._box = QComboBox()
        super().__init__(self._box)
        for choice, label in zip(field.choices, field.choice_labels, strict=True):
            self._box.addItem(_(label), choice)
        self._box.currentIndexChanged.connect(lambda _index: self.changed.emit())

    def value(self) -> Any:
        """Return the choice."""
        return self._box.currentData()

    def set_value(self, value: Any) -> None:
        """Show the choice."""
        self._box.setCurrentIndex(self._box.findData(value))


class TextEditor(Editor):
    """One line of text."""

    def __init__(self, field: Field) -> None:
        self._line = QLineEdit()
        super().__init__(self._line)
        self._line.textChanged.connect(lambda _text: self.changed.emit())

    def value(self) -> str:
        """Return the text."""
        return self._line.text().strip()

    def set_value(self, value: Any) -> None:
        """Show the text."""
        self._line.setText("" if value is None else str(value))


class PathEditor(TextEditor):
    """A file, typed or chosen."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        button = QPushButton(_("Choose..."))
        button.setAccessibleName(_("Choose a file for {name}").format(name=_(field.title)))
        button.clicked.connect(self._ask)
        self._row.addWidget(button)

    def _ask(self) -> None:
        picked = QFileDialog.getOpenFileName(self, _("Choose a file"), self.value())[0]
        if picked:
            self.set_value(picked)


class TextsEditor(Editor):
    """A list, separated by commas; names can be ticked off a list when they are known."""

    def __init__(self, field: Field, names: Sequence[str] = ()) -> None:
        self._line = QLineEdit()
        super().__init__(self._line)
        self._line.setPlaceholderText(_("none; separate several by commas"))
        self._line.textChanged.connect(lambda _text: self.changed.emit())
        self._names = names
        self._title = _(field.title)
        if names:
            button = QPushButton(_("Choose..."))
            button.setAccessibleName(_("Choose {name}").format(name=self._title))
            button.clicked.connect(self._ask)
            self._row.addWidget(button)

    def value(self) -> list[str]:
        """Return the parts."""
        return [part.strip() for part in self._line.text().split(",") if part.strip()]

    def set_value(self, value: Any) -> None:
        """Show the parts."""
        self._line.setText(value if isinstance(value, str) else ", ".join(map(str, value or ())))

    def _ask(self) -> None:
        dialog = ChecklistDialog(self._title, self._names, self.value(), self)
        if dialog.exec():
            self.set_value(dialog.ticked())


class ChecklistDialog(QDialog):
    """Ticks names off a long list, with a filter."""

    def __init__(self, title: str, names: Sequence[str], ticked: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(420, 480)
        self._count = Label()
        self._count.setProperty("role", "muted")
        self._filter = QLineEdit()
        self._filter.setPlaceholderText(_("Filter"))
        self._filter.setAccessibleName(_("Filter"))
        self._filter.setClearButtonEnabled(True)
        self._list = QListWidget()
        self._list.setAccessibleName(title)
        for name in names:
            item = QListWidgetItem(name, self._list)
            item.setCheckState(Qt.CheckState.Checked if name in ticked else Qt.CheckState.Unchecked)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (self._filter, self._list, self._count, buttons):
            layout.addWidget(widget)
        self._filter.textChanged.connect(self._narrow)
        self._list.itemChanged.connect(lambda _item: self._say_count())
        self._say_count()

    def ticked(self) -> list[str]:
        """Return the ticked names in the list's order."""
        return [item.text() for item in self._items() if item.checkState() == Qt.CheckState.Checked]

    def _items(self) -> list[QListWidgetItem]:
        return [self._list.item(row) for row in range(self._list.count())]

    def _narrow(self, text: str) -> None:
        for item in self._items():
            item.setHidden(text.lower() not in item.text().lower())

    def _say_count(self) -> None:
        count = len(self.ticked())
        self._count.setText(ngettext("{n} chosen", "{n} chosen", count).format(n=count))


class OptionalEditor(Editor):
    """Wraps an editor whose setting may be left to the library."""

    def __init__(self, field: Field, inner: Editor) -> None:
        self._box = QCheckBox(_("Set"))
        super().__init__(self._box)
        self._editor = inner
        self._start = field.minimum if field.minimum is not None else 1
        self._automatic = Label(_("automatic"))
        self._automatic.setProperty("role", "muted")
        self._row.setStretch(0, 0)
        self._row.addWidget(inner, 1)
        self._row.addWidget(self._automatic, 1)
        self._box.toggled.connect(self._on_toggled)
        inner.changed.connect(self.changed)
        self._on_toggled(on=False)

    def setAccessibleName(self, name: str) -> None:
        """Name both parts."""
        self._box.setAccessibleName(_("Set {name}").format(name=name))
        self._editor.setAccessibleName(name)

    def value(self) -> Any:
        """Return the inner value, or None."""
        return self._editor.value() if self._box.isChecked() else None

    def set_value(self, value: Any) -> None:
        """Show the value; None is automatic."""
        if value is not None:
            self._editor.set_value(value)
        self._box.setChecked(value is not None)

    def mark(self, invalid: str) -> None:
        """Mark the inner editor."""
        self._editor.mark(invalid)

    def _on_toggled(self, on: bool) -> None:  # noqa: FBT001 - a Qt slot
        self._editor.setVisible(on)
        self._automatic.setVisible(not on)
        self.changed.emit()


def editor_for(field: Field, names: Sequence[str] = ()) -> Editor:
    """Return the editor that fits the field's kind."""
    match field.kind:
        case "bool":
            return BoolEditor(field)
        case "int" | "float":
            return NumberEditor(field)
        case "choice":
            return ChoiceEditor(field)
        case "texts":
            return TextsEditor(field, names)
        case "path":
            return PathEditor(field)
        case "text":
            return TextEditor(field)


def _read(text: str) -> float | None:
    parts = text.strip().split("/")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return None
    if len(numbers) == 1:
        return numbers[0]
    return numbers[0] / numbers[1] if len(numbers) == 2 and numbers[1] else None
