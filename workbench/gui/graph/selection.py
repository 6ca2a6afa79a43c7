"""What is selected in the graph: shared by the graph tab, the inspector and whoever wants to follow."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal


class Selection(QObject):
    """The node in view; ``function`` is the key of the nested graph that it is in, "" for the top one."""

    changed = Signal(str, str)
    """function, node ("" for none)."""
    reveal = Signal(str, str)
    """Please show this node of this function (node "" only opens the function)."""

    find = Signal(str)
    """Please look for this text."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.function = ""
        self.node = ""

    @staticmethod
    def of(owner: QObject) -> Selection:
        """Return the one Selection that belongs to ``owner`` (the window's State)."""
        found = owner.findChild(Selection)
        return found if found is not None else Selection(owner)

    def select(self, function: str, node: str) -> None:
        """Make a node the selected one."""
        if (function, node) != (self.function, self.node):
            self.function, self.node = function, node
            self.changed.emit(function, node)
