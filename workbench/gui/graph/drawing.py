"""A laid-out graph in memory: the arrays that are painted, and what is where."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainterPath

from workbench.core.boxes import HEADER, ROW
from workbench.jobs.layout import Scene

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class Drawing:
    """One Scene with its arrays; indices are those of the scene.

    What is in sight is found by comparing bounding boxes as whole arrays: 0.1 ms for 50,000 boxes.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        with np.load(Path(scene.arrays), allow_pickle=False) as arrays:
            self.rects: Floats = arrays["node_rects"]
            self.colours: NDArray[np.int32] = arrays["node_colours"]
            self.points: Floats = arrays["edge_points"]
            self.starts: NDArray[np.int32] = arrays["edge_starts"]
            self.edges: NDArray[np.int32] = arrays["edge_nodes"]
        self.bounds = QRectF(0, 0, scene.width, scene.height)
        self.index = {name: number for number, name in enumerate(scene.names)}
        self.rows = [text.split("\n") if text else [] for text in scene.subtitles]
        self.stubs: dict[int, list[int]] = defaultdict(list)
        for number, stub in enumerate(scene.stubs):
            self.stubs[stub.node].append(number)
        self._boxes_of_edges()
        self._segments()
        self._labels()

    def _boxes_of_edges(self) -> None:
        if len(self.edges) == 0:
            self._edge_low = self._edge_high = np.zeros((0, 2), np.float32)
            return
        starts = self.starts[:-1]
        self._edge_low = np.minimum.reduceat(self.points, starts, axis=0)
        self._edge_high = np.maximum.reduceat(self.points, starts, axis=0)

    def _segments(self) -> None:
        inside = np.ones(max(len(self.points) - 1, 0), bool)
        inside[self.starts[1:-1] - 1] = False
        self.segments: Floats = np.hstack([self.points[:-1], self.points[1:]])[inside]
        self._segment_low = np.minimum(self.segments[:, :2], self.segments[:, 2:])
        self._segment_high = np.maximum(self.segments[:, :2], self.segments[:, 2:])

    def _labels(self) -> None:
        """Choose which edge of a box bears the label of a value: one each, the others would only repeat it."""
        first: dict[tuple[int, str], int] = {}
        outputs: dict[int, int] = defaultdict(int)
        for edge, (source, text) in enumerate(zip(self.edges[:, 0].tolist(), self.scene.edge_values, strict=True)):
            if (source, text) not in first and self.scene.edge_labels[edge]:
                first[source, text] = edge
                outputs[source] += 1
        self.labelled = np.zeros(len(self.edges), bool)
        self.labelled[list(first.values())] = True
        self.crowded = {source for source, count in outputs.items() if count > 1}

    def label_spot(self, edge: int) -> tuple[QPointF, bool]:
        """Return where an edge's label has its base line, and whether that is its right end."""
        way = self.way(edge)
        source = int(self.edges[edge, 0])
        down = self.scene.direction == "down"
        if source in self.crowded:  # several outputs: beside the arrow head
            x, y = way[-1].tolist()
            return (QPointF(x + 7, y - 9), False) if down else (QPointF(x - 9, y - 6), True)
        x, y = way[0].tolist()
        if not down:
            return QPointF(x + 5, y - 5), False
        ends = [float(self.way(other)[min(2, len(self.way(other)) - 1), 0]) for other in self.leaving(source)]
        rightwards = max(ends) > x + 8 and min(ends) > x - 8
        return QPointF(x - 6 if rightwards else x + 6, y + 14), rightwards

    def leaving(self, node: int) -> list[int]:
        """Return the drawn edges that begin at a box, at most 50."""
        return [int(edge) for edge in np.flatnonzero(self.edges[:, 0] == node)[:50]]

    def nodes_in(self, area: QRectF) -> Ints:
        """Return the boxes that touch ``area``."""
        x, y, width, height = self.rects.T
        return np.flatnonzero(
            (x < area.right()) & (x + width > area.left()) & (y < area.bottom()) & (y + height > area.top())
        )

    def edges_in(self, area: QRectF) -> Ints:
        """Return the edges whose bounding box touches ``area``."""
        return _touching(self._edge_low, self._edge_high, area)

    def segments_in(self, area: QRectF) -> Floats:
        """Return the straight pieces of edges (s, 4) that may touch ``area``."""
        return self.segments[_touching(self._segment_low, self._segment_high, area)]

    def node_at(self, point: QPointF) -> int | None:
        """Return the box under ``point``."""
        found = self.nodes_in(QRectF(point.x() - 0.01, point.y() - 0.01, 0.02, 0.02))
        return int(found[-1]) if len(found) else None

    def stub_at(self, point: QPointF) -> int | None:
        """Return the stub whose line of text is under ``point``."""
        node = self.node_at(point)
        if node is None or node not in self.stubs:
            return None
        row = int((point.y() - float(self.rects[node, 1]) - HEADER - 2) // ROW) - len(self.rows[node])
        return self.stubs[node][row] if 0 <= row < len(self.stubs[node]) else None

    def rect(self, node: int) -> QRectF:
        """Return where a box is."""
        return QRectF(*(float(number) for number in self.rects[node]))

    def edges_of(self, node: int) -> Ints:
        """Return the drawn edges that begin or end at a box."""
        return np.flatnonzero((self.edges == node).any(axis=1))

    def neighbours(self, node: int, *, after: bool) -> list[int]:
        """Return the boxes that a box feeds (or that feed it), stubs included, as they lie across the flow."""
        near, far = (0, 1) if after else (1, 0)
        found = [int(other) for other in self.edges[self.edges[:, near] == node, far]]
        found += [
            self.scene.stubs[stub].other
            for stub in self.stubs.get(node, [])
            if self.scene.stubs[stub].outgoing == after
        ]
        axis = 0 if self.scene.direction == "down" else 1
        return sorted(dict.fromkeys(found), key=lambda other: float(self.rects[other, axis]))

    def beside(self, node: int, *, forward: bool) -> int | None:
        """Return the nearest box across the flow that shares the box's stretch along it."""
        across, along = (0, 1) if self.scene.direction == "down" else (1, 0)
        low = self.rects[:, along]
        high = low + self.rects[:, along + 2]
        shares = (low < high[node]) & (high > low[node])
        centre = self.rects[:, across] + self.rects[:, across + 2] / 2
        distance = (centre - centre[node]) * (1 if forward else -1)
        candidates = np.flatnonzero(shares & (distance > 0))
        return int(candidates[np.argmin(distance[candidates])]) if len(candidates) else None

    def way(self, edge: int) -> Floats:
        """Return the polyline (k, 2) of an edge."""
        return self.points[self.starts[edge] : self.starts[edge + 1]]

    def path(self, edges: Ints) -> QPainterPath:
        """Return smooth curves along the polylines: straight along the flow, S-shaped where they change lanes."""
        path = QPainterPath()
        down = self.scene.direction == "down"
        for edge in edges.tolist():
            way = self.way(edge).tolist()
            x, y = way[0]
            path.moveTo(x, y)
            for u, v in way[1:]:
                if (down and abs(u - x) < 0.5) or (not down and abs(v - y) < 0.5):
                    path.lineTo(u, v)
                elif down:
                    path.cubicTo(x, (y + v) / 2, u, (y + v) / 2, u, v)
                else:
                    path.cubicTo((x + u) / 2, y, (x + u) / 2, v, u, v)
                x, y = u, v
        return path

    def heads(self, edges: Ints) -> QPainterPath:
        """Return the arrow heads at the ends of edges."""
        path = QPainterPath()
        path.setFillRule(Qt.FillRule.WindingFill)  # heads that lie on each other stay filled
        down = self.scene.direction == "down"
        for edge in edges.tolist():
            (u, v), (x, y) = self.way(edge)[-2:].tolist()
            forward = (y >= v) if down else (x >= u)
            size = 7.0 if forward else -7.0
            path.moveTo(x, y)
            if down:
                path.lineTo(x - 3.4, y - size)
                path.lineTo(x + 3.4, y - size)
            else:
                path.lineTo(x - size, y - 3.4)
                path.lineTo(x - size, y + 3.4)
            path.closeSubpath()
        return path


def _touching(low: Floats, high: Floats, area: QRectF) -> Ints:
    return np.flatnonzero(
        (low[:, 0] <= area.right())
        & (high[:, 0] >= area.left())
        & (low[:, 1] <= area.bottom())
        & (high[:, 1] >= area.top())
    )
