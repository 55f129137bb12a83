"""One picture with its name above it."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QImage, QLinearGradient, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QWidget

from latentviewer.ui.icons import pixmap
from latentviewer.ui.preview.backdrop import Backdrop
from latentviewer.ui.preview.image import (
    DIFFERENCE_RANGE,
    Pixels,
    difference_colours,
    difference_image,
    to_image,
)
from latentviewer.ui.theme import Theme

TITLE_PX = 20
LEGEND_PX = 18
_INSET_PX = 3
_FADED_OPACITY = 0.32
_LEGEND_STOPS = 9


class ImageTile(QWidget):
    """Paints a picture, or a sentence in its place. Setters only ask for a repaint.

    Attributes:
        image: the picture shown, or None.
        message: the sentence shown without a picture.
        faded: whether the picture is drawn weakly, for places far from data.
        badge: a warning drawn over the picture, or empty.
    """

    def __init__(
        self, title: str, theme: Theme, legend: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(f"{title} picture")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._title, self._theme, self._legend = title, theme, legend
        self._difference: NDArray[np.float32] | None = None
        self._backdrop = Backdrop()
        self.image: QImage | None = None
        self.message = ""
        self.faded = False
        self.badge = ""

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme; a difference gets that theme's colours."""
        self._theme = theme
        if self._difference is not None:
            self.image = difference_image(self._difference, theme.dark, enlarge=True)
        self.update()

    def set_title(self, title: str) -> None:
        """Another name above the picture."""
        if title != self._title:
            self._title = title
            self.setAccessibleName(f"{title} picture")
            self.update()

    def set_image(self, pixels: Pixels | None) -> None:
        """Shows (h, w, 1 or 3) values in 0..1 or uint8, or the message."""
        self._difference = None
        self.image = None if pixels is None else to_image(pixels, enlarge=True)
        self.update()

    def set_difference(self, difference: NDArray[np.float32] | None) -> None:
        """Shows decoded minus original, (h, w, c) in -1..1, in diverging colours."""
        self._difference = difference
        self.image = (
            None
            if difference is None
            else difference_image(difference, self._theme.dark, enlarge=True)
        )
        self.update()

    def set_message(self, sentence: str) -> None:
        """What is said where there is no picture."""
        if sentence != self.message:
            self.message = sentence
            self.setAccessibleDescription(sentence)
            self.update()

    def set_warning(self, badge: str) -> None:
        """Fades the picture and draws a badge over it; the empty text takes both away."""
        if badge != self.badge:
            self.badge, self.faded = badge, bool(badge)
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(96, 96 + TITLE_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        legend = self._legend and self.image is not None
        painter = QPainter(self)
        self._backdrop.paint(
            painter,
            self,
            (self._theme.name, legend, self._title),
            lambda inner: self._paint_still(inner, legend),
        )
        inside = self._frame().adjusted(_INSET_PX, _INSET_PX, -_INSET_PX, -_INSET_PX)
        if self.image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.setOpacity(_FADED_OPACITY if self.faded else 1.0)
            painter.drawImage(fitted(self.image, inside), self.image)
            painter.setOpacity(1.0)
        elif self.message:
            self._paint_message(painter, inside.adjusted(5, 5, -5, -5))
        if self.badge:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_badge(painter, self._frame())
        painter.end()

    def _frame(self) -> QRectF:
        below = LEGEND_PX if self._legend else 0
        return QRectF(self.rect()).adjusted(0.5, TITLE_PX + 0.5, -0.5, -0.5 - below)

    def _paint_still(self, painter: QPainter, legend: bool) -> None:
        theme = self._theme
        painter.fillRect(self.rect(), theme.colour("panel"))
        painter.setFont(small_font(self.font()))
        painter.setPen(theme.colour("text_dim"))
        line = QRectF(0, 0, self.width(), TITLE_PX - 4)
        title = painter.fontMetrics().elidedText(
            self._title, Qt.TextElideMode.ElideRight, self.width()
        )
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, title)
        painter.setPen(theme.colour("border"))
        painter.setBrush(theme.colour("map"))
        painter.drawRoundedRect(self._frame(), 5, 5)
        if legend:
            self._paint_legend(painter)

    def _paint_legend(self, painter: QPainter) -> None:
        low, high = f"−{DIFFERENCE_RANGE:g}", f"+{DIFFERENCE_RANGE:g}"
        painter.setFont(small_font(self.font(), QFont.Weight.Normal))
        painter.setPen(self._theme.colour("text_dim"))
        line = QRectF(0, self.height() - LEGEND_PX + 4, self.width(), LEGEND_PX - 4)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(line, int(middle | Qt.AlignmentFlag.AlignLeft), low)
        painter.drawText(line, int(middle | Qt.AlignmentFlag.AlignRight), high)
        words = painter.fontMetrics().horizontalAdvance(high) + 6
        bar = QRectF(words, line.center().y() - 3, self.width() - 2 * words, 6)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        colours = difference_colours(self._theme.dark)
        for stop in range(_LEGEND_STOPS):
            t = stop / (_LEGEND_STOPS - 1)
            gradient.setColorAt(t, QColor.fromRgb(int(colours[round(t * (len(colours) - 1))])))
        painter.setPen(self._theme.colour("border"))
        painter.setBrush(gradient)
        painter.drawRect(bar)

    def _paint_message(self, painter: QPainter, place: QRectF) -> None:
        font = QFont(self.font())
        font.setPixelSize(13 if place.width() > 140 else 11)
        painter.setFont(font)
        painter.setPen(self._theme.colour("text_dim"))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(place, int(flags), self.message)

    def _paint_badge(self, painter: QPainter, frame: QRectF) -> None:
        theme = self._theme
        painter.setFont(small_font(self.font()))
        width = painter.fontMetrics().horizontalAdvance(self.badge) + 34
        place = QRectF(frame.left() + 8, frame.bottom() - 32, width, 24)
        painter.setPen(theme.colour("warning"))
        painter.setBrush(theme.colour("panel"))
        painter.drawRoundedRect(place, 12, 12)
        mark: QPixmap = pixmap("circle-alert", theme, 14, "warning")
        painter.drawPixmap(QRectF(place.left() + 7, place.top() + 5, 14, 14).toRect(), mark)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(place.adjusted(25, 0, 0, 0), int(flags), self.badge)


def legend_text() -> str:
    """What the colours of a difference mean."""
    return (
        "Decoded minus original: blue is darker, orange is brighter; "
        f"the colours end at ±{DIFFERENCE_RANGE:g}"
    )


def fitted(image: QImage, place: QRectF) -> QRectF:
    """The largest rectangle of the picture's proportions in the middle of a place."""
    scale = min(place.width() / image.width(), place.height() / image.height())
    drawn = QRectF(0, 0, image.width() * scale, image.height() * scale)
    drawn.moveCenter(place.center())
    return drawn


def small_font(font: QFont, weight: QFont.Weight = QFont.Weight.Medium) -> QFont:
    """The font of names over pictures and bars."""
    made = QFont(font)
    made.setPixelSize(11)
    made.setWeight(weight)
    return made
