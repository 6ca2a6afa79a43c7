"""The samples that ran, each with its picture and its most likely classes as bars."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from workbench.core import units
from workbench.core.i18n import _
from workbench.gui import theme
from workbench.jobs.infer import Inferred, TopClass

Index = QModelIndex | QPersistentModelIndex
PICTURE, LINE, GAP = 64, 17, 10
SAMPLE = Qt.ItemDataRole.UserRole


class SampleItemModel(QAbstractListModel):
    """One row for each sample."""

    def __init__(self) -> None:
        super().__init__()
        self._result: Inferred | None = None
        self._pictures: NDArray[np.uint8] | None = None
        self._probability = False

    def show(self, result: Inferred | None) -> None:
        """Show these results."""
        self.beginResetModel()
        self._result, self._pictures = result, None
        self._probability = _are_probabilities(result.top if result is not None else [])
        self.endResetModel()

    def set_pictures(self, pictures: NDArray[np.uint8]) -> None:
        """Add the pictures (samples, height, width, 3)."""
        self._pictures = pictures
        self.layoutChanged.emit()

    def rowCount(self, parent: Index | None = None) -> int:
        """Return the number of samples."""
        return len(self._result.top) if self._result is not None and not (parent and parent.isValid()) else 0

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a sample's text, picture, or the row number for the delegate."""
        if self._result is None or not index.isValid():
            return None
        row = index.row()
        if role == Qt.ItemDataRole.DisplayRole:
            best = next(iter(self._result.top[row]), None)
            if best is None:
                return _("{sample}: not a number (NaN)").format(sample=self.title(row))
            return f"{self.title(row)}: {class_name(best)} {score_text(best.score, self.is_probability())}"
        if role == Qt.ItemDataRole.DecorationRole:
            return self.picture(row)
        return row if role == SAMPLE else None

    def title(self, row: int) -> str:
        """Return what a sample is called."""
        return _("Sample {n}").format(n=row + 1)

    def top(self, row: int) -> list[TopClass]:
        """Return the best classes of a sample."""
        return self._result.top[row] if self._result is not None else []

    def true_class(self, row: int) -> int | None:
        """Return the class that the data says, if it says one."""
        labels = self._result.labels if self._result is not None else []
        return labels[row] if row < len(labels) else None

    def is_probability(self) -> bool:
        """Say whether all scores look like probabilities."""
        return self._probability

    def picture(self, row: int) -> QImage | None:
        """Return what the model saw, when it is an image."""
        if self._pictures is None or row >= len(self._pictures):
            return None
        pixels = np.ascontiguousarray(self._pictures[row])
        height, width = pixels.shape[:2]
        return QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def _are_probabilities(tops: list[list[TopClass]]) -> bool:
    return all(0 <= item.score <= 1.0001 for top in tops for item in top) and all(
        sum(item.score for item in top) <= 1.001 for top in tops
    )


def class_name(item: TopClass) -> str:
    """Return the class's label, or its number."""
    return item.label or _("class {n}").format(n=item.index)


def score_text(score: float, probability: bool) -> str:  # noqa: FBT001 - what the score is, not a switch
    """Return a probability in percent, any other score as a number."""
    return units.percent(score, 1) if probability else units.number(score)


class SampleDelegate(QStyledItemDelegate):
    """Draws picture, title, truth and bars."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the height of one sample."""
        return QSize(360, max(PICTURE, 5 * LINE) + 2 * GAP)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one sample."""
        model = index.model()
        if not isinstance(model, SampleItemModel):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(option.rect)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, theme.colour("selection"))
        row = index.row()
        left = rect.left() + GAP
        picture = model.picture(row)
        if picture is not None:
            _paint_picture(painter, picture, QRectF(left, rect.top() + GAP, PICTURE, PICTURE))
            left += PICTURE + 14
        right = _paint_title(painter, model, row, QRectF(left, rect.top() + GAP, 110, rect.height() - 2 * GAP))
        _paint_bars(
            painter, model, row, QRectF(right, rect.top() + GAP, min(520, rect.right() - right - GAP), 5 * LINE)
        )
        painter.setPen(theme.colour("grid"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        painter.restore()


def _paint_picture(painter: QPainter, picture: QImage, box: QRectF) -> None:
    frame = QPainterPath()
    frame.addRoundedRect(box, 5, 5)
    painter.save()
    painter.setClipPath(frame)
    small = picture.width() < PICTURE
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not small)  # pixels of tiny images stay crisp
    painter.drawImage(box, picture)
    painter.restore()
    painter.setPen(theme.colour("border"))
    painter.drawPath(frame)


def _paint_title(painter: QPainter, model: SampleItemModel, row: int, box: QRectF) -> float:
    painter.setPen(theme.colour("text"))
    line = QRectF(box.left(), box.top(), box.width(), LINE + 2)
    painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, model.title(row))
    truth, top = model.true_class(row), model.top(row)
    if not top:
        painter.setPen(theme.colour("bad"))
        painter.drawText(line.translated(0, LINE + 4), Qt.AlignmentFlag.AlignVCenter, _("not a number"))
    elif truth is not None:
        right = top[0].index == truth
        name = next((class_name(item) for item in top if item.index == truth), _("class {n}").format(n=truth))
        painter.setPen(theme.colour("good" if right else "bad"))
        text = _("\u2713 right") if right else _("\u2717 is {name}").format(name=name)
        painter.drawText(line.translated(0, LINE + 4), Qt.AlignmentFlag.AlignVCenter, text)
    return box.right() + GAP


def _paint_bars(painter: QPainter, model: SampleItemModel, row: int, box: QRectF) -> None:
    probability = model.is_probability()
    top = model.top(row)
    scale = 1.0 if probability else max((abs(item.score) for item in top), default=1.0) or 1.0
    metrics = painter.fontMetrics()
    longest = max((metrics.horizontalAdvance(class_name(item)) for item in top), default=0)
    names = min(max(60.0, longest + 14.0), 190.0, box.width() * 0.45)
    bars = max(10.0, box.width() - names - 80)
    for number, item in enumerate(top):
        line = QRectF(box.left(), box.top() + number * LINE, box.width(), LINE - 3)
        is_truth = model.true_class(row) == item.index
        painter.setPen(theme.colour("text" if number == 0 or is_truth else "muted"))
        name = metrics.elidedText(class_name(item), Qt.TextElideMode.ElideRight, int(names - 10))
        label = QRectF(line.left(), line.top(), names - 10, line.height())
        painter.drawText(label, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, name)
        track = QRectF(line.left() + names, line.top() + 2, bars, line.height() - 4)
        _bar(painter, track, theme.colour("sunken"))
        width = max(2.0, bars * item.score / scale) if item.score > 0 else 0.0
        _bar(painter, QRectF(track.left(), track.top(), width, track.height()), _bar_colour(number, is_truth=is_truth))
        value = QRectF(track.right() + 8, line.top(), 72, line.height())
        painter.drawText(value, Qt.AlignmentFlag.AlignVCenter, score_text(item.score, probability))


def _bar_colour(number: int, *, is_truth: bool) -> QColor:
    colour = theme.colour("good" if is_truth else "accent")
    colour.setAlpha(255 if number == 0 or is_truth else 110)
    return colour


def _bar(painter: QPainter, box: QRectF, colour: QColor) -> None:
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(box, 3, 3)
    painter.restore()


class SampleList(QListView):
    """The samples in a list; only what is seen is drawn."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.samples = SampleItemModel()
        self.setModel(self.samples)
        self.setItemDelegate(SampleDelegate(self))
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName(_("Samples and their most likely classes"))
