"""Nearest samples that have no pictures: their words below one another, the nearest first."""

from collections.abc import Mapping
from typing import ClassVar

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from latentviewer.ui.preview.cells import Cell, Cells
from latentviewer.ui.preview.image_tile import small_font
from latentviewer.ui.theme import Theme

_LINE_PX = 21
_FIGURE_PX = 58
_PAD_PX = 6
_COLUMN_GAP_PX = 14


class WordList(Cells):
    """Cells as lines in columns: of each the first word and, on the right, the second."""

    steps: ClassVar[Mapping[Qt.Key, int]] = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}

    def __init__(
        self,
        name: str,
        theme: Theme,
        most: int = 8,
        columns: int = 1,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(name, theme, most, parent=parent)
        self._columns, self._lines = columns, -(-most // columns)
        self.setFixedHeight(self._lines * _LINE_PX + 2)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def cell_rect(self, i: int) -> QRectF:
        """Where a line is drawn."""
        width = (self.width() - (self._columns - 1) * _COLUMN_GAP_PX) / self._columns
        column, line = divmod(i, self._lines)
        return QRectF(column * (width + _COLUMN_GAP_PX), 1 + line * _LINE_PX, width, _LINE_PX)

    def sizeHint(self) -> QSize:
        return QSize(220 * self._columns, self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.height())

    def _paint_cell(self, painter: QPainter, i: int, cell: Cell) -> None:
        theme, place = self._theme, self.cell_rect(i)
        focused = self.hasFocus() and i == self.current
        if focused or i == self._over:
            painter.setPen(theme.colour("accent") if focused else Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("hover"))
            painter.drawRoundedRect(place.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        word, figure = (*cell.words, "", "")[:2]
        room = place.adjusted(_PAD_PX, 0, -_PAD_PX - _FIGURE_PX, 0)
        painter.setPen(theme.colour("text"))
        painter.setFont(self.font())
        shown = painter.fontMetrics().elidedText(
            " ".join(word.split()), Qt.TextElideMode.ElideRight, int(room.width())
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, shown)
        painter.setPen(theme.colour("text_dim"))
        painter.setFont(small_font(self.font()))
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(place.adjusted(0, 0, -_PAD_PX, 0), right, figure)
