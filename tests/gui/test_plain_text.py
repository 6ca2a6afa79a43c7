"""Names from files are shown as they are: no label and no tool tip takes them for HTML."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

import workbench.gui
from workbench.core.datasets import DataSpec
from workbench.gui.dialogs.data_form import DataForm
from workbench.gui.labels import Label, tip
from workbench.gui.main_window import MainWindow
from workbench.gui.panels.dots import polygon
from workbench.gui.panels.result_table import Cell, ResultTable
from workbench.gui.panels.top_classes import SampleItemModel
from workbench.jobs.infer import Inferred, TopClass

WAIT_MS = 60_000
HOSTILE = "<img src=\\\\host\\x> & <b>bold</b>"


def test_a_label_shows_tags_as_they_are(qapp: QApplication) -> None:
    label = Label(HOSTILE, role="muted", wordWrap=True)
    assert label.textFormat() == Qt.TextFormat.PlainText
    assert label.text() == HOSTILE
    assert label.wordWrap()
    assert label.property("role") == "muted"


def test_a_tool_tip_escapes_tags_and_leaves_plain_texts_alone(qapp: QApplication) -> None:
    assert "<img" not in tip(HOSTILE)
    assert "&lt;img" in tip(HOSTILE)
    assert tip("a < b\n/models/net.onnx") == "a < b\n/models/net.onnx"


def test_a_table_escapes_its_tips(qapp: QApplication) -> None:
    table = ResultTable(["Model"])
    table.show_rows([[Cell("net", tip=HOSTILE)]])
    item = table.item(0, 0)
    assert item is not None
    assert "<img" not in item.toolTip()


def test_only_the_legend_is_a_label_that_may_hold_html() -> None:
    found = []
    folder = Path(workbench.gui.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "QLabel":
                found.append(path.name)
    assert found == ["latency_chart.py"]


def test_every_label_of_the_window_is_plain(window: MainWindow) -> None:
    for pane_id in window.panes:
        window.show_pane(pane_id)
    ours = [label for label in window.findChildren(QLabel) if type(label).__module__.startswith("workbench")]
    assert len(ours) > 20
    assert {label.textFormat() for label in ours} == {Qt.TextFormat.PlainText}


@pytest.mark.parametrize("count", [0, 1, 2, 700])
def test_points_of_any_number_become_a_polygon(qapp: QApplication, count: int) -> None:
    x, y = np.arange(count, dtype=np.float32), np.arange(2 * count, dtype=np.float64)[::2]
    for array in (x, y):
        array.setflags(write=False)
    points = polygon(x, y)
    assert [(point.x(), point.y()) for point in points] == [(n, 2 * n) for n in range(count)]


def test_scores_are_looked_through_once_not_for_each_row(qapp: QApplication) -> None:
    looked = 0

    class Counted(list[TopClass]):
        def __iter__(self):  # type: ignore[no-untyped-def]
            nonlocal looked
            looked += 1
            return super().__iter__()

    top = [Counted([TopClass(0, "", 0.9), TopClass(1, "", 0.1)]) for _ in range(50)]
    model = SampleItemModel()
    model.show(result_with(top))
    before = looked
    assert all(model.is_probability() for _ in range(100))
    assert looked == before
    model.show(result_with([[TopClass(0, "", 7.5)]]))
    assert not model.is_probability()


def result_with(top: list[list[TopClass]]) -> Inferred:
    return Inferred(
        outputs=[],
        samples=len(top),
        seconds=0.1,
        outputs_path="",
        runtime="",
        device="",
        device_label="",
        top=top,
        labels=[],
    )


def test_an_answer_about_older_data_is_not_shown(qtbot: QtBot, window: MainWindow, samples: Path) -> None:
    form = DataForm(window.state, window.jobs)
    qtbot.addWidget(form)
    form.set_model(str(samples / "digits.onnx"))
    form.set_spec(DataSpec(path=str(samples / "digits-test.npz")))
    form.check()
    form.path.setText(str(samples / "missing.npz"))
    qtbot.waitUntil(lambda: not form._checking, timeout=WAIT_MS)
    assert form.verdict() == ""
    form.set_spec(DataSpec(path=str(samples / "digits-test.npz")))
    form.check()
    qtbot.waitUntil(lambda: "fit" in form.verdict(), timeout=WAIT_MS)
