"""A row of small pictures with words under them, for neighbours and samples."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from latentviewer.ui.preview.image_tile import fitted, small_font
from latentviewer.ui.theme import Theme

_GAP_PX = 5
_LINE_PX = 14
_STALE_OPACITY = 0.3
_SMALLEST_SIDE_PX = 28


@dataclass(frozen=True)
class Cell:
    """One small picture: None draws the first word large instead."""

    image: QImage | None
    words: tuple[str, ...] = ()
    tip: str = ""


class ImageStrip(QWidget):
    """Click, or arrow keys and Enter, choose a cell where `selectable`.

    Attributes:
        chosen: emitted with the place of the chosen cell.
        cells: what is shown.
        stale: drawn weakly, because it belongs to what was shown before.
    """

    chosen = Signal(int)

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
        super().__init__(parent)
        self._theme, self._side, self._lines, self._most = theme, side, lines, most
        self._selectable = selectable
        self.cells: tuple[Cell, ...] = ()
        self.stale = False
        self._empty = ""
        self._over: int | None = None
        self.current = 0
        self.setAccessibleName(name)
        self.setFixedHeight(side + 6 + lines * _LINE_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        if selectable:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.setMouseTracking(True)

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.update()

    def set_cells(self, cells: Sequence[Cell], empty: str = "") -> None:
        """Shows pictures, or a sentence where there are none."""
        self.cells, self._empty, self.stale = tuple(cells[: self._most]), empty, False
        self.current = min(self.current, max(0, len(self.cells) - 1))
        if self._over is not None and self._over >= len(self.cells):
            self._over = None
        self.update()

    def set_stale(self) -> None:
        """Draws it weakly until the next pictures come."""
        if not self.stale and (self.cells or self._empty):
            self.stale = True
            self.update()

    def cell_at(self, x: float, y: float) -> int | None:
        """Which cell lies there."""
        for i in range(min(len(self.cells), self.fitting)):
            if self._cell(i).contains(x, y):
                return i
        return None

    @property
    def fitting(self) -> int:
        """How many cells the width has room for; the rest, the farther ones, are left out."""
        least = min(self._side, _SMALLEST_SIDE_PX) + _GAP_PX
        return min(self._most, max(1, (self.width() - 2 + _GAP_PX) // least))

    def cell_rect(self, i: int) -> QRectF:
        """Where a cell's picture is drawn."""
        place = self._cell(i)
        return QRectF(place.left(), place.top() + 2, place.width(), place.width())

    def sizeHint(self) -> QSize:
        return QSize(self._most * (self._side + _GAP_PX) - _GAP_PX, self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.height())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.cell_at(event.position().x(), event.position().y()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)
        super().leaveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        at = self.cell_at(event.position().x(), event.position().y())
        if self._selectable and event.button() == Qt.MouseButton.LeftButton and at is not None:
            self.current = at
            self.chosen.emit(at)
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is not None and self.cells:
            last = min(len(self.cells), self.fitting) - 1
            self.current = min(max(self.current + step, 0), last)
            self.setAccessibleDescription(self.cells[self.current].tip)
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.cells:
            self.chosen.emit(self.current)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusOutEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            at = self.cell_at(event.pos().x(), event.pos().y())
            QToolTip.showText(event.globalPos(), "" if at is None else self.cells[at].tip, self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(_STALE_OPACITY if self.stale else 1.0)
        if not self.cells:
            painter.setPen(self._theme.colour("text_faint"))
            flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop
            painter.drawText(QRectF(self.rect()).adjusted(0, 2, 0, 0), int(flags), self._empty)
        for i, cell in enumerate(self.cells[: self.fitting]):
            self._paint_cell(painter, i, cell)
        painter.end()

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

    def _cell(self, i: int) -> QRectF:
        most = self.fitting
        room = (self.width() - 2 - (most - 1) * _GAP_PX) / most
        side = max(8.0, min(float(self._side), room))
        gap = _GAP_PX
        if most > 1 and side == self._side:
            spare = (self.width() - 2 - most * side) / (most - 1)
            gap = int(min(spare, 2 * _GAP_PX))
        return QRectF(round(1 + i * (side + gap)), 0, side, self.height())

    def _hover(self, at: int | None) -> None:
        if at == self._over or not self._selectable:
            return
        self._over = at
        if at is None:
            self.unsetCursor()
        else:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.update()
