"""The waypoints of a path as chips in order."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import (
    QFocusEvent,
    QFont,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from latentviewer.ui.icons import pixmap
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.preview.image_tile import small_font
from latentviewer.ui.theme import Theme

_HEIGHT_PX = 30
_CHIP_PX = 26
_GAP_PX = 6
_NUMBER_PX = 24
_CLOSE_PX = 24
_LONGEST_LABEL_PX = 150
_DRAG_STARTS_PX = 6

_TIP = "Drag to reorder, or Ctrl+Left and Ctrl+Right with the keyboard; Delete removes the waypoint"


class WaypointChips(QWidget):
    """Drag or Ctrl+arrow moves a waypoint, x or Delete removes it.

    Attributes:
        labels: of the waypoints, in order.
        current: the chip chosen by keyboard or click.
    """

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dispatch, self._theme = dispatch, theme
        self.labels: tuple[str, ...] = ()
        self.current = 0
        self._places: list[QRectF] = []
        self._scrolled = 0.0
        self._pressed: tuple[int, float] | None = None
        self._target: int | None = None
        self._over: int | None = None
        self.setFixedHeight(_HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Waypoints")
        self.setAccessibleDescription(_TIP)

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.update()

    def set_labels(self, labels: Sequence[str]) -> None:
        """What each waypoint is called."""
        grown = len(labels) > len(self.labels)
        self.labels = tuple(labels)
        self.current = min(self.current, max(0, len(self.labels) - 1))
        self._pressed, self._target, self._over = None, None, None
        self._lay_out()
        if grown:
            self._show(len(self.labels) - 1)

    def chip_rect(self, index: int) -> QRectF:
        """Where a chip is drawn."""
        return self._places[index].translated(-self._scrolled, 0)

    def close_rect(self, index: int) -> QRectF:
        """Where its x is drawn."""
        chip = self.chip_rect(index)
        return QRectF(chip.right() - _CLOSE_PX, chip.top(), _CLOSE_PX, chip.height())

    def sizeHint(self) -> QSize:
        return QSize(300, _HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, _HEIGHT_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._scroll_to(self._scrolled)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self._chip_at(event.position().x())
        if event.button() == Qt.MouseButton.LeftButton and at is not None:
            self.current = at
            self._pressed = (at, event.position().x())
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        over = self._chip_at(x)
        if over != self._over:
            self._over = over
            self.update()
        if self._pressed is not None:
            index, start = self._pressed
            if self._target is not None or abs(x - start) >= _DRAG_STARTS_PX:
                self._target = self._target_at(x, index)
                self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, target = self._pressed, self._target
        self._pressed = self._target = None
        self.update()
        if pressed is None:
            return
        index = pressed[0]
        if target is not None:
            if target != index:
                self._move(index, target)
        elif self.close_rect(index).contains(event.position()):
            self._dispatch("path.remove", index=index)

    def leaveEvent(self, event: QEvent) -> None:
        self._over = None
        self.update()
        super().leaveEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta().x() or event.angleDelta().y()
        self._scroll_to(self._scrolled - delta / 2)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if not self.labels:
            super().keyPressEvent(event)
        elif step is not None:
            to = self.current + step
            if not 0 <= to < len(self.labels):
                return
            if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self._move(self.current, to)
            else:
                self.current = to
                self._show(to)
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._dispatch("path.remove", index=self.current)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            at = self._chip_at(event.pos().x())
            text = "" if at is None else f"{at + 1}: {self.labels[at]}\n{_TIP}"
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusOutEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for i in range(len(self.labels)):
            self._paint_chip(painter, i)
        if self._pressed is not None and self._target is not None:
            chip = self.chip_rect(self._target)
            before = self._target <= self._pressed[0]
            x = chip.left() - _GAP_PX / 2 if before else chip.right() + _GAP_PX / 2
            painter.setPen(QPen(self._theme.colour("accent"), 2))
            painter.drawLine(round(x), 2, round(x), _HEIGHT_PX - 2)
        painter.end()

    def _paint_chip(self, painter: QPainter, i: int) -> None:
        theme, chip = self._theme, self.chip_rect(i)
        if chip.right() < 0 or chip.left() > self.width():
            return
        dragged = self._target is not None and self._pressed is not None and i == self._pressed[0]
        painter.setOpacity(0.45 if dragged else 1.0)
        painter.setBrush(theme.colour("hover" if i == self._over else "raised"))
        focused = self.hasFocus() and i == self.current
        painter.setPen(theme.colour("accent" if focused else "border"))
        painter.drawRoundedRect(chip.adjusted(0.5, 0.5, -0.5, -0.5), 13, 13)
        badge = QRectF(chip.left() + 5, chip.top() + 5, 16, 16)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("accent"))
        painter.drawEllipse(badge)
        painter.setFont(small_font(self.font(), QFont.Weight.DemiBold))
        painter.setPen(theme.colour("accent_text"))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, str(i + 1))
        painter.setFont(self.font())
        painter.setPen(theme.colour("text"))
        words = chip.adjusted(_NUMBER_PX + 2, 0, -_CLOSE_PX, 0)
        shown = painter.fontMetrics().elidedText(
            self.labels[i], Qt.TextElideMode.ElideRight, int(words.width()) + 1
        )
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, shown)
        mark = pixmap("x", theme, 12, "text" if i == self._over else "text_faint")
        close = self.close_rect(i)
        painter.drawPixmap(QRectF(close.left() + 5, close.center().y() - 6, 12, 12).toRect(), mark)
        painter.setOpacity(1.0)

    def _lay_out(self) -> None:
        metrics = self.fontMetrics()
        self._places, x = [], 0.0
        for label in self.labels:
            words = min(metrics.horizontalAdvance(label) + 2, _LONGEST_LABEL_PX)
            width = _NUMBER_PX + 2 + words + _CLOSE_PX
            self._places.append(QRectF(x, (_HEIGHT_PX - _CHIP_PX) / 2, width, _CHIP_PX))
            x += width + _GAP_PX
        self._scroll_to(self._scrolled)

    def _scroll_to(self, wanted: float) -> None:
        whole = self._places[-1].right() if self._places else 0.0
        self._scrolled = min(max(wanted, 0.0), max(0.0, whole - self.width()))
        self.update()

    def _show(self, index: int) -> None:
        if self._places:
            chip = self.chip_rect(index)
            if chip.left() < 0:
                self._scroll_to(self._scrolled + chip.left())
            elif chip.right() > self.width():
                self._scroll_to(self._scrolled + chip.right() - self.width())
        self.update()

    def _chip_at(self, x: float) -> int | None:
        for i in range(len(self.labels)):
            chip = self.chip_rect(i)
            if chip.left() <= x < chip.right():
                return i
        return None

    def _target_at(self, x: float, dragged: int) -> int:
        """Where the dragged chip would stand: as many before it as have their middle left of x."""
        before = sum(
            1
            for i in range(len(self.labels))
            if i != dragged and self.chip_rect(i).center().x() < x
        )
        return min(before, len(self.labels) - 1)

    def _move(self, index: int, to: int) -> None:
        self.current = to
        self._dispatch("path.move", index=index, to=to)
