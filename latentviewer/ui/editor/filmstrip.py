"""The frames of a path in a row, to look along and to scrub."""

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from latentviewer.ui.editor.film_layout import GAP_PX, FilmLayout
from latentviewer.ui.preview.image import Pixels, to_image
from latentviewer.ui.preview.image_tile import fitted, small_font
from latentviewer.ui.theme import Theme

_PINS_PX = 22
_DISTANCES_PX = 20
_SCROLL_BAR_PX = 10
_SMALLEST_SIDE_PX, _LARGEST_SIDE_PX = 28, 112
_SMALLEST_FITTED_PX = 72
_PICTURES_KEPT = 240


class Filmstrip(QAbstractScrollArea):
    """Click or drag scrubs; arrow keys, Home and End step.

    Args:
        fitted: whether frames grow smaller, within reason, where more of them are seen then.

    Attributes:
        scrubbed: emitted with the frame the user goes to.
        count, done: frames there, and how many of them are decoded.
        current: the frame shown, or None.
    """

    scrubbed = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None, fitted: bool = False) -> None:
        super().__init__(parent)
        self._theme, self._fitted = theme, fitted
        self._images: Pixels | None = None
        self._kept: OrderedDict[int, QImage] = OrderedDict()
        self._pins: tuple[int, ...] = ()
        self._captions: tuple[str, ...] = ()
        self._distances: NDArray[np.float32] | None = None
        self._far: NDArray[np.bool_] | None = None
        self.count = 0
        self.done = 0
        self.current: int | None = None
        self._held = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Filmstrip")
        self.viewport().setAutoFillBackground(False)
        self.viewport().setAccessibleName("Frames of the path")

    @property
    def layout_now(self) -> FilmLayout:
        """Where the frames stand now."""
        room = self.height() - _SCROLL_BAR_PX - _PINS_PX - 4
        if self._distances is not None:
            room -= _DISTANCES_PX
        side = min(max(room, _SMALLEST_SIDE_PX), _LARGEST_SIDE_PX)
        if self._fitted and self.count:
            share = self.viewport().width() // self.count - GAP_PX
            side = min(side, max(share, _SMALLEST_FITTED_PX))
        return FilmLayout(self.count, float(side), float(self.horizontalScrollBar().value()))

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.viewport().update()

    def set_frames(self, images: Pixels | None, done: int) -> None:
        """(f, h, w, c) frames, the first `done` of them ready; None for no film."""
        same = images is not None and images is self._images
        if not same:
            self._kept.clear()
        self._images = images
        self.count = 0 if images is None else len(images)
        self.done = min(done, self.count)
        if self.current is not None and self.current >= self.count:
            self.current = None
        if self._distances is not None and len(self._distances) != self.count:
            self._distances = self._far = None
        self._fit_scroll_bar()
        self.viewport().update()

    def set_pins(self, frames: Sequence[int]) -> None:
        """The frame of each waypoint, in the waypoints' order."""
        self._pins = tuple(int(frame) for frame in frames)
        self.viewport().update()

    def set_captions(self, words: Sequence[str]) -> None:
        """A word over each frame, in place of the waypoints' pins."""
        self._captions = tuple(words)
        self.viewport().update()

    def set_distances(
        self, distances: NDArray[np.float32] | None, far: NDArray[np.bool_] | None
    ) -> None:
        """(f,) distance of each frame to data, and which are far; None takes the line away."""
        self._distances, self._far = distances, far
        self._fit_scroll_bar()
        self.viewport().update()

    def set_current(self, index: int | None) -> None:
        """Marks the frame shown and brings it into view."""
        self.current = index if index is not None and 0 <= index < self.count else None
        if self.current is not None and not self._held:
            layout, bar = self.layout_now, self.horizontalScrollBar()
            left = layout.left(self.current)
            room = self.viewport().width()
            if left < 0 or left + layout.side > room:
                bar.setValue(round(left + bar.value() - (room - layout.side) / 2))
        self.viewport().update()

    def sizeHint(self) -> QSize:
        return QSize(400, 118)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, _SMALLEST_SIDE_PX + _PINS_PX + _SCROLL_BAR_PX + 4)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_scroll_bar()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._held = True
            self._go(self.layout_now.index(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held:
            self._go(self.layout_now.index(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = False

    def wheelEvent(self, event: QWheelEvent) -> None:
        bar = self.horizontalScrollBar()
        delta = event.angleDelta().x() or event.angleDelta().y()
        bar.setValue(bar.value() - delta)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        here = -1 if self.current is None else self.current
        wanted = {
            Qt.Key.Key_Left: max(here - 1, 0),
            Qt.Key.Key_Right: here + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: self.count - 1,
            Qt.Key.Key_PageUp: max(here - 10, 0),
            Qt.Key.Key_PageDown: here + 10,
        }.get(Qt.Key(event.key()))
        if wanted is None or not self.count:
            super().keyPressEvent(event)
            return
        self._go(min(wanted, self.count - 1))

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.viewport().update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.viewport().update()
        super().focusOutEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        layout = self.layout_now
        seen = layout.between(0, self.viewport().width())
        painter.setFont(small_font(self.font()))
        for i in seen:
            self._paint_frame(painter, layout, i)
        self._paint_distances(painter, layout, seen)
        for i in seen:
            if i < len(self._captions):
                self._paint_caption(painter, layout, i)
        for number, frame in enumerate(self._pins):
            if frame < self.count:
                self._paint_pin(painter, layout, number, frame)
        if self.hasFocus():
            painter.setPen(self._theme.colour("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            around = QRectF(self.viewport().rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.drawRoundedRect(around, 4, 4)
        painter.end()

    def _paint_frame(self, painter: QPainter, layout: FilmLayout, i: int) -> None:
        theme = self._theme
        place = QRectF(layout.left(i), _PINS_PX, layout.side, layout.side)
        picture = self._picture(i)
        if picture is None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("raised"))
            painter.drawRoundedRect(place, 3, 3)
            painter.setPen(theme.colour("text_faint"))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, str(i + 1))
        else:
            painter.fillRect(place, theme.colour("map"))
            painter.drawImage(fitted(picture, place), picture)
        if i == self.current:
            painter.setPen(QPen(theme.colour("accent"), 2.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(place.adjusted(1, 1, -1, -1), 3, 3)

    def _paint_caption(self, painter: QPainter, layout: FilmLayout, i: int) -> None:
        painter.setPen(self._theme.colour("text" if i == self.current else "text_dim"))
        place = QRectF(layout.left(i), 0, layout.side, _PINS_PX)
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, self._captions[i])

    def _paint_pin(self, painter: QPainter, layout: FilmLayout, number: int, frame: int) -> None:
        x = layout.left(frame) + layout.side / 2
        # Waypoints that share a frame stand side by side.
        shared = [n for n, other in enumerate(self._pins) if other == frame]
        x += (shared.index(number) - (len(shared) - 1) / 2) * 17
        if not -20 < x < self.viewport().width() + 20:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("accent"))
        tip = QPolygonF([QPointF(x - 4, 15), QPointF(x + 4, 15), QPointF(x, 21)])
        painter.drawPolygon(tip)
        place = QRectF(x - 8, 1, 16, 16)
        painter.drawEllipse(place)
        painter.setFont(small_font(self.font(), QFont.Weight.DemiBold))
        painter.setPen(self._theme.colour("accent_text"))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, str(number + 1))

    def _paint_distances(self, painter: QPainter, layout: FilmLayout, seen: range) -> None:
        if self._distances is None or len(self._distances) != self.count or not seen:
            return
        theme, known = self._theme, self._distances
        finite = known[np.isfinite(known)]
        largest = float(finite.max()) if finite.size else 0.0
        top = _PINS_PX + layout.side + 4
        height = _DISTANCES_PX - 6

        def place(i: int) -> QPointF:
            value = float(known[i])
            share = value / largest if largest > 0 and np.isfinite(value) else 0.0
            return QPointF(layout.left(i) + layout.side / 2, top + height * (1 - share))

        painter.setPen(QPen(theme.colour("border"), 1))
        painter.drawLine(
            QPointF(layout.left(seen[0]), top + height), QPointF(place(seen[-1]).x(), top + height)
        )
        line = QColor(theme.colour("text_dim"))
        painter.setPen(QPen(line, 1.2))
        painter.drawPolyline(QPolygonF([place(i) for i in seen]))
        if self._far is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("warning"))
            for i in seen:
                if self._far[i]:
                    painter.drawEllipse(place(i), 2.5, 2.5)

    def _picture(self, i: int) -> QImage | None:
        if self._images is None or i >= self.done:
            return None
        picture = self._kept.get(i)
        if picture is None:
            picture = self._kept[i] = to_image(self._images[i], enlarge=True)
            while len(self._kept) > _PICTURES_KEPT:
                self._kept.popitem(last=False)
        return picture

    def _go(self, index: int | None) -> None:
        if index is not None and index != self.current:
            self.set_current(index)
            self.setAccessibleDescription(f"Frame {index + 1} of {self.count}")
            self.scrubbed.emit(index)

    def _fit_scroll_bar(self) -> None:
        bar, room = self.horizontalScrollBar(), self.viewport().width()
        bar.setPageStep(room)
        bar.setSingleStep(40)
        bar.setRange(0, max(0, round(self.layout_now.width) - room))
