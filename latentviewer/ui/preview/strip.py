"""A row of small pictures with words under them, for neighbours and samples."""

from collections.abc import Mapping
from typing import ClassVar

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from latentviewer.ui.preview.cells import Cell, Cells
from latentviewer.ui.preview.image_tile import fitted, small_font
from latentviewer.ui.theme import Theme

_GAP_PX = 5
_LINE_PX = 14
_SMALLEST_SIDE_PX = 28


class ImageStrip(Cells):
    """Cells in a row; one without a picture has its first word drawn large instead."""

    steps: ClassVar[Mapping[Qt.Key, int]] = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}

    def __init__(
        self,
        name: str,
        theme: Theme,
        side: int = 36,
        lines: int = 0,
        most: int = 8,
        selectable: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(name, theme, most, selectable, parent)
        self._side, self._lines = side, lines
        self.setFixedHeight(side + 6 + lines * _LINE_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def fitting(self) -> int:
        """How many cells the width has room for; the rest, the farther ones, are left out."""
        least = min(self._side, _SMALLEST_SIDE_PX) + _GAP_PX
        return min(self._most, max(1, (self.width() - 2 + _GAP_PX) // least))

    def cell_rect(self, i: int) -> QRectF:
        """Where a cell's picture is drawn."""
        place = self._reach(i)
        return QRectF(place.left(), place.top() + 2, place.width(), place.width())

    def sizeHint(self) -> QSize:
        return QSize(self._most * (self._side + _GAP_PX) - _GAP_PX, self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.height())

    def _paint_cell(self, painter: QPainter, i: int, cell: Cell) -> None:
        theme, place = self._theme, self.cell_rect(i)
        painter.fillRect(place, theme.colour("map"))
        words = cell.words
        if cell.image is not None:
            painter.drawImage(fitted(cell.image, place), cell.image)
        elif words:
            painter.setPen(theme.colour("text"))
            shown = painter.fontMetrics().elidedText(
                words[0], Qt.TextElideMode.ElideRight, int(place.width()) - 2
            )
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, shown)
            words = ("", *words[1:])
        focused = self.hasFocus() and i == self.current
        ring = "accent" if focused or i == self._over else "border"
        painter.setPen(theme.colour(ring))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(place.adjusted(-0.5, -0.5, 0.5, 0.5), 2, 2)
        painter.setFont(small_font(self.font()))
        for line, word in enumerate(words[: self._lines]):
            painter.setPen(theme.colour("text" if line == 0 else "text_dim"))
            at = QRectF(
                place.left() - 2, place.bottom() + 3 + line * _LINE_PX, place.width() + 4, _LINE_PX
            )
            metrics = painter.fontMetrics()
            shown = metrics.elidedText(word, Qt.TextElideMode.ElideRight, int(at.width()))
            painter.drawText(at, Qt.AlignmentFlag.AlignCenter, shown)
        painter.setFont(self.font())

    def _reach(self, i: int) -> QRectF:
        most = self.fitting
        room = (self.width() - 2 - (most - 1) * _GAP_PX) / most
        side = max(8.0, min(float(self._side), room))
        gap = _GAP_PX
        if most > 1 and side == self._side:
            spare = (self.width() - 2 - most * side) / (most - 1)
            gap = int(min(spare, 2 * _GAP_PX))
        return QRectF(round(1 + i * (side + gap)), 0, side, self.height())
