"""A card with a picture and two lines, for samples."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPixmap,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from latentviewer.ui.theme import Theme

_SMALL_PX, _PAD = 48, 6


class SampleCard(QWidget):
    """Click, Enter or Space chooses it.

    Attributes:
        chosen: emitted when the user picks it.
    """

    chosen = Signal()

    def __init__(
        self,
        title: str,
        text: str,
        picture: QPixmap | None,
        theme: Theme,
        large: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._title, self._text, self._picture = title, text, picture
        self._theme, self._large, self._over = theme, large, False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(f"Open sample {title}")
        self.setAccessibleDescription(text)
        self.setToolTip(text)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        if large:
            self.setFixedSize(self.sizeHint())
        else:
            self.setFixedHeight(_SMALL_PX)
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, 258) if self._large else QSize(200, _SMALL_PX)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusOutEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        theme, frame = self._theme, QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setBrush(theme.colour("hover" if self.underMouse() else "raised"))
        painter.setPen(theme.colour("accent" if self.hasFocus() else "border"))
        painter.drawRoundedRect(frame, 8, 8)
        if self._large:
            picture = QRectF(1, 1, self.width() - 2, 168)
            text_at = QRectF(14, 178, self.width() - 28, 22)
            more_at = QRectF(14, 201, self.width() - 28, 44)
        else:
            side = _SMALL_PX - 2 * _PAD
            picture = QRectF(_PAD, _PAD, side, side)
            left = side + 2 * _PAD + 4
            text_at = QRectF(left, 5, self.width() - left - _PAD, 19)
            more_at = QRectF(left, 24, self.width() - left - _PAD, 18)
        self._paint_picture(painter, picture)
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(theme.colour("text"))
        metrics = painter.fontMetrics()
        title = metrics.elidedText(self._title, Qt.TextElideMode.ElideRight, int(text_at.width()))
        painter.drawText(text_at, Qt.AlignmentFlag.AlignVCenter, title)
        painter.setFont(self.font())
        painter.setPen(theme.colour("text_dim"))
        if self._large:
            painter.drawText(more_at, Qt.TextFlag.TextWordWrap, self._text)
        else:
            metrics = painter.fontMetrics()
            short = metrics.elidedText(
                self._text, Qt.TextElideMode.ElideRight, int(more_at.width())
            )
            painter.drawText(more_at, Qt.AlignmentFlag.AlignVCenter, short)
        painter.end()

    def _paint_picture(self, painter: QPainter, place: QRectF) -> None:
        clip = QPainterPath()
        clip.addRoundedRect(place, 7, 7)
        painter.save()
        painter.setClipPath(clip)
        painter.fillRect(place, self._theme.colour("map"))
        if self._picture is not None and not self._picture.isNull():
            source = self._picture.size().toSizeF()
            scale = max(place.width() / source.width(), place.height() / source.height())
            drawn = QRectF(0, 0, source.width() * scale, source.height() * scale)
            drawn.moveCenter(place.center())
            painter.drawPixmap(drawn, self._picture, QRectF(self._picture.rect()))
        painter.restore()
