"""What stays the same behind what changes with every answer, painted once."""

import math
from collections.abc import Callable, Hashable

from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QWidget


class Backdrop:
    """Keeps one picture of a widget's size, and makes it anew when its key changes."""

    def __init__(self) -> None:
        self._key: Hashable = None
        self._picture = QPixmap()

    def paint(
        self,
        painter: QPainter,
        widget: QWidget,
        key: Hashable,
        draw: Callable[[QPainter], None],
    ) -> None:
        """Puts the picture on the widget; `draw` paints all of it where `key` is new."""
        ratio = widget.devicePixelRatioF()
        whole = (widget.width(), widget.height(), ratio, key)
        if whole != self._key:
            made = QPixmap(
                max(1, math.ceil(widget.width() * ratio)),
                max(1, math.ceil(widget.height() * ratio)),
            )
            made.setDevicePixelRatio(ratio)
            inner = QPainter(made)
            inner.setFont(widget.font())
            inner.setRenderHint(QPainter.RenderHint.Antialiasing)
            draw(inner)
            inner.end()
            self._key, self._picture = whole, made
        painter.drawPixmap(0, 0, self._picture)
