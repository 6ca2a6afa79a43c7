"""The view of a laid-out graph: pan, zoom, select, hover and walk; everything is painted from arrays."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEasingCurve, QEvent, QPointF, QRectF, QSize, Qt, QVariantAnimation, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QMenu, QToolTip, QWidget

from workbench.core.i18n import _
from workbench.gui.graph.drawing import Drawing
from workbench.gui.graph.minimap import Minimap
from workbench.gui.graph.painting import Look, Marks, paint
from workbench.gui.labels import tip

LEAST_ZOOM, MOST_ZOOM = 0.0005, 4.0
READABLE = 0.5
"""A graph that would be smaller than this when it all fits is shown from its beginning instead."""
CLOSE = 0.8
"""Where a graph begins that is too broad for the view."""
MARGIN = 36.0


class GraphView(QWidget):
    """Shows one Drawing. Pan with the left or middle button, zoom with the wheel, walk with the arrow keys."""

    node_selected = Signal(str)
    """Name of the selected node, "" when nothing is."""
    node_activated = Signal(str)
    """A node was double-clicked, or Enter was pressed on it."""
    zoomed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(_("Graph"))
        self.drawing: Drawing | None = None
        self.marks = Marks()
        self.zoom = 1.0
        self.centre = QPointF()
        self.animated = True
        self._look = Look()
        self._fitted = False
        self._pressed: QPointF | None = None
        self._dragged = False
        self._glide = QVariantAnimation(self)
        self._glide.setDuration(180)
        self._glide.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._glide.valueChanged.connect(self._step)
        self._from, self._to = QRectF(), QRectF()
        self.minimap = Minimap(self)
        self.minimap.moved.connect(self.look_at)

    # What is shown

    def show_drawing(self, drawing: Drawing | None) -> None:
        """Show another drawing from its beginning; None empties the view."""
        self._glide.stop()
        self.drawing = drawing
        self.marks = Marks()
        self._fitted = False
        self.minimap.show_drawing(drawing, self._look)
        if drawing is not None:
            self.show_start()
        self.update()

    def restyle(self) -> None:
        """Take over the colours of the theme in force."""
        self._look = Look()
        self.minimap.show_drawing(self.drawing, self._look)
        self.update()

    def area(self) -> QRectF:
        """Return the part of the scene that is in sight."""
        width, height = self.width() / self.zoom, self.height() / self.zoom
        return QRectF(self.centre.x() - width / 2, self.centre.y() - height / 2, width, height)

    def transform(self) -> QTransform:
        """Return scene to widget coordinates."""
        matrix = QTransform.fromTranslate(self.width() / 2, self.height() / 2)
        return matrix.scale(self.zoom, self.zoom).translate(-self.centre.x(), -self.centre.y())

    def to_scene(self, point: QPointF) -> QPointF:
        """Return the scene point under a widget point."""
        return (point - QPointF(self.width() / 2, self.height() / 2)) / self.zoom + self.centre

    # Where to look

    def show_start(self) -> None:
        """Fit the graph when it stays readable, else show its beginning, in its whole breadth when that is readable."""
        if self.drawing is None:
            return
        bounds = self.drawing.bounds
        fitting = self._zoom_for(bounds)
        self._fitted = fitting >= READABLE
        if self._fitted:
            self._go(bounds.center(), fitting, glide=False)
            return
        down = self.drawing.scene.direction == "down"
        first = min(range(len(self.drawing.rects)), key=lambda n: float(self.drawing.rects[n, 1 if down else 0]))  # type: ignore[union-attr]
        rect = self.drawing.rect(first)
        spot = QPointF(rect.center().x(), rect.top()) if down else QPointF(rect.left(), rect.center().y())
        zoom = self._breadth_zoom(bounds, down=down)
        if zoom >= READABLE:
            spot = QPointF(bounds.center().x(), spot.y()) if down else QPointF(spot.x(), bounds.center().y())
        else:
            zoom = CLOSE
        ahead = (self.height() if down else self.width()) / zoom / 2 - MARGIN / zoom
        self._go(spot + (QPointF(0, ahead) if down else QPointF(ahead, 0)), zoom, glide=False)

    def _breadth_zoom(self, bounds: QRectF, *, down: bool) -> float:
        """Return the zoom at which the graph is as wide as the view across the flow, at most 1."""
        room = (self.width() if down else self.height()) - 2 * MARGIN
        return min(1.0, room / max(bounds.width() if down else bounds.height(), 1.0))

    def fit(self) -> None:
        """Show the whole graph."""
        if self.drawing is not None:
            self._fitted = True
            self._go(self.drawing.bounds.center(), self._zoom_for(self.drawing.bounds))

    def zoom_to_selection(self) -> None:
        """Show the selected node and its neighbours close up."""
        if self.drawing is not None and self.marks.selected is not None:
            self._go(self.drawing.rect(self.marks.selected).center(), 1.0)

    def zoom_by(self, factor: float, anchor: QPointF | None = None) -> None:
        """Zoom about a widget point (the middle when None)."""
        spot = anchor if anchor is not None else QPointF(self.width() / 2, self.height() / 2)
        zoom = min(max(self.zoom * factor, LEAST_ZOOM), MOST_ZOOM)
        fixed = self.to_scene(spot)
        self._fitted = False
        self._go(fixed - (spot - QPointF(self.width() / 2, self.height() / 2)) / zoom, zoom, glide=False)

    def reveal(self, node: int) -> None:
        """Bring a node into sight when it is not, close enough to be read."""
        if self.drawing is None:
            return
        rect = self.drawing.rect(node)
        zoom = self.zoom if self.zoom >= READABLE else 0.8
        inner = self.area().adjusted(30 / zoom, 30 / zoom, -30 / zoom, -30 / zoom)
        if zoom != self.zoom or not inner.contains(rect):
            self._fitted = False
            self._go(rect.center(), zoom)

    def _zoom_for(self, rect: QRectF) -> float:
        width, height = max(rect.width(), 1.0), max(rect.height(), 1.0)
        room = (self.width() - 2 * MARGIN, self.height() - 2 * MARGIN)
        return min(max(min(room[0] / width, room[1] / height), LEAST_ZOOM), 1.25)

    def _go(self, centre: QPointF, zoom: float, *, glide: bool = True) -> None:
        self._glide.stop()
        if not (glide and self.animated and self.isVisible()):
            self._place(centre, zoom)
            return
        self._from = QRectF(self.centre.x(), self.centre.y(), self.zoom, 0)
        self._to = QRectF(centre.x(), centre.y(), zoom, 0)
        self._glide.setStartValue(0.0)
        self._glide.setEndValue(1.0)
        self._glide.start()

    def _step(self, share: float) -> None:
        begin, end = self._from, self._to
        zoom = begin.width() * (end.width() / begin.width()) ** share
        wide, narrow, now = 1 / begin.width(), 1 / end.width(), 1 / zoom
        # a zoom about one fixed point of the screen: the centre moves in step with the width in sight
        moved = share if abs(wide - narrow) < 1e-9 else (wide - now) / (wide - narrow)
        self._place(QPointF(begin.x() + (end.x() - begin.x()) * moved, begin.y() + (end.y() - begin.y()) * moved), zoom)

    def _place(self, centre: QPointF, zoom: float) -> None:
        bounds = self.drawing.bounds if self.drawing is not None else QRectF()
        x = min(max(centre.x(), bounds.left()), bounds.right())
        self.centre = QPointF(x, min(max(centre.y(), bounds.top()), bounds.bottom()))
        if zoom != self.zoom:
            self.zoom = zoom
            self.zoomed.emit(zoom)
        self.minimap.set_area(self.area())
        self.update()

    def look_at(self, spot: QPointF, zoom: float | None = None) -> None:
        """Centre the view on a scene point."""
        self._fitted = False
        self._place(spot, zoom or self.zoom)

    # Selecting

    def select(self, node: int | None, *, reveal: bool = False) -> None:
        """Select a box (or nothing) and say so."""
        if self.drawing is None:
            return
        if node != self.marks.selected:
            self.marks.selected = node
            self.node_selected.emit(self.drawing.scene.names[node] if node is not None else "")
        if reveal and node is not None:
            self.reveal(node)
        self.update()

    def walk(self, key: Qt.Key) -> None:
        """Select the next box in the direction of an arrow key: along an edge, or beside."""
        if self.drawing is None or len(self.drawing.rects) == 0:
            return
        node = self.marks.selected
        if node is None:
            near = self.drawing.nodes_in(self.area())
            self.select(int(near[0]) if len(near) else 0, reveal=True)
            return
        down = self.drawing.scene.direction == "down"
        after, before = (Qt.Key.Key_Down, Qt.Key.Key_Up) if down else (Qt.Key.Key_Right, Qt.Key.Key_Left)
        if key in (after, before):
            ends = self.drawing.neighbours(node, after=key == after)
            goal = ends[len(ends) // 2 if len(ends) % 2 else len(ends) // 2 - 1] if ends else None
        else:
            goal = self.drawing.beside(node, forward=key in (Qt.Key.Key_Right, Qt.Key.Key_Down))
        if goal is not None:
            self.select(goal, reveal=True)

    def mark_found(self, nodes: list[int]) -> None:
        """Highlight search hits."""
        self.marks.found = nodes
        self.update()

    # Events

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(800, 600)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what is in sight."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._look.canvas)
        if self.drawing is not None:
            painter.setTransform(self.transform())
            paint(painter, self.drawing, self.area(), zoom=self.zoom, look=self._look, marks=self.marks)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep a fitted graph fitted, and the minimap in its corner."""
        if self._fitted and self.drawing is not None:
            self._place(self.drawing.bounds.center(), self._zoom_for(self.drawing.bounds))
        elif event.oldSize().isEmpty():
            self.show_start()
        self.minimap.settle()
        self.minimap.set_area(self.area())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom to the cursor; with Shift, or two fingers on a touchpad, pan."""
        pixels, shift = event.pixelDelta(), event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        touchpad = not pixels.isNull() and event.phase() != Qt.ScrollPhase.NoScrollPhase
        if shift or (touchpad and not event.modifiers() & Qt.KeyboardModifier.ControlModifier):
            delta = QPointF(pixels) if touchpad else QPointF(event.angleDelta().y(), event.angleDelta().x())
            self.look_at(self.centre - delta / self.zoom)
        else:
            self.zoom_by(2 ** (event.angleDelta().y() / 360), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a drag."""
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._glide.stop()
            self._pressed, self._dragged = event.position(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the graph, or show what the pointer is over."""
        if self._pressed is None:
            self._hover(event.position())
            return
        moved = event.position() - self._pressed
        if self._dragged or moved.manhattanLength() > QApplication.startDragDistance():
            if not self._dragged:
                self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self._dragged = True
            self._pressed = event.position()
            self.look_at(self.centre - moved / self.zoom)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag, or select what was clicked; a click on a stub jumps to its other end."""
        clicked = self._pressed is not None and not self._dragged and event.button() == Qt.MouseButton.LeftButton
        self._pressed = None
        self.unsetCursor()
        if clicked and self.drawing is not None:
            spot = self.to_scene(event.position())
            stub = self.drawing.stub_at(spot)
            if stub is not None:
                self.select(self.drawing.scene.stubs[stub].other, reveal=True)
            else:
                self.select(self.drawing.node_at(spot))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open what a node holds."""
        if self.drawing is not None and event.button() == Qt.MouseButton.LeftButton:
            node = self.drawing.node_at(self.to_scene(event.position()))
            if node is not None:
                self.node_activated.emit(self.drawing.scene.names[node])

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the node under the pointer."""
        if self.drawing is None:
            return
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            self.select(self.drawing.node_at(self.to_scene(QPointF(event.pos()))))
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self.marks.selected is not None:
            name = self.drawing.scene.names[self.marks.selected]
            menu.addAction(_("Copy name"), lambda: QApplication.clipboard().setText(name))
            menu.addAction(_("Zoom to it"), self.zoom_to_selection)
            menu.addAction(_("Open what is inside"), lambda: self.node_activated.emit(name))
            menu.addSeparator()
        menu.addAction(_("Fit the whole graph"), self.fit)
        menu.addAction(_("Go to the beginning"), self.show_start)
        menu.popup(event.globalPos())

    def leaveEvent(self, event: QEvent) -> None:
        """Forget what the pointer was over."""
        self.marks.hovered = None
        self.update()

    def _hover(self, spot: QPointF) -> None:
        if self.drawing is None:
            return
        point = self.to_scene(spot)
        node = self.drawing.node_at(point)
        on_link = node is not None and self.drawing.stub_at(point) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if on_link else Qt.CursorShape.ArrowCursor)
        if node != self.marks.hovered:
            self.marks.hovered = node
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk with the arrows, zoom with + - 0, fit with F, zoom to the selection with Z."""
        key = Qt.Key(event.key())
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if control and key == Qt.Key.Key_C and self.drawing is not None and self.marks.selected is not None:
            QApplication.clipboard().setText(self.drawing.scene.names[self.marks.selected])
        elif control:
            event.ignore()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.walk(key)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.drawing is not None:
            if self.marks.selected is not None:
                self.node_activated.emit(self.drawing.scene.names[self.marks.selected])
        elif not self._zoom_key(key):
            event.ignore()

    def _zoom_key(self, key: Qt.Key) -> bool:
        actions: dict[Qt.Key, Callable[[], None]] = {
            Qt.Key.Key_F: self.fit,
            Qt.Key.Key_Z: self.zoom_to_selection,
            Qt.Key.Key_Home: self.show_start,
            Qt.Key.Key_Escape: lambda: self.select(None),
            Qt.Key.Key_Plus: lambda: self.zoom_by(1.25),
            Qt.Key.Key_Equal: lambda: self.zoom_by(1.25),
            Qt.Key.Key_Minus: lambda: self.zoom_by(0.8),
            Qt.Key.Key_0: lambda: self.zoom_by(1 / self.zoom),
        }
        if key not in actions:
            return False
        actions[key]()
        return True

    def event(self, event: QEvent) -> bool:
        """Show the full name as a tool tip; zoom by pinching."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            text = self._tip(QPointF(event.pos()))
            if text:
                QToolTip.showText(event.globalPos(), tip(text), self)
            else:
                QToolTip.hideText()
            return True
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom_by(1 + event.value(), event.position())
            return True
        return super().event(event)

    def _tip(self, spot: QPointF) -> str:
        node = self.drawing.node_at(self.to_scene(spot)) if self.drawing is not None else None
        if self.drawing is None or node is None:
            return ""
        scene = self.drawing.scene
        return "\n".join(line for line in (scene.names[node], scene.titles[node], scene.subtitles[node]) if line)
