"""Pictures in place of discs, once the map is zoomed in enough."""

from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from latentviewer.ui.map.camera import Points

MOST_IN_VIEW = 700
_KEPT = 4_000
_SIDES_PX = (22, 60)
_ASKED_AT_ONCE = 256
_FADED = 0.3


class Thumbnails:
    """Keeps small pictures, decides which of them fit, and knows where they lie.

    Attributes:
        asked: rows that were asked for and have not come yet.
        rows: those that have a place now.
        side: of each picture, in logical pixels.
    """

    def __init__(self) -> None:
        self._images: OrderedDict[int, QImage] = OrderedDict()
        self.asked: set[int] = set()
        self.rows: list[int] = []
        self.side = 0.0
        self._places: Points = np.zeros((0, 2), np.float32)

    def lay_out(self, rows: NDArray[np.int64], places: Points, side: float) -> None:
        """Gives rows a place, the first ones first; those that would overlap get none."""
        clear = not_overlapping(places, side + 3)
        self.rows, self._places, self.side = rows[clear].tolist(), places[clear], side

    def row_at(self, x: float, y: float) -> int | None:
        """The row whose picture lies under a logical pixel."""
        if not self.rows:
            return None
        gaps = np.abs(self._places - np.array([x, y], np.float32)).max(axis=1)
        for index in np.flatnonzero(gaps <= self.side / 2).tolist():
            if self.rows[index] in self._images:
                return self.rows[index]
        return None

    def box_of(self, row: int) -> QRectF | None:
        """Where a row's picture is drawn."""
        if row not in self._images or row not in self.rows:
            return None
        return self._box(self._places[self.rows.index(row)])

    def _box(self, place: Points) -> QRectF:
        x, y = place.tolist()
        return QRectF(round(x - self.side / 2), round(y - self.side / 2), self.side, self.side)

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

    def missing(self) -> NDArray[np.int64]:
        """Rows with a place but no picture that were not asked for yet; they now are."""
        wanted = [row for row in self.rows if row not in self._images and row not in self.asked]
        wanted = wanted[:_ASKED_AT_ONCE]
        self.asked.update(wanted)
        return np.array(wanted, np.int64)

    def paint(
        self,
        painter: QPainter,
        colour_of: Callable[[int], QColor],
        selected: AbstractSet[int],
    ) -> None:
        """Draws the pictures that are here, framed in their point's colour.

        Where some are selected, the others are faded.
        """
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.side < 28)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for row, place in zip(self.rows, self._places, strict=True):
            image = self._images.get(row)
            if image is None:
                continue
            box = self._box(place)
            painter.setOpacity(_FADED if selected and row not in selected else 1.0)
            painter.drawImage(box, image)
            painter.setPen(QPen(colour_of(row), 1.5))
            painter.drawRect(box)
        painter.setOpacity(1.0)


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
