"""What is painted over the points: axes, path, markers, rings, chips, lasso."""

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen, QPolygonF

from latentviewer.domain.posterior_ellipse import ellipse_outline
from latentviewer.ui.map.camera import Camera, Points, nice_ticks
from latentviewer.ui.theme import Theme

_TICK_EVERY_PX = 130
_FARTHEST_PX = 100_000.0
_WIDEST_SIGMA_PX = 10_000.0
_DOT_PX = 2.2
_HEAD_PX = 7.0
_CUBE = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float32)
_CUBE_EDGES = [(a, b) for a in range(8) for b in range(a + 1, 8) if bin(a ^ b).count("1") == 1]


def with_alpha(colour: QColor, alpha: int) -> QColor:
    """The same colour, more transparent."""
    made = QColor(colour)
    made.setAlpha(alpha)
    return made


def paint_grid(painter: QPainter, camera: Camera, size: tuple[int, int], theme: Theme) -> None:
    """Hairlines at round numbers, in 2D."""
    width, height = size
    left, top = camera.to_map(0, 0, width, height)
    right, bottom = camera.to_map(width, height, width, height)
    painter.setPen(QPen(with_alpha(theme.colour("text"), 14), 1))
    across = nice_ticks(left, right, max(2, width // _TICK_EVERY_PX))
    upwards = nice_ticks(bottom, top, max(2, height // _TICK_EVERY_PX))
    places = np.array([(x, bottom) for x in across] + [(left, y) for y in upwards], np.float64)
    pixels = camera.to_pixels(places.reshape(-1, 2), width, height).tolist()
    for x, _ in pixels[: len(across)]:
        painter.drawLine(QPointF(x, 0), QPointF(x, height))
    for _, y in pixels[len(across) :]:
        painter.drawLine(QPointF(0, y), QPointF(width, y))


def paint_axis_titles(
    painter: QPainter, titles: tuple[str, str, str], size: tuple[int, int], theme: Theme
) -> None:
    """The axes' titles at the lower and the left edge, where they have any."""
    width, height = size
    painter.setPen(theme.colour("text_faint"))
    painter.setFont(_small(painter))
    if titles[0]:
        painter.drawText(
            QRectF(0, height - 24, width, 18), Qt.AlignmentFlag.AlignHCenter, titles[0]
        )
    if titles[1]:
        painter.save()
        painter.translate(16, height / 2)
        painter.rotate(-90)
        painter.drawText(QRectF(-150, -8, 300, 18), Qt.AlignmentFlag.AlignCenter, titles[1])
        painter.restore()


def paint_box(
    painter: QPainter, camera: Camera, bounds: tuple[Points, Points], size: tuple[int, int],
    theme: Theme,
) -> None:  # fmt: skip
    """The faint edges of the box around the points, in 3D."""
    low, high = bounds
    corners = camera.to_pixels(low + _CUBE * (high - low), *size)
    painter.setPen(QPen(with_alpha(theme.colour("text"), 30), 1))
    for a, b in _CUBE_EDGES:
        painter.drawLine(QPointF(*corners[a].tolist()), QPointF(*corners[b].tolist()))


def paint_gizmo(
    painter: QPainter, camera: Camera, titles: tuple[str, str, str], size: tuple[int, int],
    theme: Theme,
) -> None:  # fmt: skip
    """Three short arms in the lower left corner that show how the map is turned."""
    middle = QPointF(66, size[1] - 62)
    axes = camera.axes()
    colours = (theme.colour("accent"), theme.colour("warning"), theme.colour("text_dim"))
    painter.setFont(_small(painter))
    for axis in np.argsort(-axes[2]):
        arm = QPointF(float(axes[0, axis]) * 26, float(axes[1, axis]) * 26)
        painter.setPen(QPen(colours[axis], 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(middle, middle + arm)
        name = titles[axis].split(" · ")[0] or "XYZ"[axis]
        at = middle + arm * 1.45
        painter.drawText(
            QRectF(at.x() - 24, at.y() - 9, 48, 18), Qt.AlignmentFlag.AlignCenter, name
        )


def paint_path(
    painter: QPainter, line: Points, waypoints: Points, current: int | None, theme: Theme
) -> None:
    """The way through the map with its numbered waypoints and the present frame."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    polygon = QPolygonF([QPointF(float(x), float(y)) for x, y in line])
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(with_alpha(theme.colour("map"), 200), 5))
    painter.drawPolyline(polygon)
    painter.setPen(QPen(theme.colour("text"), 2))
    painter.drawPolyline(polygon)
    font = _small(painter)
    font.setWeight(QFont.Weight.DemiBold)
    painter.setFont(font)
    for number, (x, y) in enumerate(waypoints, 1):
        spot = QRectF(float(x) - 9, float(y) - 9, 18, 18)
        painter.setPen(QPen(theme.colour("map"), 2))
        painter.setBrush(theme.colour("text"))
        painter.drawEllipse(spot)
        painter.setPen(theme.colour("map"))
        painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, str(number))
    if current is not None and current < len(line):
        painter.setPen(QPen(theme.colour("map"), 2))
        painter.setBrush(theme.colour("accent"))
        painter.drawEllipse(QPointF(*line[current].tolist()), 7, 7)


def paint_trajectory(
    painter: QPainter, line: Points, back: int, current: int | None, theme: Theme
) -> None:
    """Denoising: dots on a way that grows stronger towards the data.

    Its first `back` steps lead from a sample to its noise, and are dashed.
    """
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    spots = [QPointF(x, y) for x, y in line.tolist()]
    accent, dim = theme.colour("accent"), theme.colour("text_dim")
    painter.setPen(QPen(with_alpha(theme.colour("map"), 215), 9))
    painter.drawPolyline(QPolygonF(spots))
    painter.setPen(QPen(dim, 2, Qt.PenStyle.DashLine))
    painter.drawPolyline(QPolygonF(spots[: back + 1]))
    ahead = spots[back:]
    for i in range(1, len(ahead)):
        share = i / (len(ahead) - 1)
        painter.setPen(QPen(with_alpha(accent, round(120 + 135 * share)), 2 + share))
        painter.drawLine(ahead[i - 1], ahead[i])
    painter.setPen(QPen(theme.colour("map"), 1))
    for i, spot in enumerate(spots):
        painter.setBrush(dim if i < back else accent)
        painter.drawEllipse(spot, 3.5, 3.5)
    # The noise is where it turns, or begins: an open circle.
    ends = {0: "sample"} if back else {}
    if len(spots) > back:
        painter.setBrush(theme.colour("map"))
        painter.setPen(QPen(accent, 2))
        painter.drawEllipse(spots[back], 5, 5)
        ends[back] = "noise"
    if current is not None and current < len(spots):
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(theme.colour("map"), 5), QPen(theme.colour("selection_ring"), 2)):
            painter.setPen(pen)
            painter.drawEllipse(spots[current], 9, 9)
    painter.setFont(_small(painter))
    for i, word in ends.items():
        paint_chip(painter, spots[i].x() + 12, spots[i].y() - 30, word, theme, "text_dim")


def paint_marker(painter: QPainter, x: float, y: float, text: str, theme: Theme) -> None:
    """A diamond with a chip: the place of a result."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.colour("map"), 2))
    painter.setBrush(theme.colour("warning"))
    painter.drawPolygon(
        QPolygonF([QPointF(x, y - 9), QPointF(x + 9, y), QPointF(x, y + 9), QPointF(x - 9, y)])
    )
    paint_chip(painter, x + 14, y - 12, text, theme)


def paint_ellipses(
    painter: QPainter, centre: Points, covariance: NDArray[np.float64], theme: Theme
) -> None:
    """A Gaussian at 1 and 2 sigma, in pixels.

    Left out where it is so large that the picture lies within it.
    """
    if not float(np.trace(covariance)) < _WIDEST_SIGMA_PX**2:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    at = QPointF(*centre.tolist())
    accent = theme.colour("accent")
    for sigmas, fill in ((2.0, 22), (1.0, 34)):
        outline = [at + QPointF(x, y) for x, y in ellipse_outline(covariance, sigmas).tolist()]
        shape = QPolygonF(outline)
        painter.setPen(QPen(with_alpha(theme.colour("map"), 210), 5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolygon(shape)
        painter.setBrush(with_alpha(accent, fill))
        painter.setPen(QPen(accent, 2.0 if sigmas == 1.0 else 1.5))
        painter.drawPolygon(shape)


def box_of_ellipses(centre: Points, covariance: NDArray[np.float64]) -> QRect:
    """What `paint_ellipses` paints on."""
    across, down = (
        min(2 * math.sqrt(max(float(covariance[i, i]), 0.0)) + 4, _FARTHEST_PX) for i in (0, 1)
    )
    x, y = (min(max(v, -_FARTHEST_PX), _FARTHEST_PX) for v in centre.tolist())
    return QRectF(x - across, y - down, 2 * across, 2 * down).toAlignedRect()


def paint_dots(painter: QPainter, places: Points, theme: Theme) -> None:
    """Small marks at (m, 2) pixels: samples that were placed, no points of the map."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.colour("map"), 1))
    painter.setBrush(theme.colour("accent"))
    for x, y in places.tolist():
        painter.drawEllipse(QPointF(x, y), _DOT_PX, _DOT_PX)


def paint_links(painter: QPainter, origin: Points, others: Points, theme: Theme) -> None:
    """Lines from (2,) to each of (k, 2) pixels, and a small ring around each end."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    start = QPointF(*origin.tolist())
    for colour, width in ((theme.colour("map"), 3.5), (theme.colour("accent"), 1.3)):
        painter.setPen(QPen(colour, width))
        for x, y in others.tolist():
            painter.drawLine(start, QPointF(x, y))
            painter.drawEllipse(QPointF(x, y), _DOT_PX + 1.5, _DOT_PX + 1.5)


def paint_arrows(painter: QPainter, starts: Points, ends: Points, theme: Theme) -> None:
    """From each of (k, 2) pixels to the one beside it; short ones are lines."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    gaps = ends - starts
    lengths = np.maximum(np.hypot(gaps[:, 0], gaps[:, 1]), 1e-6)
    along = gaps / lengths[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    head = np.minimum(_HEAD_PX, lengths / 2)[:, None]
    barbs = (ends - head * (along + 0.5 * across), ends - head * (along - 0.5 * across))
    lines = [QLineF(*ends_of) for ends_of in np.hstack([starts, ends]).tolist()]
    for barb in barbs:
        lines += [QLineF(*ends_of) for ends_of in np.hstack([barb, ends]).tolist()]
    for colour, width in ((theme.colour("map"), 3.0), (theme.colour("text"), 1.2)):
        painter.setPen(QPen(colour, width))
        painter.drawLines(lines)


def box_of_dots(places: Points, size: tuple[int, int]) -> QRect:
    """What of a picture of that size `paint_dots` paints on."""
    if not len(places):
        return QRect()
    low, high = np.clip(places.min(axis=0), 0, size), np.clip(places.max(axis=0), 0, size)
    box = QRectF(QPointF(*low.tolist()), QPointF(*high.tolist()))
    return box.adjusted(-4, -4, 4, 4).toAlignedRect()


def corner_box(dims: int, size: tuple[int, int]) -> QRect:
    """Where words stand in the lower left corner, in 3D beside the three arms."""
    left = 14 if dims == 2 else 132
    return QRect(left, size[1] - 26, max(0, size[0] - left), 20)


def paint_corner_words(
    painter: QPainter, text: str, dims: int, size: tuple[int, int], theme: Theme
) -> None:
    """A line about what is marked on the map, readable over points."""
    font = painter.font()
    painter.setFont(_small(painter))
    place = corner_box(dims, size)
    painter.setPen(theme.colour("map"))
    for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        painter.drawText(place.translated(dx, dy), Qt.AlignmentFlag.AlignVCenter, text)
    painter.setPen(theme.colour("accent"))
    painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, text)
    painter.setFont(font)


def paint_ring(painter: QPainter, x: float, y: float, radius: float, theme: Theme) -> None:
    """The ring around the point under the cursor."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.colour("map"), 4))
    painter.drawEllipse(QPointF(x, y), radius + 3, radius + 3)
    painter.setPen(QPen(theme.colour("selection_ring"), 2))
    painter.drawEllipse(QPointF(x, y), radius + 3, radius + 3)


def paint_small_rings(painter: QPainter, places: Points, radius: float, theme: Theme) -> None:
    """Rings around a few selected points, which would be lost among thousands."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(theme.colour("map"), 3.5), QPen(theme.colour("selection_ring"), 1.5)):
        painter.setPen(pen)
        for x, y in places.tolist():
            painter.drawEllipse(QPointF(x, y), radius + 2.5, radius + 2.5)


def paint_frame(painter: QPainter, box: QRectF, theme: Theme) -> None:
    """The frame around the picture under the cursor."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(theme.colour("map"), 4), QPen(theme.colour("selection_ring"), 2)):
        painter.setPen(pen)
        painter.drawRoundedRect(box.adjusted(-2, -2, 2, 2), 3, 3)


def chip_size(painter: QPainter, text: str) -> tuple[float, float]:
    """Width and height of a chip."""
    return painter.fontMetrics().horizontalAdvance(text) + 18.0, 24.0


def paint_chip(
    painter: QPainter, x: float, y: float, text: str, theme: Theme, role: str = "text"
) -> None:
    """A small rounded label."""
    if not text:
        return
    width, height = chip_size(painter, text)
    box = QRectF(round(x) + 0.5, round(y) + 0.5, width, height)
    shape = QPainterPath()
    shape.addRoundedRect(box, 6, 6)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillPath(shape, with_alpha(theme.colour("raised"), 238))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.colour("border"), 1))
    painter.drawPath(shape)
    painter.setPen(theme.colour(role))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def paint_label_beside(
    painter: QPainter, x: float, y: float, text: str, width: int, theme: Theme
) -> None:
    """A chip beside a point, inside a picture of that width."""
    wide, high = chip_size(painter, text)
    left = x + 14 if x + 18 + wide < width else x - 14 - wide
    paint_chip(painter, left, y - high - 8 if y > high + 12 else y + 12, text, theme)


def paint_cross(painter: QPainter, at: QPointF, theme: Theme) -> None:
    """Four short lines around the cursor, over a place without a point."""
    painter.setPen(QPen(with_alpha(theme.colour("text"), 150), 1))
    x, y = round(at.x()) + 0.5, round(at.y()) + 0.5
    for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        painter.drawLine(QPointF(x + 4 * dx, y + 4 * dy), QPointF(x + 9 * dx, y + 9 * dy))


def paint_outline(painter: QPainter, points: list[QPointF], closed: bool, theme: Theme) -> None:
    """The lasso or the rectangle while it is drawn."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(with_alpha(theme.colour("accent"), 36) if closed else Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.colour("accent"), 1.5))
    painter.drawPolygon(QPolygonF(points))


def _small(painter: QPainter) -> QFont:
    font = QFont(painter.font())
    font.setPointSizeF(8.5)
    return font
