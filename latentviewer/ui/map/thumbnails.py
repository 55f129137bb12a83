"""Pictures in place of discs, once the map is zoomed in enough."""

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from latentviewer.ui.map.camera import Points

MOST_IN_VIEW = 700
_KEPT = 4_000
_SIDES_PX = (22, 60)
_ASKED_AT_ONCE = 256


class Thumbnails:
    """Keeps small pictures and decides which of them fit.

    Attributes:
        asked: rows that were asked for and have not come yet.
    """

    def __init__(self) -> None:
        self._images: OrderedDict[int, QImage] = OrderedDict()
        self.asked: set[int] = set()

    def clear(self) -> None:
        """Forgets all pictures."""
        self._images.clear()
        self.asked.clear()

    def add(self, rows: NDArray[np.int64], images: NDArray[np.uint8]) -> None:
        """Pictures (m, h, w, 1 or 3) of the rows."""
        for row, image in zip(rows.tolist(), images, strict=True):
            self._images[row] = to_image(image)
            self.asked.discard(row)
        while len(self._images) > _KEPT:
            self._images.popitem(last=False)

    def missing(self, rows: list[int]) -> NDArray[np.int64]:
        """Rows without a picture that were not asked for yet; they now are."""
        wanted = [row for row in rows if row not in self._images and row not in self.asked]
        wanted = wanted[:_ASKED_AT_ONCE]
        self.asked.update(wanted)
        return np.array(wanted, np.int64)

    def paint(
        self,
        painter: QPainter,
        rows: list[int],
        places: Points,
        side: float,
        colour_of: Callable[[int], QColor],
    ) -> None:
        """Draws the pictures that are here, framed in their point's colour."""
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, side < 28)
        for row, (x, y) in zip(rows, places, strict=True):
            image = self._images.get(row)
            if image is None:
                continue
            box = QRectF(round(float(x) - side / 2), round(float(y) - side / 2), side, side)
            painter.drawImage(box, image)
            painter.setPen(QPen(colour_of(row), 1.5))
            painter.drawRect(box)


def side_for(count: int, width: int, height: int) -> float:
    """Side of a thumbnail in logical pixels: larger the fewer points are in view."""
    room = (0.45 * width * height / max(count, 1)) ** 0.5
    return float(round(min(max(room, _SIDES_PX[0]), _SIDES_PX[1])))


def not_overlapping(places: Points, side: float) -> NDArray[np.int64]:
    """Indices of places whose squares of `side` stand clear of all chosen before."""
    taken: dict[tuple[int, int], list[int]] = {}
    chosen: list[int] = []
    for index, (x, y) in enumerate(places.tolist()):
        cell = (int(x // side), int(y // side))
        near = (
            other
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
            for other in taken.get((cell[0] + dx, cell[1] + dy), ())
        )
        if all(
            abs(places[other, 0] - x) >= side or abs(places[other, 1] - y) >= side for other in near
        ):
            taken.setdefault(cell, []).append(index)
            chosen.append(index)
    return np.array(chosen, np.int64)


def to_image(pixels: NDArray[np.uint8]) -> QImage:
    """(h, w, 1 or 3) uint8 as a picture that owns its memory."""
    height, width, channels = pixels.shape
    packed = np.ascontiguousarray(pixels)
    kind = QImage.Format.Format_Grayscale8 if channels == 1 else QImage.Format.Format_RGB888
    return QImage(packed.data, width, height, width * channels, kind).copy()
