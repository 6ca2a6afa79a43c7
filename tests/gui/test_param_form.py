"""Forms generated from Params: for every plugin there is, and for every kind of setting."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QScrollArea,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

import workbench.exporters
import workbench.passes
from workbench.core.datasets import Preprocessing
from workbench.core.errors import WorkbenchError
from workbench.core.params import Params, fields, meta
from workbench.core.plugins import discover
from workbench.exporters import Exporter
from workbench.gui.editors import ChecklistDialog, FigureBox
from workbench.gui.param_form import HelpButton, ParamForm
from workbench.passes import Pass


class EveryKind(Params, frozen=True):
    """One setting of each kind."""

    runs: Annotated[int, meta("Runs", "How often.", ge=1, le=1000, unit="runs")] = 100
    sparsity: Annotated[float, meta("Sparsity", "Share of zeros.", ge=0.0, le=1.0)] = 0.5
    scale: Annotated[float, meta("Scale", "Multiplied first.")] = 0.00392157
    exact: Annotated[bool, meta("Exact", "No shortcuts.")] = True
    layout: Annotated[Literal["auto", "nhwc"], meta("Layout", "Where.", labels=("Automatic", "Last"))] = "auto"
    name: Annotated[str, meta("Name", "Any text.")] = "x"
    skip: Annotated[tuple[str, ...], meta("Layers to skip", "Not touched.")] = ()
    mean: Annotated[tuple[float, ...], meta("Mean", "One per channel.")] = ()
    labels: Annotated[str, meta("Labels file", "A text file.", path=True)] = ""
    batch: Annotated[int, meta("Batch", "Empty leaves it free.", ge=1)] | None = None


ALL_PARAMS: list[type[Params]] = [
    *(plugin.params for plugin in discover(workbench.passes, Pass).values()),
    *(plugin.params for plugin in discover(workbench.exporters, Exporter).values()),
    Preprocessing,
    EveryKind,
]


@pytest.fixture
def form(qtbot: QtBot) -> ParamForm:
    made = ParamForm(EveryKind, suggestions={"skip": ["conv1", "conv2", "dense"]})
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.mark.parametrize("params", ALL_PARAMS, ids=lambda kind: kind.__name__)
def test_an_untouched_form_gives_the_defaults(params: type[Params], qtbot: QtBot) -> None:
    made = ParamForm(params)
    qtbot.addWidget(made)
    assert made.params() == params()
    assert made.is_valid()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("runs", 7),
        ("sparsity", 0.123456789),
        ("scale", 1e-7),
        ("scale", -3.5e12),
        ("exact", False),
        ("layout", "nhwc"),
        ("name", "two words"),
        ("skip", ["conv1", "dense"]),
        ("mean", [0.485, 0.456, 0.406]),
        ("labels", "/some/where.txt"),
        ("batch", 4),
        ("batch", None),
    ],
)
def test_values_come_back_as_they_went_in(form: ParamForm, name: str, value: Any) -> None:
    form.set_values({name: value})
    shown = msgspec.to_builtins(getattr(form.params(), name))
    shown = list(shown) if isinstance(shown, tuple) else shown
    assert shown == (pytest.approx(value, rel=1e-9) if isinstance(value, float) else value)


def test_what_a_list_may_not_hold_is_said_beside_it(form: ParamForm, qtbot: QtBot) -> None:
    with qtbot.waitSignal(form.changed):
        form.editors["mean"].set_value("0.5, many")
    assert not form.is_valid()
    assert form.problem("mean")
    with pytest.raises(WorkbenchError):
        form.params()
    form.editors["mean"].set_value("0.5")
    assert form.is_valid()
    assert not form.problem("mean")


def test_numbers_stay_in_their_range(form: ParamForm) -> None:
    runs, sparsity = form.findChild(QSpinBox), form.editors["sparsity"].findChild(QDoubleSpinBox)
    assert runs is not None
    assert (runs.minimum(), runs.maximum(), runs.suffix()) == (1, 1000, " runs")
    assert isinstance(sparsity, QDoubleSpinBox)
    assert (sparsity.minimum(), sparsity.maximum()) == (0.0, 1.0)


@pytest.mark.parametrize(("typed", "number"), [("0.25", 0.25), ("1/255", 1 / 255), ("4e-3", 0.004), (" .5 ", 0.5)])
def test_figures_can_be_typed_as_people_write_them(qtbot: QtBot, typed: str, number: float) -> None:
    box = FigureBox()
    qtbot.addWidget(box)
    box.setRange(-1e30, 1e30)
    box.lineEdit().setText(typed)
    box.interpretText()
    assert box.value() == pytest.approx(number, rel=1e-9)


def test_a_figure_steps_by_its_own_size(qtbot: QtBot) -> None:
    box = FigureBox()
    qtbot.addWidget(box)
    box.setRange(-1e30, 1e30)
    box.setValue(0.004)
    box.stepBy(1)
    assert box.value() == pytest.approx(0.0041)


def test_labels_of_choices_are_shown(form: ParamForm) -> None:
    box = form.editors["layout"].findChild(QComboBox)
    assert isinstance(box, QComboBox)
    assert [box.itemText(row) for row in range(box.count())] == ["Automatic", "Last"]


def test_layers_can_be_ticked_off_a_list(form: ParamForm, qtbot: QtBot) -> None:
    dialog = ChecklistDialog("Layers to skip", ["conv1", "conv2", "dense"], ["dense"])
    qtbot.addWidget(dialog)
    assert dialog.ticked() == ["dense"]


def test_every_editor_has_name_and_help(form: ParamForm) -> None:
    helped = form.findChildren(HelpButton)
    assert len(helped) == len(form.editors)
    assert all(button.accessibleDescription() for button in helped)
    for line in form.editors["name"].findChildren(QLineEdit):
        assert line.accessibleName() == "Name"


def test_the_keyboard_reaches_every_editor(form: ParamForm) -> None:
    for editor in form.editors.values():
        proxy = editor.focusProxy()
        assert proxy is not None
        assert proxy.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_what_does_not_apply_to_a_format_is_left_out(qtbot: QtBot) -> None:
    class Narrow(Params, frozen=True):
        signature: Annotated[str, meta("Signature", "Only there.", formats=("saved-model",))] = ""
        batch: Annotated[int, meta("Batch", "Everywhere.", ge=1)] = 1

    shown = {
        format_id: list(ParamForm(Narrow, format_id=format_id).editors) for format_id in ("", "onnx", "saved-model")
    }
    assert shown == {"": ["signature", "batch"], "onnx": ["batch"], "saved-model": ["signature", "batch"]}
    assert ParamForm(Narrow, format_id="onnx").params() == Narrow()


@pytest.mark.parametrize(
    "plugin",
    [*discover(workbench.passes, Pass).values(), *discover(workbench.exporters, Exporter).values()],
    ids=lambda plugin: plugin.id,
)
def test_every_setting_applies_to_a_format_that_its_plugin_takes(plugin: Any) -> None:
    for field in fields(plugin.params):
        assert set(field.formats) <= set(plugin.accepts)
        assert field.formats != tuple(plugin.accepts), "leave formats out"


@pytest.mark.parametrize("kind", [QComboBox, QAbstractSpinBox])
def test_the_wheel_scrolls_the_page_and_changes_no_value(form: ParamForm, qtbot: QtBot, kind: type[QWidget]) -> None:
    area = QScrollArea()
    qtbot.addWidget(area)
    area.setWidgetResizable(True)
    area.setWidget(form)
    area.resize(500, 120)
    area.show()
    qtbot.waitExposed(area)
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() > 0)
    before = form.values()
    box = form.findChild(kind)
    assert box is not None
    assert not turn(box), "the page does not get it"
    assert form.values() == before
    assert not box.hasFocus()
    if isinstance(box, QAbstractSpinBox):
        area.activateWindow()
        box.setFocus()
        qtbot.waitUntil(box.hasFocus)
        turn(box)
        assert form.values() != before
    area.takeWidget()  # it is the fixture's


def turn(box: QWidget) -> bool:
    """Turn the wheel down by one notch over the middle of ``box``, and say whether it took the event."""
    middle = QPointF(box.rect().center())
    event = QWheelEvent(
        middle, QPointF(box.mapToGlobal(middle.toPoint())), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(box, event)
    return event.isAccepted()
