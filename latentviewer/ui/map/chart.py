"""What makes a map a chart: an axis with numbers, curves over the points, a line at the cursor."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPolygonF

from latentviewer.domain.map_note import LOG10
from latentviewer.ui.map import overlays
from latentviewer.ui.map.camera import Camera, nice_ticks
from latentviewer.ui.theme import Theme

HEAD_PX, FOOT_PX = 34, 50
"""What caption and axis need above and below the points."""
_BESIDE_PX = 58  # what the buttons for zooming take
_LEAST_SEEN = 0.003
_BELOW_PX = 7
_NUMBERS_UP_PX, _LEAST_APART_PX, _TICK_EVERY_PX = 44, 34, 90

_WRAPPED = int(Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap)
_CENTRED = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)

Curve = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curves:
    """Lines over the points, in map units.

    Attributes:
        x: (m,) ascending.
        heights: (k, m). colours: (k, 3) uint8.
        whole: (m,), their sum, in the text's colour.
    """

    x: Curve
    heights: Curve
    colours: NDArray[np.uint8]
    whole: Curve


@dataclass(frozen=True, eq=False)
class Chart:
    """Everything that is painted on a 2D map besides its points.

    Attributes:
        caption: one sentence at the top, or empty.
        scale: of the x axis, see `latentviewer.domain.map_note.Axis`.
        curves: or None.
        words: what the map's number x means, for the line at the cursor; None for no line.
    """

    caption: str = ""
    scale: str = ""
    curves: Curves | None = None
    words: Callable[[float], str] | None = None

    def fitted(
        self, camera: Camera, points: NDArray[np.float32], size: tuple[int, int],
        covered: tuple[float, float],
    ) -> Camera:  # fmt: skip
        """Looks at all points from a place where the axis lies at the foot, below the caption.

        The legend may lie over the chart's corner, for it would take a fifth of its width.
        """
        room = max(size[1] - HEAD_PX - FOOT_PX, size[1] // 2)
        fitted = camera.fitted(points, size[0], room, (covered[0], _BESIDE_PX))
        lowest = fitted.to_pixels(points, *size)[:, 1].max() if len(points) else size[1] / 2
        return fitted.panned(0, size[1] - FOOT_PX - float(lowest))

    def paint(self, painter: QPainter, camera: Camera, size: tuple[int, int], theme: Theme) -> None:
        """What lies behind pictures: the axis' lines and the curves."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.scale:
            foot = round(_numbers_y(camera, size) - _BELOW_PX) + 0.5
            painter.setPen(QPen(overlays.with_alpha(theme.colour("text"), 18), 1))
            for at, _ in self._ticks(camera, size):
                painter.drawLine(QPointF(at, 0), QPointF(at, foot))
            painter.setPen(QPen(overlays.with_alpha(theme.colour("text"), 90), 1))
            painter.drawLine(QPointF(0, foot), QPointF(size[0], foot))
        if self.curves is not None:
            _paint_curves(painter, self.curves, camera, size, theme)
        painter.restore()

    def paint_words(
        self, painter: QPainter, camera: Camera, size: tuple[int, int],
        covered: tuple[float, float], theme: Theme,
    ) -> None:  # fmt: skip
        """What lies before pictures: the axis' numbers and the caption."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.scale:
            painter.setFont(_sized(painter, 11))
            top = _numbers_y(camera, size)
            for at, text in self._ticks(camera, size):
                wide = painter.fontMetrics().horizontalAdvance(text) + 8
                place = QRectF(at - wide / 2, top, wide, 18)
                if place.left() >= 0 and place.right() <= size[0]:
                    _paint_backed(painter, place, text, theme.colour("text_dim"), theme)
        if self.caption:
            painter.setFont(_sized(painter, 14, QFont.Weight.Medium))
            left, right = covered
            room = QRectF(left + 8, 14, max(size[0] - left - right - 16, 80.0), size[1] / 2)
            lines = painter.boundingRect(room, _WRAPPED, self.caption)
            place = lines.adjusted(-8, -3, 8, 3)
            _paint_backed(painter, place, self.caption, theme.colour("text"), theme)
        painter.restore()

    def paint_cursor(
        self, painter: QPainter, camera: Camera, x: float, size: tuple[int, int], theme: Theme
    ) -> None:
        """A line across the map at a pixel x, and what is read there."""
        if self.words is None:
            return
        width, height = size
        at = round(x) + 0.5
        painter.setPen(QPen(overlays.with_alpha(theme.colour("text"), 190), 1))
        numbers = _numbers_y(camera, size)
        painter.drawLine(QPointF(at, HEAD_PX + 6), QPointF(at, numbers - 4))
        text = self.words(camera.to_map(x, 0, width, height)[0])
        wide, high = overlays.chip_size(painter, text)
        left = min(max(at - wide / 2, 4.0), width - wide - _BESIDE_PX)
        overlays.paint_chip(painter, left, numbers + 9 - high / 2, text, theme)

    def _ticks(self, camera: Camera, size: tuple[int, int]) -> list[tuple[float, str]]:
        """Pixels x with what is written there."""
        width, height = size
        left, right = (camera.to_map(x, 0, width, height)[0] for x in (0, width))
        if self.scale == LOG10:
            ticks = log_ticks(left, right, width / _LEAST_APART_PX)
        else:
            even = nice_ticks(left, right, max(2, width // _TICK_EVERY_PX))
            ticks = [(x, f"{x:.6g}") for x in even]
        places = np.array([(x, 0.0) for x, _ in ticks]).reshape(-1, 2)
        pixels = camera.to_pixels(places, *size)[:, 0].tolist()
        return [(float(at), text) for at, (_, text) in zip(pixels, ticks, strict=True)]


def _numbers_y(camera: Camera, size: tuple[int, int]) -> float:
    """The upper edge of the axis' numbers: below the height 0, but always to be seen."""
    foot = float(camera.to_pixels(np.zeros((1, 2)), *size)[0, 1])
    return float(min(max(foot + _BELOW_PX, HEAD_PX + 20), size[1] - _NUMBERS_UP_PX))


def log_ticks(low: float, high: float, most: float) -> list[tuple[float, str]]:
    """Round numbers between 10^low and 10^high: their logarithms, and as they are written.

    1, 2 and 5 of each decade; where more than `most` would stand there, 1 only, or fewer.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or not high - low > 0:
        return []
    decades = range(math.floor(low), math.ceil(high) + 1)
    if high - low < 0.35:
        steps = nice_ticks(10.0**low, 10.0**high, max(2, int(min(most, 8)) // 2))
        return [(math.log10(step), f"{step:.6g}") for step in steps if step > 0]
    every = (1, 2, 5)
    spread = [(d, m) for d in decades for m in every if low <= d + math.log10(m) <= high]
    if len(spread) > most:
        apart = max(1, math.ceil((high - low) / most))
        spread = [(d, 1) for d in decades if d % apart == 0 and low <= d <= high]
    return [(d + math.log10(m), _written(d, m)) for d, m in spread]


def _written(decade: int, times: int) -> str:
    if -4 <= decade < 6:
        return f"{times * 10.0**decade:.6g}"
    return f"{times}e{decade}"


def _paint_curves(
    painter: QPainter, curves: Curves, camera: Camera, size: tuple[int, int], theme: Theme
) -> None:
    lines = [
        (curves.whole, theme.colour("text"), 1.4),
        *(
            (height, QColor(*(int(v) for v in colour)), 2.2)
            for height, colour in zip(curves.heights, curves.colours, strict=True)
        ),
    ]
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for heights, colour, wide in lines:
        # Where nothing is to be seen it would only paint over the axis.
        seen = heights > _LEAST_SEEN * curves.whole.max()
        pixels = camera.to_pixels(np.column_stack([curves.x, heights])[seen], *size)
        polygon = QPolygonF([QPointF(x, y) for x, y in pixels.tolist()])
        # A rim in the map's colour, for a line of its points' colour would be lost among them.
        painter.setPen(QPen(overlays.with_alpha(theme.colour("map"), 210), wide + 3))
        painter.drawPolyline(polygon)
        painter.setPen(QPen(colour, wide))
        painter.drawPolyline(polygon)


def _paint_backed(
    painter: QPainter, place: QRectF, text: str, colour: QColor, theme: Theme
) -> None:
    """Words that can be read over pictures too."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(overlays.with_alpha(theme.colour("map"), 205))
    painter.drawRoundedRect(place, 5, 5)
    painter.setPen(colour)
    painter.drawText(place, _CENTRED, text)


def _sized(painter: QPainter, pixels: int, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    font = QFont(painter.font())
    font.setPixelSize(pixels)
    font.setWeight(weight)
    return font
