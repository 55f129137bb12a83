"""What the colours of the small map mean, in as little room as will do."""

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from latentviewer.app.colouring import CategoryLegend, NumberLegend
from latentviewer.ui.theme import Theme

_LINE_PX, _EDGE_PX, _SWATCH_PX = 15, 8, 8
_WIDEST_PX, _NARROWEST_MAP_PX = 92, 230
_CAPTION_PX = 20
_RAMP_PX = 10


class Key:
    """A column of swatches and names at the right edge, or a ramp with its ends.

    Attributes:
        legend: of the main map's kind, or None. theme: the window's.
    """

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.legend: CategoryLegend | NumberLegend | None = None

    def width(self, map_width: int, map_height: int) -> int:
        """Pixels at the right edge that it takes; 0 where the map is too small for it."""
        if self.legend is None or map_width < _NARROWEST_MAP_PX:
            return 0
        return round(_SWATCH_PX + 6 + self._text_width(map_height)) + 2 * _EDGE_PX

    def lines(self, map_height: int) -> list[str]:
        """The names that have room; a last line tells how many more there are."""
        if not isinstance(self.legend, CategoryLegend):
            return []
        names = [name or "no label" for name in self.legend.names]
        room = max(1, int((map_height - _CAPTION_PX - _EDGE_PX) // _LINE_PX) - 1)
        if len(names) <= room:
            return names
        return [*names[: room - 1], f"{len(names) - room + 1} more"]

    def paint(self, painter: QPainter, map_width: int, map_height: int) -> None:
        """Paints it at the right edge."""
        width = self.width(map_width, map_height)
        if not width or self.legend is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = _font(painter.font())
        left = map_width - width + _EDGE_PX
        title = QRectF(left, _EDGE_PX - 2, width - 2 * _EDGE_PX, _LINE_PX)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(self.theme.colour("text_dim"))
        self._write(painter, title, self.legend.title)
        font.setBold(False)
        painter.setFont(font)
        if isinstance(self.legend, CategoryLegend):
            self._paint_names(painter, title, map_height)
        else:
            self._paint_ramp(painter, title, map_height)
        painter.restore()

    def _paint_names(self, painter: QPainter, title: QRectF, map_height: int) -> None:
        assert isinstance(self.legend, CategoryLegend)
        lines = self.lines(map_height)
        named = min(len(lines), len(self.legend.names))
        if len(lines) < len(self.legend.names):
            named = len(lines) - 1
        for number, name in enumerate(lines):
            line = title.translated(0, (number + 1) * _LINE_PX)
            swatched = number < named
            if swatched:
                red, green, blue = (int(v) for v in self.legend.colours[number])
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(red, green, blue))
                middle = line.center().y()
                painter.drawEllipse(
                    QRectF(line.left(), middle - _SWATCH_PX / 2, _SWATCH_PX, _SWATCH_PX)
                )
            painter.setPen(self.theme.colour("text" if swatched else "text_dim"))
            self._write(painter, line.adjusted(_SWATCH_PX + 6, 0, 0, 0), name)

    def _paint_ramp(self, painter: QPainter, title: QRectF, map_height: int) -> None:
        assert isinstance(self.legend, NumberLegend)
        if not np.isfinite(self.legend.low):
            self._write(painter, title.translated(0, _LINE_PX), "no value")
            return
        height = min(110.0, map_height - title.bottom() - _CAPTION_PX - _EDGE_PX)
        ramp = np.ascontiguousarray(self.legend.colours[::-1][:, None])
        image = QImage(ramp.data, 1, len(ramp), 3, QImage.Format.Format_RGB888).copy()
        bar = QRectF(title.left(), title.bottom() + 5, _RAMP_PX, max(20.0, height))
        painter.drawImage(bar, image)
        painter.setPen(self.theme.colour("text"))
        words = QRectF(bar.right() + 6, bar.top() - 3, title.width() - _RAMP_PX - 6, _LINE_PX)
        self._write(painter, words, f"{self.legend.high:.3g}")
        words.moveBottom(bar.bottom() + 3)
        self._write(painter, words, f"{self.legend.low:.3g}")

    def _text_width(self, map_height: int) -> float:
        metrics = QFontMetricsF(_font(QFont()))
        words = [self.legend.title if self.legend is not None else ""]
        if isinstance(self.legend, CategoryLegend):
            words += self.lines(map_height)
        else:
            words.append("-0.0000")
        return min(max(metrics.horizontalAdvance(word) for word in words) + 4, _WIDEST_PX)

    @staticmethod
    def _write(painter: QPainter, place: QRectF, text: str) -> None:
        shown = painter.fontMetrics().elidedText(
            text, Qt.TextElideMode.ElideRight, round(place.width())
        )
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, shown)


def _font(base: QFont) -> QFont:
    font = QFont(base)
    font.setPixelSize(11)
    return font
