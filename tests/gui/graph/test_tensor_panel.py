"""The numbers of a weight can be read to their last digit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QTableView
from pytestqt.qtbot import QtBot

from workbench.gui import theme
from workbench.gui.graph.tensor_panel import TensorPanel
from workbench.jobs.read import TensorView


@pytest.mark.parametrize("number", [np.float32(-4.00572e-35), np.float64(-1.23456e-300), np.int64(-(2**63))])
def test_a_number_is_never_cut_short(number: np.generic, tmp_path: Path, qtbot: QtBot, qapp) -> None:
    theme.apply(qapp, "light")
    numbers = np.full((2, 40), number)
    np.save(tmp_path / "preview.npy", numbers)
    panel = TensorPanel()
    qtbot.addWidget(panel)
    panel.resize(320, 600)
    panel.show()
    panel.show_tensor(
        TensorView(
            name="w", dtype=str(numbers.dtype), shape=[2, 40], nbytes=numbers.nbytes, minimum=0, maximum=0, mean=0,
            std=0, zeros=0, not_finite=0, histogram=[0] * 64, preview=str(tmp_path / "preview.npy"),
        )
    )  # fmt: skip
    table = panel.findChild(QTableView)
    assert table is not None
    assert table.columnWidth(0) >= table.sizeHintForColumn(0)
    bar = table.horizontalScrollBar()

    def last_column_is_reached() -> bool:
        bar.setValue(bar.maximum())
        return table.columnAt(table.viewport().width() - 5) == 39

    qtbot.waitUntil(last_column_is_reached, timeout=5_000)
