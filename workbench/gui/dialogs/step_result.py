"""What a step came to: size, verification in plain words, figures, notes."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from workbench.core import units
from workbench.core.agreement import Agreement
from workbench.core.captions import caption
from workbench.core.i18n import _
from workbench.core.size_change import size_change
from workbench.core.verdict import cause_of, judge
from workbench.gui import theme
from workbench.gui.labels import Label, tip
from workbench.jobs.transform import Transformed

GLYPHS = {"good": "check-circle", "warning": "warning", "bad": "warning-octagon"}


class StepResult(QWidget):
    """The result page of the Optimize and Export dialogs."""

    def __init__(self, result: Transformed, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(14)
        name = Label(Path(result.artifact).name)
        name.setProperty("role", "title")
        name.setToolTip(tip(result.artifact))
        name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(name)
        layout.addLayout(_sizes(result))
        layout.addWidget(_verification(result))
        for note in result.notes:
            layout.addWidget(_note(note))
        if result.figures:
            layout.addWidget(_figures(result.figures))
        layout.addStretch(1)


def level_of(result: Transformed) -> str:
    """Return "good", "warning" or "bad": how far the result may be trusted."""
    if result.verified is None or not result.verified.passed:
        return "bad"
    return judge(result.verified).level


def headline_of(result: Transformed) -> str:
    """Return the verification in one sentence."""
    if result.verified is None:
        return _("Not verified: the comparison with its source could not be made.")
    if cause_of(result.verified) == "tolerance":
        return _("Not verified: it differs from its source beyond the tolerance. Do not use it unchecked.")
    if not result.verified.passed:
        return _("Not verified. {finding} Do not use it.").format(finding=judge(result.verified).headline)
    if result.verified.tolerance is not None:
        return _("Verified. {finding}").format(finding=judge(result.verified).headline)
    return judge(result.verified).headline


def _sizes(result: Transformed) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(26)
    row.addLayout(_figure(units.size(result.bytes_before), _("before")))
    row.addLayout(_figure(units.size(result.bytes_after), _("after")))
    change = size_change(msgspec.to_builtins(result))
    if change.text():
        title = _("weights") if change.of_weights else _("size")
        row.addLayout(_figure(change.text(), title, tip=change.explanation()))
    row.addLayout(_figure(units.seconds(result.seconds), _("taken")))
    row.addStretch(1)
    return row


def _figure(value: str, title: str, *, tip: str = "") -> QVBoxLayout:
    figure, caption = Label(value), Label(title)
    figure.setToolTip(tip)
    caption.setToolTip(tip)
    figure.setProperty("role", "figure")
    caption.setProperty("role", "muted")
    column = QVBoxLayout()
    column.setSpacing(0)
    column.addWidget(figure)
    column.addWidget(caption)
    return column


def _verification(result: Transformed) -> QFrame:
    frame = QFrame()
    frame.setProperty("role", "panel")
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(14, 12, 14, 12)
    layout.setSpacing(8)
    level = level_of(result)
    glyph = Label()
    glyph.setPixmap(theme.icon(GLYPHS[level], level).pixmap(22, 22))
    headline = Label(headline_of(result))
    headline.setProperty("role", "heading")
    headline.setWordWrap(True)
    head = QHBoxLayout()
    head.setSpacing(10)
    head.addWidget(glyph, 0, Qt.AlignmentFlag.AlignTop)
    head.addWidget(headline, 1)
    layout.addLayout(head)
    if result.verified is not None:
        for sentence in judge(result.verified).sentences:
            layout.addWidget(_wrapped(sentence))
        layout.addSpacing(4)
        layout.addLayout(_agreement(result.verified))
    return frame


def _agreement(found: Agreement) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(18)
    grid.setVerticalSpacing(4)
    rows = [
        (_("Runtime"), found.runtime),
        (_("Samples"), units.count(found.samples)),
        (_("Largest absolute error"), units.error(found.max_abs_error)),
        (_("Largest relative error"), units.error(found.max_rel_error)),
        (_("Smallest cosine similarity"), units.cosine(found.cosine)),
    ]
    if found.tolerance is not None:
        rows.append((_("Tolerance (relative)"), units.error(found.tolerance)))
    if found.top1_agreement is not None:
        rows.append((_("Same best class"), units.percent(found.top1_agreement)))
    for number, (title, value) in enumerate(rows):
        caption = Label(title)
        caption.setProperty("role", "muted")
        shown = Label(value)
        shown.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        grid.addWidget(caption, number // 2, 2 * (number % 2))
        grid.addWidget(shown, number // 2, 2 * (number % 2) + 1)
    grid.setColumnStretch(3, 1)
    grid.setColumnStretch(1, 1)
    return grid


def _note(text: str) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    glyph = Label()
    glyph.setPixmap(theme.icon("info", "info").pixmap(16, 16))
    layout.addWidget(glyph, 0, Qt.AlignmentFlag.AlignTop)
    layout.addWidget(_wrapped(text), 1)
    return row


def _figures(figures: dict[str, float]) -> Label:
    shown = [
        f"{caption(name)}: {units.count(int(value)) if value == int(value) else units.number(value, 4)}"
        for name, value in figures.items()
        if math.isfinite(value)
    ]
    label = _wrapped("     ".join(shown))
    label.setProperty("role", "muted")
    return label


def _wrapped(text: str) -> Label:
    label = Label(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
