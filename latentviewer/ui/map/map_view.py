"""The map itself: draws the scene, follows the mouse, says what the user wants."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QEvent,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import (
    QEnterEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from latentviewer.app.signal import Signal
from latentviewer.app.state import PlaceTarget, RowTarget, Target
from latentviewer.domain.ports import Rasteriser
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.map import overlays
from latentviewer.ui.map.annotations import NOTICE_DOWN_PX, Annotations
from latentviewer.ui.map.camera import Camera, Points
from latentviewer.ui.map.chart import Chart
from latentviewer.ui.map.drag import Drag
from latentviewer.ui.map.hover_repaint import HoverRepaint
from latentviewer.ui.map.morph import Morph
from latentviewer.ui.map.names import FIRST_ROWS, Names
from latentviewer.ui.map.scene import Scene
from latentviewer.ui.map.thumbnails import MOST_IN_VIEW, Thumbnails, side_for
from latentviewer.ui.map.tools import cursor_of, selection_mode
from latentviewer.ui.map.viewpoint import Viewpoint
from latentviewer.ui.theme import Theme

_MOST_RINGS = 60
_PAN_STEP_PX = 60
_LINE_CHIP_PX = 120


class MapView(QWidget):
    """Points under a camera.

    Attributes:
        hovered: emitted with the sample or place under the cursor, None when it leaves.
        thumbnails_wanted: emitted with rows whose pictures are missing.
        counts_changed: emitted with the points in view and the points there.
        animations_enabled: whether the camera flies to where it is sent.
        scene: what is drawn.
    """

    def __init__(
        self,
        rasteriser: Rasteriser,
        dispatch: Dispatch,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.hovered: Signal[[Target | None]] = Signal()
        self.thumbnails_wanted: Signal[[NDArray[np.int64]]] = Signal()
        self.counts_changed: Signal[[int, int]] = Signal()
        self.animations_enabled = True
        self.scene = Scene(rasteriser)
        self._dispatch, self._theme = dispatch, theme
        self._viewpoint = Viewpoint(self, self._redraw, self._may_fly)
        self._image: QImage | None = None
        self._fresh = False
        self._radius, self._density, self._use_thumbnails = 2.5, False, True
        self._thumbnails = Thumbnails()
        self._names = Names()
        self._titles = ("", "", "")
        self._empty_text = ""
        self._annotations = Annotations()
        self._label_of: Callable[[int], str] = lambda _row: ""
        self._selected: frozenset[int] = frozenset()
        self._hover_row: int | None = None
        self._linked_row: int | None = None
        self._cursor: QPointF | None = None
        self._hover_repaint = HoverRepaint(self)
        self._cameras = (self.camera, self.camera)
        self._tool = "move"
        self._drag = Drag()
        self._morph = Morph(self, self._on_morph, self._on_morphed)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(240, 180)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Map")
        self.setAccessibleDescription(
            "Arrow keys move the map, with Shift they turn it in 3D; plus and minus zoom; "
            "N and Shift+N go from point to point; Enter shows the point; Space plays the path."
        )

    # What the session shows.

    @property
    def dims(self) -> int:
        """Dimensions of the points that are shown; 0 without points."""
        return 0 if self.scene.coordinates is None else int(self.scene.coordinates.shape[1])

    @property
    def camera(self) -> Camera:
        """Where the map is looked at from."""
        return self._viewpoint.camera

    def set_rasteriser(self, rasteriser: Rasteriser) -> None:
        """Another rasteriser, such as the fast one once it is loaded."""
        self.scene.set_rasteriser(rasteriser)
        self._redraw()

    def set_points(self, coordinates: Points | None, fit: bool = True) -> None:
        """New points (n, 2 or 3), or none."""
        self._morph.stop()
        self._hover_row = self._linked_row = None
        self.scene.set_points(coordinates)
        if coordinates is not None and coordinates.shape[1] != self.camera.dims:
            self._viewpoint.begin(coordinates)
        elif coordinates is not None and fit:
            self.fit()
        self._redraw()

    def morph_points(self, coordinates: Points) -> None:
        """The same points on another map: they go to their places, and the camera with them."""
        now = self.scene.coordinates
        same = now is not None and now.shape == coordinates.shape and len(coordinates) > 0
        if now is None or not same or not (self.animations_enabled and self.isVisible()):
            self.set_points(coordinates, fit=True)
            return
        self._viewpoint.stop()
        self._morph.stop()
        self._hover_row, self._viewpoint.moved_by_hand = None, False
        self._cameras = (self.camera, self._viewpoint.fitted(coordinates))
        self._morph.start(now, coordinates)

    def _on_morph(self, coordinates: Points, share: float) -> None:
        self.scene.move_points(coordinates)
        if not self._viewpoint.moved_by_hand:
            begin, end = self._cameras
            self._viewpoint.camera = begin.between(end, share)
        self._redraw()

    def _on_morphed(self, coordinates: Points) -> None:
        self.set_points(coordinates, fit=not self._viewpoint.moved_by_hand)

    def update_points(self, coordinates: Points) -> None:
        """The same points elsewhere, as a forming map gives them; follows unless moved by hand."""
        self._morph.stop()
        if self.scene.coordinates is None or self.scene.coordinates.shape != coordinates.shape:
            self.set_points(coordinates)
            return
        self.scene.move_points(coordinates)
        self._viewpoint.follow(coordinates)
        self._redraw()

    def set_colours(
        self, codes: NDArray[np.uint8] | NDArray[np.uint16], palette: NDArray[np.uint8]
    ) -> None:
        """Codes (n,) into palette (k, 4); alpha 0 hides."""
        self.scene.set_colours(codes, palette)
        self._redraw()

    def set_selection(self, rows: NDArray[np.int64]) -> None:
        """Sorted rows that are selected."""
        self._selected = frozenset(rows.tolist()) if len(rows) else frozenset()
        self.scene.set_selection(rows)
        self._redraw()

    def set_settings(self, radius: float, density: bool, thumbnails: bool) -> None:
        """Disc radius in logical pixels, density shading, pictures when zoomed in."""
        self._radius, self._density, self._use_thumbnails = radius, density, thumbnails
        self._redraw()

    def set_linked(self, row: int | None) -> None:
        """Rings the row that is pointed at on another map; None, or a row not here, for none."""
        count = 0 if self.scene.coordinates is None else len(self.scene.coordinates)
        row = row if row is not None and row < count else None
        if row != self._linked_row:
            self._linked_row = row
            self._hover_repaint.move_to(self._box_of_hover())

    def set_path(
        self, places: Points | None, waypoints: Points | None, current: int | None
    ) -> None:
        """The path's places (f, dims) and its waypoints' (w, dims)."""
        self._annotations.set_path(places, waypoints, current)
        self.update()

    def set_posterior(
        self,
        centre: Points | None,
        covariance: NDArray[np.float64] | None = None,
        text: str = "",
        samples: Points | None = None,
    ) -> None:
        """The posterior of the shown sample, (dims,) and (dims, dims) in map units; or none.

        Args:
            text: a line about it. samples: (m, dims) that it was found from.
        """
        size = (self.width(), self.height())
        region = self._annotations.region_of_posterior(self.camera, size)
        self._annotations.set_posterior(centre, covariance, text, samples)
        # Only where it was and where it is: it comes and goes with every point under the cursor.
        self.update(region + self._annotations.region_of_posterior(self.camera, size))

    def set_arrows(self, starts: Points | None, ends: Points | None = None) -> None:
        """From places to others, (k, dims) each; None for none."""
        self._annotations.set_arrows(starts, ends)
        self.update()

    def set_links(self, origin: Points | None, others: Points | None = None) -> None:
        """Lines from a point (dims,) to its neighbours in latent space, (k, dims); or none."""
        size = (self.width(), self.height())
        region = self._annotations.region_of_links(self.camera, size)
        self._annotations.set_links(origin, others)
        self.update(region + self._annotations.region_of_links(self.camera, size))

    def set_trajectory(self, places: Points | None, back: int, current: int | None) -> None:
        """The places (n, dims) of denoising steps, of which the first `back` lead to noise."""
        self._annotations.set_trajectory(places, back, current)
        self.update()

    def set_markers(self, markers: Sequence[tuple[Points, str]]) -> None:
        """Places (dims,) with a text."""
        self._annotations.markers = tuple(markers)
        self.update()

    def set_row_labels(self, label_of: Callable[[int], str]) -> None:
        """What the chip beside the hovered point says."""
        self._label_of = label_of

    def set_tool(self, name: str) -> None:
        """`move`, `rectangle`, `lasso` or `path`."""
        self._tool = name
        self._drag.forget_outline()
        self.setCursor(cursor_of(name))
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Light or dark."""
        self._theme = theme
        self._redraw()

    def set_axes(self, x: str, y: str, z: str) -> None:
        """Titles of the axes; empty where they mean nothing."""
        self._titles = (x, y, z)
        self._redraw()

    def set_chart(self, chart: Chart | None) -> None:
        """What the next points lie on: an axis with numbers, curves, a caption; None for none."""
        self._viewpoint.chart = chart
        self._redraw()

    def set_notice(self, text: str | None) -> None:
        """A pill at the top, such as what a forming map is doing."""
        self._annotations.notice = text
        self.update()

    def set_hint(self, text: str | None) -> None:
        """A pill in the middle below, for the first start."""
        self._annotations.hint = text
        self.update()

    def set_empty_text(self, text: str) -> None:
        """What stands in the middle where there are no points."""
        self._empty_text = text
        self.update()

    def set_names(self, texts: Sequence[str]) -> None:
        """What is written beside points, one text for each; empty for nothing."""
        self._names.set_texts(texts)
        self._redraw()

    def add_thumbnails(self, rows: NDArray[np.int64], images: NDArray[np.uint8]) -> None:
        """Pictures (m, h, w, c) of rows that were asked for."""
        self._thumbnails.add(rows, images)
        self.update()

    def clear_thumbnails(self) -> None:
        """Forgets all pictures."""
        self._thumbnails.clear()
        self.update()

    # The camera.

    def fit(self) -> None:
        """Looks at all points that are shown."""
        self._viewpoint.moved_by_hand = False
        if self.scene.coordinates is not None:
            self._viewpoint.fly_to_all(self._or_all(self.scene.visible()))

    def fit_rows(self, rows: NDArray[np.int64]) -> None:
        """Looks at some points."""
        if self.scene.coordinates is not None:
            mask = np.zeros(len(self.scene.coordinates), bool)
            mask[rows[rows < len(mask)]] = True
            self._viewpoint.fly_to(self._viewpoint.fitted(self._or_all(mask)))

    def bring_into_view(self, rows: NDArray[np.int64]) -> None:
        """Looks at some points if none of them is to be seen now."""
        coordinates = self.scene.coordinates
        if coordinates is None:
            return
        rows = rows[rows < len(coordinates)]
        rows = rows[self.scene.visible()[rows]]
        if not len(rows):
            return
        x, y = self.camera.to_pixels(coordinates[rows], self.width(), self.height()).T
        if not ((x >= 0) & (x < self.width()) & (y >= 0) & (y < self.height())).any():
            middle = coordinates[rows].mean(axis=0)
            target = dataclasses.replace(self.camera, centre=tuple(middle.tolist()))
            self._viewpoint.fly_to(target)

    def zoom(self, factor: float) -> None:
        """Zooms at the cursor, or at the middle."""
        self._viewpoint.zoom(factor, self._cursor or QRectF(self.rect()).center())

    def set_covered(self, left: float, right: float, above: float = 0.0) -> None:
        """How much of the edges something floats over; a fitted map leaves it free."""
        viewpoint = self._viewpoint
        if (left, right, above) != (*viewpoint.covered, viewpoint.above):
            viewpoint.covered, viewpoint.above = (left, right), above
            self._annotations.notice_down = NOTICE_DOWN_PX + above
            if not viewpoint.moved_by_hand:
                self.fit()

    def _may_fly(self) -> bool:
        return self.animations_enabled and self._image is not None and self.isVisible()

    def _or_all(self, mask: NDArray[np.bool_]) -> Points:
        """The points of a mask, or all where there are none of them."""
        assert self.scene.coordinates is not None
        return self.scene.coordinates[mask] if mask.any() else self.scene.coordinates

    # Drawing.

    def sizeHint(self) -> QSize:
        return QSize(900, 640)

    def _redraw(self) -> None:
        self._fresh = False
        self.update()

    def _bring_up_to_date(self) -> None:
        if self._fresh:
            return
        self._fresh = True
        self._image = self.scene.draw(
            self.camera,
            self.width(),
            self.height(),
            self.devicePixelRatioF(),
            self._radius,
            self._density,
            self._theme.colour("map"),
        )
        if self._image is not None and self.scene.coordinates is not None:
            self._paint_axes(self._image)
            self._paint_names(self._image)
        self._lay_out_thumbnails()
        there = 0 if self.scene.coordinates is None else len(self.scene.coordinates)
        self.counts_changed.emit(self.scene.drawn if self._image is not None else 0, there)

    def _paint_axes(self, image: QImage) -> None:
        """Into the frame itself, so that a moving cursor does not paint them again and again."""
        painter = QPainter(image)
        painter.setFont(self.font())
        size, camera, theme = (self.width(), self.height()), self.camera, self._theme
        if camera.dims == 2:
            if self._viewpoint.chart is None:
                overlays.paint_grid(painter, camera, size, theme)
            else:
                self._viewpoint.chart.paint(painter, camera, size, theme)
            overlays.paint_axis_titles(painter, self._titles, size, theme)
        elif self.scene.coordinates is not None and len(self.scene.coordinates):
            overlays.paint_box(painter, camera, self.scene.bounds(), size, theme)
            overlays.paint_gizmo(painter, camera, self._titles, size, theme)
        if 0 < len(self._selected) <= _MOST_RINGS and self.scene.coordinates is not None:
            rows = np.array(sorted(self._selected), np.int64)
            rows = rows[rows < len(self.scene.coordinates)]
            rows = rows[self.scene.visible()[rows]]
            places = camera.to_pixels(self.scene.coordinates[rows], *size)
            overlays.paint_small_rings(painter, places, self._radius, theme)
        painter.end()

    def _paint_names(self, image: QImage) -> None:
        coordinates = self.scene.coordinates
        if not self._names or coordinates is None:
            return
        rows = np.arange(min(len(coordinates), FIRST_ROWS))
        if self.scene.drawn <= MOST_IN_VIEW:
            rows = np.sort(self.scene.rows_in_view())
        rows = rows[self.scene.visible()[rows]]
        size = (self.width(), self.height())
        self._names.lay_out(rows, coordinates, self.camera, size, self._radius, self.font())
        painter = QPainter(image)
        painter.setFont(self.font())
        self._names.paint(painter, self._theme.colour("text"), self._theme.colour("map"))
        painter.end()

    def paintEvent(self, event: QPaintEvent) -> None:
        self._bring_up_to_date()
        painter = QPainter(self)
        size = (self.width(), self.height())
        if self._image is None:
            painter.fillRect(self.rect(), self._theme.colour("map"))
        else:
            painter.drawImage(0, 0, self._image)
        if self.scene.coordinates is None or len(self.scene.coordinates) == 0:
            painter.setPen(self._theme.colour("text_dim"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._empty_text)
        else:
            self._paint_space(painter, size)
        if self._drag.outline:
            overlays.paint_outline(
                painter, self._drag.outline, self._tool == "rectangle", self._theme
            )
        painter.setFont(self.font())
        self._annotations.paint_pills(painter, size, self._viewpoint.covered, self._theme)
        self._hover_repaint.painted(self._box_of_hover())
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(overlays.with_alpha(self._theme.colour("accent"), 150), 1))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def _paint_space(self, painter: QPainter, size: tuple[int, int]) -> None:
        camera, theme = self.camera, self._theme
        self._thumbnails.paint(painter, self.scene.colour_of, self._selected)
        missing = self._thumbnails.missing()
        if len(missing):
            self.thumbnails_wanted.emit(missing)
        if self._viewpoint.chart is not None and camera.dims == 2:
            painter.setFont(self.font())
            self._viewpoint.chart.paint_words(painter, camera, size, self._viewpoint.covered, theme)
        self._annotations.paint_places(painter, camera, size, theme)
        self._paint_hover(painter, size)

    def _lay_out_thumbnails(self) -> None:
        coordinates = self.scene.coordinates
        if coordinates is None or not (
            self._use_thumbnails and 0 < self.scene.drawn <= MOST_IN_VIEW
        ):
            self._thumbnails.lay_out(np.zeros(0, np.int64), np.zeros((0, 2), np.float32), 0.0)
            return
        # Selected rows are the last that own pixels, and the first to get a place.
        rows = self.scene.rows_in_view()[::-1]
        places = self.camera.to_pixels(coordinates[rows], self.width(), self.height())
        side = side_for(self.scene.drawn, self.width(), self.height())
        self._thumbnails.lay_out(rows, places, side)

    def _paint_hover(self, painter: QPainter, size: tuple[int, int]) -> None:
        self._paint_cursor_line(painter, size)
        coordinates, row = self.scene.coordinates, self._ringed_row
        if row is not None and coordinates is not None:
            x, y = self.camera.to_pixels(coordinates[row][None], *size)[0].tolist()
            tile = self._thumbnails.box_of(row)
            if tile is None:
                overlays.paint_ring(painter, x, y, self._radius, self._theme)
            else:
                overlays.paint_frame(painter, tile, self._theme)
            painter.setFont(self.font())
            text = self._label_of(row)
            overlays.paint_label_beside(painter, x, y, text, size[0], self._theme)
        elif self._cursor is not None and not self._drag.outline and not self._drag.under_way:
            overlays.paint_cross(painter, self._cursor, self._theme)

    def _paint_cursor_line(self, painter: QPainter, size: tuple[int, int]) -> None:
        coordinates, chart = self.scene.coordinates, self._viewpoint.chart
        if chart is None or coordinates is None or self.camera.dims != 2 or self._drag.under_way:
            return
        painter.setFont(self.font())
        if self._ringed_row is not None:
            places = self.camera.to_pixels(coordinates[self._ringed_row][None], *size)
            chart.paint_cursor(painter, self.camera, float(places[0, 0]), size, self._theme)
        elif self._cursor is not None:
            chart.paint_cursor(painter, self.camera, self._cursor.x(), size, self._theme)

    @property
    def _ringed_row(self) -> int | None:
        """What is pointed at here, else on the other map."""
        return self._linked_row if self._hover_row is None else self._hover_row

    # The mouse.

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self.scene.coordinates is not None:
            self._viewpoint.follow(self.scene.coordinates)
        self._redraw()
        super().resizeEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        self._cursor = at
        if self._drag.pressed:
            self._drag_to(at, event)
        else:
            self._hover(at)

    def _hover(self, at: QPointF) -> None:
        self._bring_up_to_date()
        if self.scene.coordinates is None or len(self.scene.coordinates) == 0:
            return
        row = self._row_at(at)
        changed = row is None or row != self._hover_row
        self._hover_row = row
        if row is not None:
            if changed:
                self.hovered.emit(RowTarget(row))
        else:
            self.hovered.emit(PlaceTarget(self._place_at(at)))
        self._hover_repaint.move_to(self._box_of_hover())

    def _row_at(self, at: QPointF) -> int | None:
        row = self._thumbnails.row_at(at.x(), at.y())
        return self.scene.row_at(at.x(), at.y(), self.devicePixelRatioF()) if row is None else row

    def _box_of_hover(self) -> QRect:
        at, reach, row = self._cursor, 14, self._ringed_row
        if row is not None and self.scene.coordinates is not None:
            place = self.scene.coordinates[row][None]
            x, y = self.camera.to_pixels(place, self.width(), self.height())[0].tolist()
            text = self.fontMetrics().horizontalAdvance(self._label_of(row))
            reach = round(max(self._radius, self._thumbnails.side)) + text + 48
            return self._whole_column(QRect(round(x) - reach, round(y) - 70, 2 * reach, 140))
        if at is None:
            return QRect()
        x, y = round(at.x()), round(at.y())
        return self._whole_column(QRect(x - reach, y - reach, 2 * reach, 2 * reach))

    def _whole_column(self, box: QRect) -> QRect:
        """The box, or where a line crosses the map at the cursor, all of its column."""
        if self._viewpoint.chart is None or self._viewpoint.chart.words is None:
            return box
        # At the edges the line's chip stands beside it.
        left = min(box.left(), self.width() - 2 * _LINE_CHIP_PX)
        right = max(box.right(), _LINE_CHIP_PX)
        reach = max(_LINE_CHIP_PX - (right - left), 0) // 2
        return QRect(left - reach, 0, right - left + 2 * reach, self.height())

    def _place_at(self, at: QPointF) -> tuple[float, ...]:
        return self.camera.to_map(at.x(), at.y(), self.width(), self.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        left = event.button() == Qt.MouseButton.LeftButton
        self._drag.press(event.position(), self._tool if left else "move")

    def _drag_to(self, at: QPointF, event: QMouseEvent) -> None:
        way = self._drag.to(at)
        if way is None:
            return
        self._hover_row = None
        if self._drag.outline:
            self.update()
            return
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        right = bool(event.buttons() & Qt.MouseButton.RightButton)
        if self.camera.dims == 3 and not (shifted or right):
            self._viewpoint.turn(way.x(), way.y())
        else:
            self._viewpoint.look(self.camera.panned(way.x(), way.y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        outline = self._drag.release()
        if outline:
            self._select_inside(outline, event.modifiers())
        elif not self._drag.moved and event.button() == Qt.MouseButton.LeftButton:
            self._click(event.position(), event.modifiers())
        self._hover(event.position())

    def _select_inside(self, outline: list[QPointF], modifiers: Qt.KeyboardModifier) -> None:
        coordinates = self.scene.coordinates
        if coordinates is None:
            return
        polygon = np.array([[p.x(), p.y()] for p in outline], np.float32)
        pixels = self.camera.to_pixels(coordinates, self.width(), self.height())
        if self._tool == "rectangle":
            low, high = polygon.min(axis=0), polygon.max(axis=0)
            inside = ((pixels >= low) & (pixels <= high)).all(axis=1)
            rows = np.flatnonzero(inside & self.scene.visible())
        else:
            rows = self.scene.rows_inside(polygon, pixels)
        self._dispatch("select.rows", rows=rows, mode=selection_mode(modifiers))

    def _click(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        if self.scene.coordinates is None or len(self.scene.coordinates) == 0:
            return
        row = self._row_at(at)
        if self._tool == "path":
            if row is not None:
                self._dispatch("path.add_row", row=row)
            else:
                self._dispatch("path.add_place", place=self._place_at(at))
        elif row is not None:
            self._dispatch("select.point", row=row, mode=selection_mode(modifiers))
        else:
            self._dispatch("preview.pin_place", place=self._place_at(at))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._tool == "move":
            self._viewpoint.zoom(2.0, event.position())

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._cursor = event.position()
        self._viewpoint.zoom(1.0015 ** event.angleDelta().y(), self._cursor)
        self._hover(self._cursor)

    def event(self, event: QEvent) -> bool:
        if (
            isinstance(event, QNativeGestureEvent)
            and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture
        ):
            self._viewpoint.zoom(1.0 + event.value(), event.position())
            return True
        return super().event(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._cursor = event.position()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._cursor = None
        self._hover_row = None
        self.hovered.emit(None)
        self.update()
        super().leaveEvent(event)

    # The keyboard.

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (1, 0),
            Qt.Key.Key_Right: (-1, 0),
            Qt.Key.Key_Up: (0, 1),
            Qt.Key.Key_Down: (0, -1),
        }
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        step = steps.get(Qt.Key(event.key()))
        if step is not None:
            dx, dy = step[0] * _PAN_STEP_PX, step[1] * _PAN_STEP_PX
            turn = shifted and self.camera.dims == 3
            if turn:
                self._viewpoint.turn(-dx / 4, -dy / 4)
            else:
                self._viewpoint.look(self.camera.panned(dx, dy))
        elif event.key() == Qt.Key.Key_N:
            self._step_point(-1 if shifted else 1)
        elif event.key() == Qt.Key.Key_Space:
            # Not a shortcut of the window: there Space belongs to the focused button or list.
            self._dispatch("path.play")
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._hover_row is not None:
            self._dispatch("preview.pin_row", row=self._hover_row)
        else:
            super().keyPressEvent(event)

    def _step_point(self, step: int) -> None:
        """Hovers the next visible point, by row; brings it into view."""
        visible = np.flatnonzero(self.scene.visible())
        if not len(visible):
            return
        if self._hover_row is None:
            at = 0 if step > 0 else len(visible) - 1
        else:
            at = (int(np.searchsorted(visible, self._hover_row)) + step) % len(visible)
        row = int(visible[at])
        coordinates = self.scene.coordinates
        assert coordinates is not None
        x, y = self.camera.to_pixels(coordinates[row][None], self.width(), self.height())[0]
        if not (0 <= x < self.width() and 0 <= y < self.height()):
            self._viewpoint.look(self.camera.panned(self.width() / 2 - x, self.height() / 2 - y))
        self._hover_row = row
        self.hovered.emit(RowTarget(row))
        self.update()
