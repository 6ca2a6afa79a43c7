"""Pictures: SVG and PNG with all boxes, refusals, and no half-written file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PySide6.QtGui import QImage

from workbench.core.errors import WorkbenchError
from workbench.core.graph import Graph, Node, Port
from workbench.gui.graph.drawing import Drawing
from workbench.gui.graph.picture import LONGEST_SIDE, MOST_PIXELS, SHARPNESS, picture_scale, write_picture

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")  # says the offscreen plugin


def test_an_svg_holds_every_op(drawing: Drawing, tmp_path: Path) -> None:
    target = tmp_path / "graph.svg"
    write_picture(drawing.scene, target)
    root = ET.parse(target).getroot()
    words = [text.strip() for element in root.iter() if element.tag.endswith("text") for text in element.itertext()]
    assert set(drawing.scene.titles) <= set(words)
    assert list(tmp_path.glob("*.partial")) == []


def test_a_png_is_as_large_as_the_graph(drawing: Drawing, tmp_path: Path) -> None:
    target = tmp_path / "graph.png"
    write_picture(drawing, target)
    image = QImage(str(target))
    assert image.width() == pytest.approx((drawing.scene.width + 48) * SHARPNESS, abs=2)
    assert image.height() == pytest.approx((drawing.scene.height + 48) * SHARPNESS, abs=2)
    colours = {image.pixelColor(x, y).name() for x in range(0, image.width(), 9) for y in range(0, image.height(), 9)}
    assert len(colours) > 5


@pytest.mark.parametrize(("width", "height"), [(400.0, 2e6), (90_000.0, 90_000.0), (10.0, 10.0)])
def test_the_size_of_a_png_is_limited(width: float, height: float) -> None:
    scale = picture_scale(width, height)
    assert scale <= SHARPNESS
    assert max(width, height) * scale <= LONGEST_SIDE * 1.001
    assert width * height * scale**2 <= MOST_PIXELS * 1.001


def test_a_very_long_graph_becomes_a_png(draw: Callable[..., Drawing], tmp_path: Path) -> None:
    nodes = [Node(f"n{i}", "Relu", [f"v{i - 1}" if i else "x"], [f"v{i}"]) for i in range(1500)]
    target = tmp_path / "long.png"
    write_picture(draw(Graph("long", nodes, inputs=[Port("x", "", None)])), target)
    assert QImage(str(target)).height() <= LONGEST_SIDE + 1


@pytest.mark.parametrize("name", ["graph.bmp", "graph"])
def test_other_suffixes_are_refused(drawing: Drawing, tmp_path: Path, name: str) -> None:
    with pytest.raises(WorkbenchError) as caught:
        write_picture(drawing, tmp_path / name)
    assert ".svg" in caught.value.hint
    assert list(tmp_path.glob("graph*")) == []


def test_nothing_is_overwritten(drawing: Drawing, tmp_path: Path) -> None:
    target = tmp_path / "graph.svg"
    target.write_text("mine")
    with pytest.raises(WorkbenchError):
        write_picture(drawing, target)
    assert target.read_text() == "mine"
