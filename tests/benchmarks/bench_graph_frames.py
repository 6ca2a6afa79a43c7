#!/usr/bin/env python3
"""Print the frame times of the graph view while it pans and zooms, painted in software.

    bench_graph_frames.py [--layers 270] [--towers 1] [--model FILE]

Without a model a transformer-like graph of LAYERS x 37 nodes is made. Five zoom levels from fit to close, pan and zoom
at each; a frame is the time to paint the whole view into an image of 1200 x 800.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from workbench.core.graph import Graph, Node, Port, Value
from workbench.gui import theme
from workbench.gui.graph.drawing import Drawing
from workbench.gui.graph.painting import NEAR
from workbench.gui.graph.view import GraphView
from workbench.jobs.layout import lay_out

FRAMES = 24
"""Of each kind at each zoom level."""


def transformer(layers: int, towers: int) -> Graph:
    """Return ``towers`` stacks of layers side by side, with shape sub-graphs and one mask that every layer reads."""
    graph = Graph("synthetic", inputs=[Port("x", "float32", [1, 128, 64])])

    def add(op: str, inputs: list[str], scope: str) -> str:
        output = f"t{len(graph.nodes)}"
        graph.nodes.append(Node(f"{scope}/{op}_{len(graph.nodes)}", op, inputs, [output]))
        graph.values[output] = Value(output, "float32", [1, 128, 64])
        return output

    mask = add("Cast", ["x"], "/mask")
    flow = "x"
    for layer in range(layers):
        if layer % (layers // towers) == 0:
            flow = "x"
        scope = f"/layer.{layer}"
        normal = add("LayerNormalization", [flow], scope)
        heads = []
        for head in "qkv":
            inner = f"{scope}/{head}"
            projected = add("Add", [add("MatMul", [normal], inner)], inner)
            size = add("Concat", [add("Gather", [add("Shape", [projected], inner)], inner)], inner)
            heads.append(add("Transpose", [add("Reshape", [projected, size], inner)], inner))
        scores = add("Add", [add("Div", [add("MatMul", heads[:2], scope)], scope), mask], scope)
        mixed = add("MatMul", [add("Softmax", [scores], scope), heads[2]], scope)
        mixed = add("Reshape", [add("Transpose", [mixed], scope)], scope)
        residual = add("Add", [flow, add("MatMul", [mixed], scope)], scope)
        wide = add("MatMul", [add("LayerNormalization", [residual], scope)], scope)
        active = add("Mul", [wide, add("Erf", [wide], scope)], scope)
        flow = add("Add", [residual, add("MatMul", [active], scope)], scope)
    graph.outputs = [Port(flow, "float32", [1, 128, 64])]
    return graph


def measure(view: GraphView) -> dict[float, list[tuple[float, float]]]:
    """Return the frames by zoom: milliseconds on the clock and of this thread's own computing."""
    assert view.drawing is not None
    image = QImage(view.size(), QImage.Format.Format_RGB32)
    bounds = view.drawing.bounds
    view.fit()
    times: dict[float, list[tuple[float, float]]] = {}
    for zoom in (view.zoom, (view.zoom * 0.1) ** 0.5, 0.1, NEAR, 1.0):
        frames = times.setdefault(zoom, [])
        for frame in range(2 * FRAMES):
            share = frame / (2 * FRAMES)
            spot = QPointF(bounds.center().x() + 3 * frame / zoom, bounds.top() + bounds.height() * share)
            if frame < FRAMES:
                view.look_at(spot, zoom)
            else:
                view.zoom_by(1.05 if frame % 2 else 1 / 1.05)
            begin, computed = time.perf_counter(), time.thread_time()
            view.render(image)
            frames.append(((time.perf_counter() - begin) * 1000, (time.thread_time() - computed) * 1000))
    return times


def figures(frames: list[tuple[float, float]]) -> str:
    """Return the median and the 95th percentile; computing time tells what a busy machine hides."""
    clock, own = np.array(frames).T
    return (
        f"median {np.median(clock):6.2f} ms, p95 {np.percentile(clock, 95):6.2f} ms"
        f" (own computing: median {np.median(own):6.2f}, p95 {np.percentile(own, 95):6.2f})"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=270)
    parser.add_argument("--towers", type=int, default=1, help="stacks side by side: a wide graph")
    parser.add_argument("--model", type=Path)
    options = parser.parse_args()
    application = QApplication([])
    theme.apply(application, "light")
    if options.model:
        from workbench.formats.identify import read_model

        graph = read_model(options.model)
    else:
        graph = transformer(options.layers, options.towers)
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        scene = lay_out(graph, Path(folder) / "scene.npz")
        laid_out = time.perf_counter()
        drawing = Drawing(scene)
        print(f"{len(scene.names)} boxes, {len(scene.edge_values)} edges, {len(scene.stubs)} stubs")
        print(f"layout {laid_out - begin:.2f} s, arrays {time.perf_counter() - laid_out:.3f} s")
    view = GraphView()
    view.animated = False
    view.resize(1200, 800)
    view.show()
    view.show_drawing(drawing)
    times = measure(view)
    for zoom, frames in times.items():
        print(f"zoom {zoom:8.4f}: {figures(frames)}")
    print(f"all zooms:     {figures([frame for frames in times.values() for frame in frames])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
