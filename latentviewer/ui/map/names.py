"""What points are called, written beside as many of them as there is room for."""

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPixmap

from latentviewer.ui.map.camera import Camera, Points

FIRST_ROWS = 20_000
_LOOKED_AT = 1_500
_MOST_SHOWN = 140
_LONGEST = 28
_CELL_PX = 6
_GAP_PX = 3.0
_FONT_PX = 12
_KEPT = 3_000


class Names:
    """Lays names out so that none covers another; rows that come first have their way.

    In a table of words the first ones are the most frequent.

    Attributes:
        rows: those whose names are shown. spots: the upper left corner of each name.
    """

    def __init__(self) -> None:
        self._texts: Sequence[str] = ()
        self._pictures: OrderedDict[tuple[str, int, float], QPixmap] = OrderedDict()
        self.rows: list[int] = []
        self.spots: list[QPointF] = []

    def set_texts(self, texts: Sequence[str]) -> None:
        """One for each row; empty for none."""
        self._texts = texts
        self.rows, self.spots = [], []

    def __bool__(self) -> bool:
        return bool(self._texts)

    def lay_out(
        self,
        rows: NDArray[np.int64],
        coordinates: Points,
        camera: Camera,
        size: tuple[int, int],
        radius: float,
        font: QFont,
    ) -> None:
        """Chooses among rows (m,), the first ones first.

        Args:
            coordinates: (n, dims) of all rows.
            radius: of a point in logical pixels.
        """
        self.rows, self.spots = [], []
        width, height = size
        places = camera.to_pixels(coordinates[rows], width, height)
        inside = ((places >= 0) & (places < np.array([width, height], np.float32))).all(axis=1)
        metrics = QFontMetricsF(_smaller(font))
        tall = metrics.height()
        taken = np.zeros((height // _CELL_PX + 2, width // _CELL_PX + 2), np.bool_)
        looked_at = np.flatnonzero(inside)[:_LOOKED_AT].tolist()
        for index in looked_at:
            if len(self.rows) == _MOST_SHOWN:
                return
            row, (x, y) = int(rows[index]), places[index].tolist()
            wide = metrics.horizontalAdvance(_short(self._texts[row]))
            left, top = x + radius + _GAP_PX, y - tall / 2
            if not wide or left + wide > width:
                continue
            cells = (
                slice(max(0, int(top // _CELL_PX)), int((top + tall) // _CELL_PX) + 1),
                slice(int((x - radius) // _CELL_PX) if x > radius else 0,
                      int((left + wide) // _CELL_PX) + 1),
            )  # fmt: skip
            if not taken[cells].any():
                taken[cells] = True
                self.rows.append(row)
                self.spots.append(QPointF(left, top))

    def paint(self, painter: QPainter, text: QColor, ground: QColor) -> None:
        """Writes them, with a margin of the ground's colour that sets them off the points."""
        ratio = painter.device().devicePixelRatioF()
        font = _smaller(painter.font())
        for row, spot in zip(self.rows, self.spots, strict=True):
            picture = self._picture(_short(self._texts[row]), font, text, ground, ratio)
            painter.drawPixmap(spot - QPointF(_GAP_PX, _GAP_PX), picture)

    def _picture(
        self, word: str, font: QFont, text: QColor, ground: QColor, ratio: float
    ) -> QPixmap:
        key = (word, text.rgba() ^ ground.rgba(), ratio)
        found = self._pictures.get(key)
        if found is None:
            found = self._pictures[key] = _drawn(word, font, text, ground, ratio)
            if len(self._pictures) > _KEPT:
                self._pictures.popitem(last=False)
        return found


def _drawn(word: str, font: QFont, text: QColor, ground: QColor, ratio: float) -> QPixmap:
    metrics = QFontMetricsF(font)
    wide, tall = metrics.horizontalAdvance(word), metrics.height()
    picture = QPixmap((QSizeF(wide + 2 * _GAP_PX, tall + 2 * _GAP_PX) * ratio).toSize())
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    outline = QPainterPath()
    outline.addText(QPointF(_GAP_PX, _GAP_PX + metrics.ascent()), font, word)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(ground, 3.0)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.strokePath(outline, pen)
    painter.setFont(font)
    painter.setPen(text)
    painter.drawText(QPointF(_GAP_PX, _GAP_PX + metrics.ascent()), word)
    painter.end()
    return picture


def _short(text: str) -> str:
    whole = " ".join(text.split())
    return whole if len(whole) <= _LONGEST else f"{whole[: _LONGEST - 1].rstrip()}…"


def _smaller(font: QFont) -> QFont:
    made = QFont(font)
    made.setPixelSize(_FONT_PX)
    return made
