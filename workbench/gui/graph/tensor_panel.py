"""Look into one weight: statistics, a histogram, its numbers, and a button that saves them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedLayout, QTableView, QVBoxLayout, QWidget

from workbench.core import units
from workbench.core.boxes import leaf_of
from workbench.core.i18n import _
from workbench.core.shapes import shape_text
from workbench.gui import theme
from workbench.gui.labels import Label, tip
from workbench.jobs.read import TensorView

CELL_PADDING = 24
"""What the style sheet and the style leave free beside a cell's text."""
Index = QModelIndex | QPersistentModelIndex


class NumbersItemModel(QAbstractTableModel):
    """A two-dimensional array as a table."""

    def __init__(self, numbers: NDArray[np.generic], parent: QWidget) -> None:
        super().__init__(parent)
        self.numbers = np.atleast_2d(numbers)

    def rowCount(self, parent: Index | None = None) -> int:
        """Return the rows."""
        return 0 if parent is not None and parent.isValid() else int(self.numbers.shape[0])

    def columnCount(self, parent: Index | None = None) -> int:
        """Return the columns."""
        return 0 if parent is not None and parent.isValid() else int(self.numbers.shape[1])

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return a number with six digits."""
        if role == Qt.ItemDataRole.DisplayRole:
            return cell_text(self.numbers[index.row(), index.column()])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return indices, from 0."""
        return str(section) if role == Qt.ItemDataRole.DisplayRole else None


def cell_text(value: object) -> str:
    """Return one element as text."""
    if isinstance(value, np.floating | float):
        return f"{float(value):.6g}"
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


class NumbersTable(QTableView):
    """A table whose selection is copied as tab-separated text."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy on Ctrl+C."""
        chosen = self.selectionModel().selectedIndexes() if self.selectionModel() else []
        if not event.matches(QKeySequence.StandardKey.Copy) or not chosen:
            super().keyPressEvent(event)
            return
        rows: dict[int, list[str]] = {}
        for index in sorted(chosen, key=lambda index: (index.row(), index.column())):
            rows.setdefault(index.row(), []).append(str(index.data()))
        QGuiApplication.clipboard().setText("\n".join("\t".join(row) for row in rows.values()))


class TensorPanel(QWidget):
    """Shows one TensorView."""

    save_wanted = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = Label(wordWrap=True)
        self._title.setProperty("role", "heading")
        self._facts = Label(wordWrap=True)
        self._facts.setProperty("role", "muted")
        for label in (self._title, self._facts):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setMinimumWidth(80)
        self._plot = pg.PlotWidget()
        self._plot.setFixedHeight(120)
        self._plot.setMenuEnabled(False)
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.hideButtons()
        self._plot.hideAxis("left")
        self._table = NumbersTable()
        self._table.setAccessibleName(_("Numbers"))
        self._table.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self._table.verticalHeader().setDefaultSectionSize(22)
        self._slice = Label()
        self._slice.setProperty("role", "muted")
        self._waiting = Label(_("Reading ..."), alignment=Qt.AlignmentFlag.AlignCenter)
        self.shown: TensorView | None = None
        self._build()

    def _build(self) -> None:
        self.save_button = QPushButton(_("Save as .npy..."))
        self.save_button.clicked.connect(self.save_wanted)
        close = QPushButton(_("Close"))
        close.clicked.connect(self.closed)
        row = QHBoxLayout()
        row.addWidget(self.save_button)
        row.addStretch(1)
        row.addWidget(close)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(10, 8, 10, 8)
        for widget in (self._title, self._facts, self._plot, self._slice):
            column.addWidget(widget)
        column.addWidget(self._table, 1)
        column.addLayout(row)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(content)
        self._pages.addWidget(self._waiting)

    def wait_for(self, name: str) -> None:
        """Say that a tensor is being read."""
        self.shown = None
        self._waiting.setText(_("Reading {name} ...").format(name=leaf_of(name)))
        self._pages.setCurrentIndex(1)

    def say(self, text: str) -> None:
        """Show what went wrong instead of the numbers."""
        self._waiting.setText(text)
        self._waiting.setWordWrap(True)
        self._pages.setCurrentIndex(1)

    def show_tensor(self, view: TensorView, note: str = "") -> None:
        """Show statistics, histogram and numbers; ``note`` says what they mean when that is not plain."""
        self.shown = view
        self._title.setText(leaf_of(view.name))
        self._title.setToolTip(tip(view.name))
        self._facts.setText("\n".join(line for line in (facts_of(view), note) if line))
        self._draw_histogram(view)
        numbers = np.load(Path(view.preview), allow_pickle=False) if view.preview else np.zeros((0, 0))
        if numbers.ndim < 2:
            numbers = numbers.reshape(-1, 1)
        self._table.setModel(NumbersItemModel(numbers, self))
        self._table.horizontalHeader().setDefaultSectionSize(
            self._table.fontMetrics().horizontalAdvance(_widest(numbers)) + CELL_PADDING
        )
        self._slice.setText(_slice_text(view, numbers))
        self._pages.setCurrentIndex(0)

    def numbers(self) -> NDArray[np.generic]:
        """Return the numbers in the table."""
        model = self._table.model()
        return model.numbers if isinstance(model, NumbersItemModel) else np.zeros((0, 0))

    def restyle(self) -> None:
        """Take over the theme in force."""
        if self.shown is not None:
            self._draw_histogram(self.shown)

    def _draw_histogram(self, view: TensorView) -> None:
        counts = np.asarray(view.histogram, dtype=float)
        self._plot.clear()
        self._plot.setBackground(theme.colour("surface"))
        self._plot.setVisible(bool(counts.sum() > 0))
        if counts.sum() <= 0:
            return
        edges = np.linspace(view.minimum, view.maximum if view.maximum > view.minimum else view.minimum + 1, 65)
        self._plot.addItem(
            pg.BarGraphItem(
                x0=edges[:-1], x1=edges[1:], y0=0, height=counts, brush=theme.colour("chart-1"), pen=pg.mkPen(None)
            )
        )
        axis = self._plot.getAxis("bottom")
        axis.setPen(theme.colour("border"))
        axis.setTextPen(theme.colour("muted"))
        self._plot.setRange(xRange=(float(edges[0]), float(edges[-1])), yRange=(0, float(counts.max())), padding=0.03)


def facts_of(view: TensorView) -> str:
    """Return dtype, shape and statistics as text."""
    lines = [f"{view.dtype} {shape_text(view.shape)} · {units.size(view.nbytes)}"]
    if sum(view.histogram):
        lines.append(
            _("from {low} to {high}, mean {mean}, standard deviation {std}").format(
                low=f"{view.minimum:.5g}", high=f"{view.maximum:.5g}", mean=f"{view.mean:.5g}", std=f"{view.std:.5g}"
            )
        )
        lines.append(_("{share} exact zeros").format(share=units.percent(view.zeros)))
    if view.not_finite:
        lines.append(_("{count} not finite (NaN or infinite)").format(count=units.count(view.not_finite)))
    return "\n".join(lines)


def _widest(numbers: NDArray[np.generic]) -> str:
    """Return a text as wide as any cell: a number cut short (-4.00572e-35 as -4.00572e) reads as another one."""
    if numbers.dtype.kind in "iu" and numbers.size:
        return max(str(numbers.min()), str(numbers.max()), key=len)
    return "-4.44444e-300" if numbers.dtype.kind in "fiub" else "0" * 24


def _slice_text(view: TensorView, numbers: NDArray[np.generic]) -> str:
    if int(np.prod(view.shape)) == numbers.size:
        return _("All values")
    shape = shape_text(np.atleast_2d(numbers).shape)
    return _("The first {shape} of them (the last two dimensions)").format(shape=shape)
