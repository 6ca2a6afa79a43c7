"""What the evaluate panel says of differences, and of what was noticed."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from workbench.gui.main_window import MainWindow
from workbench.gui.panels.evaluate import EvaluatePanel


def shown(qtbot: QtBot, window: MainWindow, top1: float, samples: int) -> EvaluatePanel:
    results = [
        {
            "model": f"/x/{name}.onnx", "runtime": "onnxruntime", "device": "cpu", "samples": samples, "top1": share,
            "top5": None, "confusion": [[2, 0], [1, 1]], "class_names": ["cat", "dog"], "data": "d.npz",
            "data_sha256": "ab", "seconds": 0.1, "notes": [f"noticed of {name}"],
        }
        for name, share in (("net", 0.98), ("other", top1))
    ]  # fmt: skip
    panel = EvaluatePanel(window.state, window.jobs)
    qtbot.addWidget(panel)
    panel.show_stored({"results": results}, "")
    return panel


@pytest.mark.parametrize(("top1", "samples", "role"), [(0.96, 50, "muted"), (0.9, 5000, "bad"), (0.999, 5000, "good")])
def test_a_difference_has_a_colour_only_when_it_is_one(
    qtbot: QtBot, window: MainWindow, top1: float, samples: int, role: str
) -> None:
    from workbench.gui.panels.evaluate import _against

    panel = shown(qtbot, window, top1, samples)
    cell = _against(panel.results[1], panel.results[0])
    assert cell.role == role
    assert ("overlap" in cell.tip) is (role == "muted")


def test_notes_are_shown(qtbot: QtBot, window: MainWindow) -> None:
    panel = shown(qtbot, window, 0.96, 50)
    assert "/x/other.onnx: noticed of other" in panel.notes.text()
    assert not panel.notes.isHidden()
