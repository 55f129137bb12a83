"""Samples in the order of a number, side by side: what they were and what became of them."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFont,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from latentviewer.ui.editor.ranking_layout import NAMES_PX, WORDS_PX, RankingLayout
from latentviewer.ui.preview.image_tile import fitted, small_font
from latentviewer.ui.theme import Theme

_SAMPLES_KEPT = 300
_LINE_PX = 15


class RankingStrip(QAbstractScrollArea):
    """Scrolls sideways; only samples in view are asked for.

    Attributes:
        wanted: emitted with the rows in view that have no pictures yet.
        pointed: emitted with the row under the cursor. left_alone: it is on none any more.
        chosen: emitted with a row, by click or Enter.
        rows: (m,) in their order. current: the place the keyboard is at.
    """

    wanted = Signal(list)
    pointed = Signal(int)
    left_alone = Signal()
    chosen = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.rows: NDArray[np.int64] = np.zeros(0, np.int64)
        self._values: NDArray[np.float64] = np.zeros(0)
        self._lines: tuple[str, ...] = ()
        self._label_of: Callable[[int], str] = lambda _row: ""
        self._selected: AbstractSet[int] = frozenset()
        self._pictures: OrderedDict[int, Sequence[QImage | None]] = OrderedDict()
        self.current = 0
        self._over: int | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Ranked samples")
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.viewport().setAccessibleName("Samples in their order")
        self.horizontalScrollBar().setAccessibleName("Scroll through the samples")
        self.horizontalScrollBar().valueChanged.connect(lambda _value: self.ask())

    @property
    def layout_now(self) -> RankingLayout:
        """Where everything stands now."""
        view, scrolled = self.viewport(), self.horizontalScrollBar().value()
        return RankingLayout(
            len(self.rows), len(self._lines), view.width(), view.height(), scrolled
        )

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme; differences have to be set again."""
        self._theme = theme
        self.viewport().update()

    def set_labels(self, label_of: Callable[[int], str]) -> None:
        """What a row is called."""
        self._label_of = label_of

    def set_ranks(self, rows: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Replaces the samples, (m,) each; begins at the first."""
        self.rows, self._values = rows, values
        self.current, self._over = 0, None
        self._fit_scroll_bar()
        self.horizontalScrollBar().setValue(0)
        self.ask()

    def set_lines(self, names: Sequence[str]) -> None:
        """What is shown of each sample, from top to bottom."""
        if tuple(names) != self._lines:
            self._lines = tuple(names)
            self.forget_pictures()

    def set_selected(self, rows: AbstractSet[int]) -> None:
        """Which samples are selected on the map."""
        self._selected = rows
        self.viewport().update()

    def set_pictures(self, row: int, pictures: Sequence[QImage | None]) -> None:
        """One picture for each line; None where there is none."""
        self._pictures[row] = pictures
        self._pictures.move_to_end(row)
        while len(self._pictures) > _SAMPLES_KEPT:
            self._pictures.popitem(last=False)
        self.viewport().update()

    def forget_pictures(self) -> None:
        """Asks for all of them again."""
        self._pictures.clear()
        self._fit_scroll_bar()
        self.ask()

    def ask(self) -> None:
        """Asks for what is in view and missing."""
        seen = self.rows[list(self.layout_now.seen())].tolist()
        self.wanted.emit([row for row in seen if row not in self._pictures] if self._lines else [])
        self.viewport().update()

    def column_rect(self, index: int) -> QRectF:
        """Where a sample is drawn, in the viewport."""
        layout = self.layout_now
        return QRectF(layout.left(index), 0, layout.step - 8, layout.words_top + WORDS_PX)

    def sizeHint(self) -> QSize:
        return QSize(560, 160)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 110)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_scroll_bar()
        self.ask()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.layout_now.at(event.position().x(), event.position().y()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self.layout_now.at(event.position().x(), event.position().y())
        if event.button() == Qt.MouseButton.LeftButton and at is not None:
            self.current = at
            self.chosen.emit(int(self.rows[at]))

    def wheelEvent(self, event: QWheelEvent) -> None:
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - (event.angleDelta().x() or event.angleDelta().y()))
        self._hover(self.layout_now.at(event.position().x(), event.position().y()))
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._hover(None)
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        page = max(1, len(self.layout_now.seen()) - 1)
        places = {
            Qt.Key.Key_Left: self.current - 1,
            Qt.Key.Key_Right: self.current + 1,
            Qt.Key.Key_PageUp: self.current - page,
            Qt.Key.Key_PageDown: self.current + page,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(self.rows) - 1,
        }
        place = places.get(Qt.Key(event.key()))
        if not len(self.rows):
            super().keyPressEvent(event)
        elif place is not None:
            self.current = min(max(place, 0), len(self.rows) - 1)
            self._bring_into_view(self.current)
            row = int(self.rows[self.current])
            self.setAccessibleDescription(self.words(row))
            self.pointed.emit(row)
            self.viewport().update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit(int(self.rows[self.current]))
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.viewport().update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.viewport().update()
        super().focusOutEvent(event)

    def words(self, row: int) -> str:
        """A sample in words, such as `#401 · 7`."""
        label = self._label_of(row)
        return f"#{row} · {label}" if label else f"#{row}"

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        layout = self.layout_now
        painter.setClipRect(NAMES_PX - 4, 0, layout.width, layout.height)
        for i in layout.seen():
            self._paint_sample(painter, layout, i)
        painter.setClipping(False)
        painter.setFont(small_font(self.font()))
        painter.setPen(self._theme.colour("text_dim"))
        for line, name in enumerate(self._lines):
            place = QRectF(0, layout.top(line), NAMES_PX - 8, layout.side)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, name)
        painter.end()

    def _paint_sample(self, painter: QPainter, layout: RankingLayout, i: int) -> None:
        theme, row = self._theme, int(self.rows[i])
        wide = layout.step - 8
        pictures = self._pictures.get(row)
        for line in range(layout.lines):
            left = layout.left(i) + (wide - layout.side) / 2
            place = QRectF(left, layout.top(line), layout.side, layout.side)
            picture = None if pictures is None else pictures[line]
            if picture is None:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.colour("raised"))
                painter.drawRoundedRect(place, 3, 3)
            else:
                painter.fillRect(place, theme.colour("map"))
                painter.drawImage(fitted(picture, place), picture)
        at_keyboard = self.hasFocus() and i == self.current
        if row in self._selected or i == self._over or at_keyboard:
            around = QRectF(layout.left(i), 0, wide, layout.words_top - 2)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            chosen = row in self._selected and i != self._over and not at_keyboard
            painter.setPen(QPen(theme.colour("selection_ring" if chosen else "accent"), 2))
            painter.drawRoundedRect(around.adjusted(1, 1, -1, -1), 4, 4)
        font = small_font(self.font(), QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(theme.colour("text"))
        middle = Qt.AlignmentFlag.AlignCenter
        line_at = QRectF(layout.left(i) - 4, layout.words_top, wide + 8, _LINE_PX)
        painter.drawText(line_at, middle, value_text(float(self._values[i])))
        painter.setFont(small_font(self.font(), QFont.Weight.Normal))
        painter.setPen(theme.colour("text_dim"))
        label = self._label_of(row) or f"#{row}"
        metrics = painter.fontMetrics()
        shown = metrics.elidedText(label, Qt.TextElideMode.ElideRight, int(line_at.width()))
        painter.drawText(line_at.translated(0, _LINE_PX - 1), middle, shown)

    def _hover(self, index: int | None) -> None:
        if index == self._over:
            return
        self._over = index
        if index is None:
            self.viewport().unsetCursor()
            self.left_alone.emit()
        else:
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
            self.pointed.emit(int(self.rows[index]))
        self.viewport().update()

    def _bring_into_view(self, index: int) -> None:
        layout, bar = self.layout_now, self.horizontalScrollBar()
        if layout.left(index) < NAMES_PX:
            bar.setValue(bar.value() + layout.left(index) - NAMES_PX)
        elif layout.left(index) + layout.step > layout.width:
            bar.setValue(bar.value() + layout.left(index) + layout.step - layout.width)

    def _fit_scroll_bar(self) -> None:
        bar, layout = self.horizontalScrollBar(), self.layout_now
        bar.setRange(0, layout.beyond)
        bar.setPageStep(max(1, layout.width - NAMES_PX))
        bar.setSingleStep(layout.step)


def value_text(value: float) -> str:
    """Three significant digits, with a true minus sign."""
    text = f"{value:#.3g}" if abs(value) < 1e4 else f"{value:.2e}"
    return text.removesuffix(".").replace("-", "−").replace("inf", "∞")
