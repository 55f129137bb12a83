"""The sentence of a fault, under the character it is about."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from latentviewer.ui.theme import Theme

HEIGHT_PX = 28


class FaultLine(QWidget):
    """Begins at the character where there is room, else as far left as needed.

    Attributes:
        sentence: what is wrong.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._x = 0.0
        self.sentence = ""
        self.setFixedHeight(HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Fault in the expression")

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.update()

    def set_fault(self, sentence: str, x: float) -> None:
        """Shows the sentence from `x` pixels on."""
        self.sentence, self._x = sentence, x
        self.setAccessibleDescription(sentence)
        self.setToolTip(sentence)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, HEIGHT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        metrics = painter.fontMetrics()
        wide = metrics.horizontalAdvance(self.sentence) + 4
        left = max(0.0, min(self._x - 8, self.width() - wide))
        shown = metrics.elidedText(
            self.sentence, Qt.TextElideMode.ElideRight, round(self.width() - left)
        )
        painter.setPen(self._theme.colour("error"))
        place = QRectF(left, 0, self.width() - left, self.height())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, shown)
        painter.end()
