"""The latent as bars that can be dragged."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy, QToolTip, QWidget

from latentviewer.domain.space import Latents
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.preview.backdrop import Backdrop
from latentviewer.ui.preview.bar_scale import BarScale, half_range_of, left_of, pitch_of
from latentviewer.ui.preview.image_tile import small_font
from latentviewer.ui.theme import Theme

_HEIGHT_PX = 122
_SCROLL_BAR_PX = 10
_NUMBERS_PX = 15
_PAD_PX = 4
_DRAG_STARTS_PX = 3
_STEPS_PER_RANGE = 40
_FINE = 0.1
_EDITED_BEYOND = 1e-6
_WHISKERS_FROM_PX = 7
_WIDEST_BAR_PX = 26.0


class LatentBars(QAbstractScrollArea):
    """Drag sets a bar, double-click resets it, wheel and arrow keys adjust the current one.

    The wheel only adjusts where the bars have the focus, so that scrolling the panel never
    changes a latent.

    Attributes:
        values: (d,) what is shown, with the user's change before its answer arrived.
        base: (d,) what edits started from, or None.
        current: the chosen dimension.
    """

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dispatch, self._theme = dispatch, theme
        self.values: Latents = np.zeros(0, np.float32)
        self.base: Latents | None = None
        self._std: Latents | None = None
        self._low: Latents | None = None
        self._high: Latents | None = None
        self._half_range = half_range_of(None, None, None)
        self._ranges_set = 0
        self._names: tuple[str, ...] = ()
        self._backdrop = Backdrop()
        self.current = 0
        self._over: int | None = None
        self._pressed: QPointF | None = None
        self._dragging = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFixedHeight(_HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Latent bars")
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.viewport().setAccessibleName("Bars of the latent")

    @property
    def scale(self) -> BarScale:
        """Where everything stands now."""
        width = float(self.viewport().width())
        pitch = pitch_of(len(self.values), width)
        scrolled = self.horizontalScrollBar().value()
        return BarScale(
            len(self.values),
            self._half_range,
            left_of(len(self.values), width) - float(scrolled),
            pitch,
            _PAD_PX + 1.0,
            _HEIGHT_PX - _NUMBERS_PX - float(_PAD_PX),
        )

    @property
    def edited(self) -> NDArray[np.bool_]:
        """(d,) which values differ from the base."""
        if self.base is None or len(self.base) != len(self.values):
            return np.zeros(len(self.values), np.bool_)
        return np.asarray(np.abs(self.values - self.base) > _EDITED_BEYOND)

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.viewport().update()

    def set_ranges(self, low: Latents, high: Latents) -> None:
        """The typical range of the data, (d,) each; it also fixes the scale."""
        self._low, self._high = low, high
        self._ranges_set += 1
        self._half_range = half_range_of(low, high, None)
        self.viewport().update()

    def set_names(self, names: Sequence[str]) -> None:
        """What the dimensions are called, (d,); empty for their numbers."""
        self._names = tuple(names)
        self._ranges_set += 1
        self.viewport().update()

    def set_latent(self, values: Latents, std: Latents | None, base: Latents | None) -> None:
        """Shows (d,) values with the posterior's standard deviation and what they were."""
        changed = len(values) != len(self.values)
        shown = np.array(values, np.float32)
        if self._dragging and not changed:
            # An answer to an earlier place of the cursor must not pull the bar back.
            shown[self.current] = self.values[self.current]
        self.values, self._std, self.base = shown, std, base
        if changed:
            self.current, self._pressed, self._dragging, self._over = 0, None, False, None
            if self._low is None or len(self._low) != len(shown):
                self._low = self._high = None
                self._ranges_set += 1
                self._half_range = half_range_of(None, None, shown)
            self._fit_scroll_bar()
        self.viewport().update()

    def readout(self, index: int | None = None) -> str:
        """A dimension in words, such as `z 7 = 1.23 ± 0.4`, or `car 0.93` where it has a name."""
        at = self.current if index is None else index
        if not 0 <= at < len(self.values):
            return ""
        value = f"{self.values[at]:.2f}".replace("-", "−")
        named = len(self._names) == len(self.values)
        text = f"{self._names[at]} {value}" if named else f"z {at} = {value}"
        if self._std is not None and at < len(self._std):
            text += f" ± {self._std[at]:.2g}"
        return text

    def sizeHint(self) -> QSize:
        return QSize(280, _HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, _HEIGHT_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_scroll_bar()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = self.scale.index(event.position().x())
        if event.button() != Qt.MouseButton.LeftButton or at is None:
            return
        self._choose(at)
        self._pressed, self._dragging = event.position(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = event.position()
        if self._pressed is None:
            self._hover(self.scale.index(place.x()))
            return
        if not self._dragging and abs(place.y() - self._pressed.y()) < _DRAG_STARTS_PX:
            return
        self._dragging = True
        self._set(self.current, self.scale.value(place.y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed, self._dragging = None, False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = self.scale.index(event.position().x())
        if at is not None:
            self._choose(at)
            self._reset(at)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)
        super().leaveEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        sideways = event.angleDelta().x()
        if sideways or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - (sideways or event.angleDelta().y()) // 2)
            event.accept()
            return
        at = self.scale.index(event.position().x())
        if not self.hasFocus() or at is None:
            event.ignore()
            return
        self._choose(at)
        self._nudge(event.angleDelta().y() / 120 * _FINE)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        fine = _FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        moves = {
            Qt.Key.Key_Left: self.current - 1,
            Qt.Key.Key_Right: self.current + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(self.values) - 1,
        }
        if not len(self.values):
            super().keyPressEvent(event)
        elif key in moves:
            self._choose(min(max(moves[key], 0), len(self.values) - 1))
        elif key == Qt.Key.Key_Up:
            self._nudge(fine)
        elif key == Qt.Key.Key_Down:
            self._nudge(-fine)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._reset(self.current)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.viewport().update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.viewport().update()
        super().focusOutEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            at = self.scale.index(event.pos().x())
            text = "" if at is None else self.readout(at)
            QToolTip.showText(event.globalPos(), text, self.viewport())
            return True
        if event.type() == QEvent.Type.Leave:
            self._hover(None)
        return super().viewportEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, scale = self._theme, self.scale
        painter = QPainter(self.viewport())
        width = self.viewport().width()
        key = (theme.name, scale, self._ranges_set, self._marked(), self.hasFocus())
        self._backdrop.paint(
            painter, self.viewport(), key, lambda inner: self._paint_still(inner, scale, width)
        )
        edited = self.edited
        bar_width = max(2.0, min(scale.pitch * 0.62, _WIDEST_BAR_PX))
        plain, accent = theme.colour("text_faint"), theme.colour("accent")
        whisker = theme.colour("text")
        whiskers = self._std if scale.pitch >= _WHISKERS_FROM_PX else None
        for i in scale.between(0, width):
            x, tip = scale.x(i), scale.y(float(self.values[i]))
            colour = accent if edited[i] else plain
            top, bottom = min(tip, scale.zero), max(tip, scale.zero)
            bar = QRectF(x - bar_width / 2, top, bar_width, max(bottom - top, 1.0))
            painter.fillRect(bar, colour)
            if abs(self.values[i]) > scale.half_range:
                painter.fillRect(
                    QRectF(x - bar_width / 2 - 1, tip - 1, bar_width + 2, 2),
                    theme.colour("warning"),
                )
            if whiskers is not None and i < len(whiskers):
                value, std = float(self.values[i]), float(whiskers[i])
                painter.setPen(whisker)
                high, low = scale.y(value + std), scale.y(value - std)
                painter.drawLine(QPointF(x, high), QPointF(x, low))
        self._paint_readout(painter, width)
        painter.end()

    def _paint_still(self, painter: QPainter, scale: BarScale, width: int) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.fillRect(self.viewport().rect(), self._theme.colour("panel"))
        self._paint_ground(painter, scale, width)
        self._paint_numbers(painter, scale, width)

    def _paint_readout(self, painter: QPainter, width: int) -> None:
        """The marked dimension in words, in the corner it is not in."""
        marked = self._marked()
        if marked is None:
            return
        text = self.readout(marked)
        taken = painter.fontMetrics().horizontalAdvance(text) + 12
        left = 1.0 if self.scale.x(marked) > width / 2 else width - taken - 1.0
        place = QRectF(left, 1, taken, 18)
        painter.fillRect(place, self._theme.colour("raised"))
        painter.setPen(self._theme.colour("text"))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    def _marked(self) -> int | None:
        chosen = self.current if self.hasFocus() or self._dragging else self._over
        return chosen if chosen is not None and chosen < len(self.values) else None

    def _paint_ground(self, painter: QPainter, scale: BarScale, width: int) -> None:
        theme = self._theme
        left = max(0.0, scale.left) if scale.count else 0.0
        ground = QRectF(left, 0, width - 2 * left, scale.bottom + _PAD_PX)
        painter.fillRect(ground, theme.colour("map"))
        marked = self._marked()
        if marked is not None:
            column = QRectF(scale.x(marked) - scale.pitch / 2, 0, scale.pitch, ground.height())
            painter.fillRect(column, theme.colour("hover"))
        ranges_fit = self._low is not None and len(self._low) == scale.count
        if ranges_fit and self._low is not None and self._high is not None:
            band = QColor(theme.colour("accent"))
            band.setAlphaF(0.11)
            for i in scale.between(0, width):
                top, bottom = scale.y(float(self._high[i])), scale.y(float(self._low[i]))
                side = max(scale.pitch - 2, 1)
                painter.fillRect(QRectF(scale.x(i) - side / 2, top, side, bottom - top), band)
        painter.setPen(theme.colour("text_faint"))
        painter.drawLine(
            QPointF(ground.left(), scale.zero), QPointF(ground.right() - 1, scale.zero)
        )
        painter.setPen(theme.colour("accent" if self.hasFocus() else "border"))
        painter.drawRect(ground.adjusted(0, 0, -1, -1))

    def _paint_numbers(self, painter: QPainter, scale: BarScale, width: int) -> None:
        painter.setFont(small_font(self.font()))
        painter.setPen(self._theme.colour("text_faint"))
        metrics = painter.fontMetrics()
        if len(self._names) == scale.count:
            for i in scale.between(0, width):
                place = QRectF(
                    scale.x(i) - scale.pitch / 2, scale.bottom + _PAD_PX + 1, scale.pitch,
                    _NUMBERS_PX,
                )  # fmt: skip
                name = metrics.elidedText(
                    self._names[i], Qt.TextElideMode.ElideRight, int(scale.pitch) - 2
                )
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, name)
            return
        widest = metrics.horizontalAdvance(str(max(scale.count - 1, 0))) + 6
        steps = (1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128)
        every = next((step for step in steps if step * scale.pitch >= widest), steps[-1])
        for i in scale.between(0, width):
            if i % every == 0:
                middle = min(max(scale.x(i), widest / 2 - 2), width - widest / 2 + 2)
                place = QRectF(middle - 20, scale.bottom + _PAD_PX + 1, 40, _NUMBERS_PX)
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, str(i))

    def _fit_scroll_bar(self) -> None:
        width = self.viewport().width()
        whole = round(pitch_of(len(self.values), width) * len(self.values))
        beyond = max(0, whole - width)
        self.setFixedHeight(_HEIGHT_PX + (_SCROLL_BAR_PX if beyond else 0))
        bar = self.horizontalScrollBar()
        bar.setPageStep(width)
        bar.setSingleStep(24)
        bar.setRange(0, beyond)

    def _choose(self, index: int) -> None:
        self.current = index
        scale, bar = self.scale, self.horizontalScrollBar()
        left = scale.x(index) - scale.pitch / 2
        if left < 0:
            bar.setValue(bar.value() + int(left) - 1)
        elif left + scale.pitch > self.viewport().width():
            bar.setValue(bar.value() + int(left + scale.pitch - self.viewport().width()) + 1)
        self.setAccessibleDescription(self.readout())
        self.viewport().update()

    def _hover(self, index: int | None) -> None:
        if index != self._over:
            self._over = index
            self.viewport().update()

    def _nudge(self, steps: float) -> None:
        if len(self.values):
            step = self._half_range * 2 / _STEPS_PER_RANGE
            self._set(self.current, float(self.values[self.current]) + steps * step)

    def _reset(self, index: int) -> None:
        if self.base is not None and len(self.base) == len(self.values):
            self._set(index, float(self.base[index]))

    def _set(self, index: int, value: float) -> None:
        if self.base is None:
            self.base = self.values.copy()
        self.values[index] = value
        self.setAccessibleDescription(self.readout())
        self.viewport().update()
        self._dispatch("preview.set_dimension", index=index, value=value)
