"""The mouse wheel scrolls a form; it changes a value only where the person is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QWidget


class WheelGuard(QObject):
    """Leaves the wheel over combos and spin boxes of a form to the page, unless they have the keyboard."""

    def __init__(self, form: QWidget) -> None:
        """Guard what is on ``form`` now."""
        super().__init__(form)
        boxes: list[QWidget] = [*form.findChildren(QComboBox), *form.findChildren(QAbstractSpinBox)]
        for box in boxes:
            box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the wheel over it does not give it the keyboard
            box.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Pass the wheel on to the parent."""
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return super().eventFilter(watched, event)
