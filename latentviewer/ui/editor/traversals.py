"""One row for each latent dimension: what it carries, and pictures along it."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
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

from latentviewer.ui.editor.traversal_layout import HEAD_PX, TraversalLayout
from latentviewer.ui.preview.image import Pixels, to_image
from latentviewer.ui.preview.image_tile import fitted, small_font
from latentviewer.ui.theme import Theme

_STALE_OPACITY = 0.45
_ROWS_KEPT = 64
_BAR_PX = 6
# Larger ones are drawn at about their own size, and enlarging them first costs more than it gives.
_ENLARGED_UP_TO_PX = 40


@dataclass(frozen=True, eq=False)
class Row:
    """What is said of a dimension.

    Attributes:
        dimension: its number.
        amount: how much it carries, in words, such as `1.93`.
        share: of the most that any carries, 0 to 1: the length of its bar.
        active: whether it is an active unit.
        values: (steps,) where its pictures are.
    """

    dimension: int
    amount: str
    share: float
    active: bool
    values: NDArray[np.float32]

    @property
    def constant(self) -> bool:
        """Whether there is nowhere to go."""
        return bool(self.values[0] == self.values[-1])


class Traversals(QAbstractScrollArea):
    """Scrolls up and down; only rows in view are asked for.

    Attributes:
        wanted: emitted with the dimensions in view that have no picture yet.
        pointed: emitted with the dimension and the picture under the cursor.
        left_alone: the cursor is on no picture any more.
        chosen: emitted with a dimension and one of its values, by click or Enter.
        rows: what is shown.
        current: the row and the picture the keyboard is at.
    """

    wanted = Signal(list)
    pointed = Signal(int, int)
    left_alone = Signal()
    chosen = Signal(int, float)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.rows: tuple[Row, ...] = ()
        self.current = (0, 0)
        self._heads: tuple[str, Sequence[str]] = ("", ())
        self._latent: NDArray[np.float32] | None = None
        self._fresh: set[int] = set()
        self._pictures: OrderedDict[int, list[QImage]] = OrderedDict()
        self._over: tuple[int, int] | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Traversals of the latent dimensions")
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.viewport().setAccessibleName("Dimensions and their pictures")
        self.verticalScrollBar().setAccessibleName("Scroll through the dimensions")
        self.verticalScrollBar().valueChanged.connect(lambda _value: self.ask())

    @property
    def layout_now(self) -> TraversalLayout:
        """Where everything stands now."""
        steps = len(self.rows[0].values) if self.rows else 0
        view = self.viewport()
        return TraversalLayout(
            len(self.rows), steps, view.width(), view.height(), self.verticalScrollBar().value()
        )

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.viewport().update()

    def set_rows(self, rows: Sequence[Row], amount: str, values: Sequence[str]) -> None:
        """Replaces all rows; titles over what they carry and over each of their pictures."""
        self.rows, self._heads = tuple(rows), (amount, tuple(values))
        self._pictures.clear()
        self._fresh.clear()
        self.current, self._over = (0, 0), None
        self._fit_scroll_bar()
        self.verticalScrollBar().setValue(0)
        self.ask()

    def set_latent(self, latent: NDArray[np.float32] | None) -> None:
        """(d,) what the pictures go through; those of before are drawn weakly until new come."""
        self._latent = latent
        self._fresh.clear()
        self.ask()

    def set_pictures(self, dimension: int, images: Pixels) -> None:
        """(steps, h, w, 1 or 3) along a dimension, through the latent."""
        enlarge = max(images.shape[1:3]) <= _ENLARGED_UP_TO_PX
        self._pictures[dimension] = [to_image(image, enlarge) for image in images]
        self._pictures.move_to_end(dimension)
        self._fresh.add(dimension)
        while len(self._pictures) > _ROWS_KEPT:
            self._fresh.discard(self._pictures.popitem(last=False)[0])
        self.viewport().update()

    def ask(self) -> None:
        """Asks for what is in view and missing."""
        seen = [self.rows[i] for i in self.layout_now.seen()]
        missing = [r.dimension for r in seen if r.dimension not in self._fresh and not r.constant]
        self.wanted.emit(missing)
        self.viewport().update()

    def words(self, dimension: int, step: int) -> str:
        """A picture in words, such as `z 7 = 2.25`."""
        row = next(row for row in self.rows if row.dimension == dimension)
        return f"z {dimension} = {number(float(row.values[step]))}"

    def picture_rect(self, row: int, step: int) -> QRectF:
        """Where a picture is drawn, in the viewport."""
        layout = self.layout_now
        return QRectF(layout.left(step), layout.top(row), layout.side, layout.side)

    def sizeHint(self) -> QSize:
        return QSize(560, 160)

    def minimumSizeHint(self) -> QSize:
        return QSize(340, 70)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_scroll_bar()
        self.ask()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._picture_at(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self._picture_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and at is not None:
            self.current = at
            self._hover(at)
            self._choose(at)

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event)
        self._hover(self._picture_at(event.position()))

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._hover(None)
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.rows:
            super().keyPressEvent(event)
            return
        row, step = self.current
        last, end = len(self.rows) - 1, len(self.rows[0].values) - 1
        page = max(1, len(self.layout_now.seen()) - 1)
        places = {
            Qt.Key.Key_Left: (row, max(step - 1, 0)),
            Qt.Key.Key_Right: (row, min(step + 1, end)),
            Qt.Key.Key_Up: (max(row - 1, 0), step),
            Qt.Key.Key_Down: (min(row + 1, last), step),
            Qt.Key.Key_PageUp: (max(row - page, 0), step),
            Qt.Key.Key_PageDown: (min(row + page, last), step),
            Qt.Key.Key_Home: (0, step),
            Qt.Key.Key_End: (last, step),
        }
        place = places.get(Qt.Key(event.key()))
        if place is not None:
            self.current = place
            self._bring_into_view(place[0])
            self.setAccessibleDescription(self.words(self.rows[place[0]].dimension, place[1]))
            if not self.rows[place[0]].constant:
                self.pointed.emit(self.rows[place[0]].dimension, place[1])
            self.viewport().update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self.current)
        else:
            super().keyPressEvent(event)

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
        painter.setClipRect(0, HEAD_PX, layout.width, layout.height - HEAD_PX)
        for i in layout.seen():
            self._paint_words(painter, layout, i)
            if self.rows[i].constant:
                self._paint_constant(painter, layout, i)
            else:
                self._paint_pictures(painter, layout, i)
        painter.setClipping(False)
        self._paint_head(painter, layout)
        painter.end()

    def _paint_head(self, painter: QPainter, layout: TraversalLayout) -> None:
        painter.setFont(small_font(self.font()))
        painter.setPen(self._theme.colour("text_dim"))
        amount, values = self._heads
        middle = Qt.AlignmentFlag.AlignVCenter
        head = QRectF(0, 0, layout.words, HEAD_PX - 4)
        painter.drawText(head, int(middle | Qt.AlignmentFlag.AlignLeft), amount)
        every = 1 if layout.side >= 32 else 2
        for step, text in enumerate(values):
            if step % every == 0:
                place = QRectF(layout.left(step) - 40, 0, layout.side + 80, HEAD_PX - 4)
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_words(self, painter: QPainter, layout: TraversalLayout, i: int) -> None:
        theme, row, top = self._theme, self.rows[i], layout.top(i)
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(theme.colour("text" if row.active else "text_dim"))
        flags = Qt.AlignmentFlag.AlignVCenter
        # The bar and its words stand in the middle of the pictures beside them.
        down = top + (layout.side - 26) / 2
        line = QRectF(0, down, layout.words, 16)
        painter.drawText(line, int(flags | Qt.AlignmentFlag.AlignLeft), f"z {row.dimension}")
        name = painter.fontMetrics().horizontalAdvance(f"z {row.dimension}  ")
        painter.setFont(small_font(self.font()))
        painter.setPen(theme.colour("text_dim"))
        painter.drawText(line, int(flags | Qt.AlignmentFlag.AlignRight), row.amount)
        if not row.active:
            taken = painter.fontMetrics().horizontalAdvance(row.amount) + 6
            room = line.adjusted(name, 1, -taken, 1)
            if painter.fontMetrics().horizontalAdvance("inactive") <= room.width():
                painter.setPen(theme.colour("warning"))
                painter.drawText(room, int(flags), "inactive")
        bar = QRectF(0, down + 19, layout.words, _BAR_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("raised" if theme.dark else "border"))
        painter.drawRoundedRect(bar, 3, 3)
        if row.share > 0:
            bar.setWidth(max(row.share * layout.words, _BAR_PX))
            painter.setBrush(theme.colour("accent" if row.active else "text_faint"))
            painter.drawRoundedRect(bar, 3, 3)

    def _paint_constant(self, painter: QPainter, layout: TraversalLayout, i: int) -> None:
        painter.setFont(self.font())
        painter.setPen(self._theme.colour("text_faint"))
        value = number(float(self.rows[i].values[0]))
        place = QRectF(layout.left(0), layout.top(i), layout.width - layout.left(0), layout.side)
        painter.drawText(
            place, Qt.AlignmentFlag.AlignVCenter, f"{value} for every sample: nowhere to go."
        )

    def _paint_pictures(self, painter: QPainter, layout: TraversalLayout, i: int) -> None:
        theme, row = self._theme, self.rows[i]
        pictures = self._pictures.get(row.dimension)
        fresh = row.dimension in self._fresh
        for step in range(layout.steps):
            place = QRectF(layout.left(step), layout.top(i), layout.side, layout.side)
            if pictures is None:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.colour("raised"))
                painter.drawRoundedRect(place, 3, 3)
            else:
                painter.fillRect(place, theme.colour("map"))
                painter.setOpacity(1.0 if fresh else _STALE_OPACITY)
                painter.drawImage(fitted(pictures[step], place), pictures[step])
                painter.setOpacity(1.0)
            ring = (i, step) == self._over or (self.hasFocus() and (i, step) == self.current)
            if ring:
                painter.setPen(QPen(theme.colour("accent"), 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(place, 3, 3)
        self._paint_place(painter, layout, i)

    def _paint_place(self, painter: QPainter, layout: TraversalLayout, i: int) -> None:
        """A small mark where the latent itself stands along the row."""
        row = self.rows[i]
        if self._latent is None or row.dimension >= len(self._latent):
            return
        low, high = float(row.values[0]), float(row.values[-1])
        share = (float(self._latent[row.dimension]) - low) / (high - low)
        beyond = not 0 <= share <= 1
        x = layout.x_of(min(max(share, 0.0), 1.0))
        y = layout.top(i) + layout.side + 0.5
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("warning" if beyond else "text"))
        painter.drawPolygon(
            QPolygonF([QPointF(x, y), QPointF(x - 4, y + 5), QPointF(x + 4, y + 5)])
        )

    def _picture_at(self, at: QPointF) -> tuple[int, int] | None:
        place = self.layout_now.at(at.x(), at.y())
        return None if place is None or self.rows[place[0]].constant else place

    def _hover(self, place: tuple[int, int] | None) -> None:
        if place == self._over:
            return
        self._over = place
        if place is None:
            self.viewport().unsetCursor()
            self.left_alone.emit()
        else:
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
            self.pointed.emit(self.rows[place[0]].dimension, place[1])
        self.viewport().update()

    def _choose(self, place: tuple[int, int]) -> None:
        row = self.rows[place[0]]
        if not row.constant:
            self.chosen.emit(row.dimension, float(row.values[place[1]]))

    def _bring_into_view(self, row: int) -> None:
        layout, bar = self.layout_now, self.verticalScrollBar()
        if layout.top(row) < HEAD_PX:
            bar.setValue(bar.value() - (HEAD_PX - layout.top(row)))
        elif layout.top(row) + layout.side > layout.height:
            bar.setValue(bar.value() + layout.top(row) + layout.row_height - layout.height)

    def _fit_scroll_bar(self) -> None:
        bar, layout = self.verticalScrollBar(), self.layout_now
        bar.setRange(0, layout.beyond)
        bar.setPageStep(max(1, layout.height - HEAD_PX))
        bar.setSingleStep(max(1, layout.row_height // 2))


def number(value: float) -> str:
    """With two decimals and a true minus sign."""
    return f"{value:.2f}".replace("-", "−")
