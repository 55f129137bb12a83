"""Samples to choose from, drawn by hand: what rows of pictures and lists of words share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from latentviewer.ui.theme import Theme

_STALE_OPACITY = 0.3


@dataclass(frozen=True)
class Cell:
    """One sample: its picture, or None, and words."""

    image: QImage | None
    words: tuple[str, ...] = ()
    tip: str = ""


class Cells(QWidget):
    """Click, or arrow keys and Enter, choose a cell where `selectable`.

    Who inherits says where cells lie and draws one.

    Attributes:
        chosen: emitted with the place of the chosen cell.
        cells: what is shown.
        current: the place that the arrow keys went to.
        steps: how far each key goes.
        stale: drawn weakly, because it belongs to what was shown before.
    """

    chosen = Signal(int)
    steps: ClassVar[Mapping[Qt.Key, int]] = {}

    def __init__(
        self,
        name: str,
        theme: Theme,
        most: int,
        selectable: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme, self._most, self._selectable = theme, most, selectable
        self.cells: tuple[Cell, ...] = ()
        self.current = 0
        self.stale = False
        self._empty = ""
        self._over: int | None = None
        self.setAccessibleName(name)
        if selectable:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.setMouseTracking(True)

    @property
    def fitting(self) -> int:
        """How many cells there is room for; the rest, the farther ones, are left out."""
        return self._most

    def cell_rect(self, i: int) -> QRectF:
        """Where a cell is drawn."""
        raise NotImplementedError

    def cell_at(self, x: float, y: float) -> int | None:
        """Which cell lies there."""
        shown = range(min(len(self.cells), self.fitting))
        return next((i for i in shown if self._reach(i).contains(x, y)), None)

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.update()

    def set_cells(self, cells: Sequence[Cell], empty: str = "") -> None:
        """Shows samples, or a sentence where there are none."""
        self.cells, self._empty, self.stale = tuple(cells[: self._most]), empty, False
        self.current = min(self.current, max(0, len(self.cells) - 1))
        if self._over is not None and self._over >= len(self.cells):
            self._over = None
        self.update()

    def set_stale(self) -> None:
        """Draws it weakly until the next samples come."""
        if not self.stale and (self.cells or self._empty):
            self.stale = True
            self.update()

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
        step = self.steps.get(Qt.Key(event.key()))
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

    def _reach(self, i: int) -> QRectF:
        """Where a click means a cell."""
        return self.cell_rect(i)

    def _paint_cell(self, painter: QPainter, i: int, cell: Cell) -> None:
        raise NotImplementedError

    def _hover(self, at: int | None) -> None:
        if at == self._over or not self._selectable:
            return
        self._over = at
        if at is None:
            self.unsetCursor()
        else:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.update()
