"""The preview before anything was pointed at."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from latentviewer.ui.icons import pixmap
from latentviewer.ui.theme import Theme

_SENTENCE = "Move the mouse over the map."
_DECODES = "The decoder draws what lies under the cursor."
_LOADING = "Loading the model…"


class EmptyPreview(QWidget):
    """An outline of the picture to come and what to do."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.sentence = f"{_SENTENCE} {_DECODES}"
        self._more = _DECODES
        self.setAccessibleName(self.sentence)

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.update()

    def set_why_not(self, decoder: str, loading: bool = False) -> None:
        """Says plainly where nothing will be decoded, and why, or not yet."""
        self._more = _LOADING if loading else decoder or _DECODES
        self.sentence = f"{_SENTENCE} {self._more}"
        self.setAccessibleName(self.sentence)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, 400)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = min(self.width() - 28.0, 216.0)
        frame = QRectF((self.width() - side) / 2, 64, side, side)
        pen = QPen(theme.colour("border"), 1.5, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(theme.colour("map"))
        painter.drawRoundedRect(frame, 8, 8)
        mark = pixmap("chart-scatter", theme, 44, "text_faint")
        painter.drawPixmap(
            QRectF(frame.center().x() - 22, frame.center().y() - 22, 44, 44).toRect(), mark
        )
        font = QFont(self.font())
        font.setPixelSize(15)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(theme.colour("text"))
        line = QRectF(14, frame.bottom() + 20, self.width() - 28, 24)
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, _SENTENCE)
        painter.setFont(self.font())
        painter.setPen(theme.colour("text_dim"))
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
        below = QRectF(28, line.bottom() + 6, self.width() - 56, 60)
        painter.drawText(below, int(flags), self._more)
        painter.end()
