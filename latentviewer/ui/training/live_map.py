"""A small map of the watched samples that moves from picture to picture."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QEasingCurve, QRectF, QSize, Qt, QVariantAnimation
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from latentviewer.app.colouring import Colouring
from latentviewer.domain.ports import Rasteriser
from latentviewer.ui.map.camera import Camera, Points
from latentviewer.ui.map.scene import Scene
from latentviewer.ui.theme import Theme
from latentviewer.ui.training.key import Key

_RADIUS = 2.5
_BIG_RADIUS, _BIG_UP_TO = 3.0, 600


class LiveMap(QWidget):
    """Points glide from where they are to where the newest picture has them.

    Attributes:
        animations_enabled: whether they glide, or are there at once.
        scene: what is drawn.
    """

    def __init__(self, rasteriser: Rasteriser, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Map of the watched samples")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(150, 90)
        self.animations_enabled = True
        self.scene = Scene(rasteriser)
        self._theme = theme
        self._camera = Camera(2, (0.0, 0.0), 1.0)
        self._key = Key(theme)
        self._image: QImage | None = None
        self._empty_text, self._caption = "", ""
        self._ends: tuple[tuple[Points, Camera], tuple[Points, Camera]] | None = None
        self._glide = QVariantAnimation(self)
        self._glide.setEasingCurve(QEasingCurve.Type.InOutSine)
        self._glide.setStartValue(0.0)
        self._glide.setEndValue(1.0)
        self._glide.valueChanged.connect(self._on_share)

    def set_rasteriser(self, rasteriser: Rasteriser) -> None:
        """Another rasteriser of the same pictures."""
        self.scene.set_rasteriser(rasteriser)
        self._redraw()

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = self._key.theme = theme
        self._redraw()

    def set_colouring(self, colouring: Colouring) -> None:
        """Colours of the points, and what they mean."""
        self.scene.set_colours(colouring.codes, colouring.palette)
        self._key.legend = colouring.legend
        self._refit()

    def set_empty_text(self, text: str) -> None:
        """What stands in the middle before the first picture."""
        self._empty_text = text
        self.update()

    def set_caption(self, text: str) -> None:
        """What is shown, in the lower left corner."""
        self._caption = text
        self.setAccessibleDescription(text)
        self.update()

    def stop(self) -> None:
        """Is at once where it was going."""
        self._glide.stop()
        self._on_share(1.0)

    def clear(self) -> None:
        """Without a picture again."""
        self._glide.stop()
        self._ends = None
        self.scene.set_points(None)
        self._redraw()

    def show_points(self, coordinates: Points, glide_ms: int = 0) -> None:
        """The watched samples (n, 2); they glide there in so many milliseconds."""
        self._glide.stop()
        before = self.scene.coordinates
        same = before is not None and before.shape == coordinates.shape
        target = self._fitted(coordinates)
        if before is None or not same:
            self.scene.set_points(coordinates)
            self._ends, self._camera = None, target
            self._redraw()
            return
        self._ends = ((before, self._camera), (coordinates, target))
        if glide_ms > 0 and self.animations_enabled and self.isVisible():
            self._glide.setDuration(glide_ms)
            self._glide.start()
        else:
            self._on_share(1.0)

    @property
    def gliding(self) -> bool:
        """Whether the points are on their way."""
        return self._glide.state() == QVariantAnimation.State.Running

    @property
    def target(self) -> Points | None:
        """Where the points go, (n, 2), or are."""
        return self.scene.coordinates if self._ends is None else self._ends[1][0]

    def _on_share(self, share: float) -> None:
        if self._ends is None:
            return
        (begin, camera), (end, target) = self._ends
        if share >= 1:
            self._ends = None
            self.scene.move_points(end)
            self._camera = target
        else:
            self.scene.move_points(begin + (end - begin) * np.float32(share))
            self._camera = camera.between(target, share)
        self._redraw()

    def _fitted(self, points: Points) -> Camera:
        covered = self._key.width(self.width(), self.height())
        # The lower edge is the caption's.
        fitted = replace(self._camera).fitted(
            points, self.width(), max(20, self.height() - 16), (0.0, float(covered))
        )
        return fitted.panned(0, -6)

    def _refit(self) -> None:
        if self._ends is not None:
            (begin, camera), (end, _) = self._ends
            self._ends = ((begin, camera), (end, self._fitted(end)))
        elif self.scene.coordinates is not None:
            self._camera = self._fitted(self.scene.coordinates)
        self._redraw()

    def _redraw(self) -> None:
        self._image = None
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(360, 200)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._refit()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme
        painter = QPainter(self)
        if self._image is None:
            self._image = self._drawn()
        if self._image is None:
            painter.fillRect(self.rect(), theme.colour("map"))
            painter.setPen(theme.colour("text_dim"))
            room = self.rect().adjusted(16, 0, -16, 0)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(room, int(flags), self._empty_text)
        else:
            painter.drawImage(0, 0, self._image)
            self._key.paint(painter, self.width(), self.height())
            self._paint_caption(painter)
        painter.end()

    def _drawn(self) -> QImage | None:
        points = self.scene.coordinates
        radius = _BIG_RADIUS if points is not None and len(points) <= _BIG_UP_TO else _RADIUS
        return self.scene.draw(
            self._camera,
            self.width(),
            self.height(),
            self.devicePixelRatioF(),
            radius,
            False,
            self._theme.colour("map"),
        )

    def _paint_caption(self, painter: QPainter) -> None:
        font = painter.font()
        font.setPixelSize(11)
        painter.setFont(font)
        painter.setPen(self._theme.colour("text_dim"))
        room = QRectF(8, self.height() - 19, self.width() - 16, 16)
        text = painter.fontMetrics().elidedText(
            self._caption, Qt.TextElideMode.ElideRight, round(room.width())
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
