"""What a tab says before there is anything in it."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from latentviewer.ui.icons import pixmap
from latentviewer.ui.theme import Theme

_WIDEST_PX = 460


class EmptyTab(QWidget):
    """An icon, a title and a sentence in the middle.

    Attributes:
        sentence: how to start.
    """

    def __init__(
        self, picture: str, title: str, sentence: str, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._picture, self._theme = picture, theme
        self.set_words(title, sentence)

    def set_words(self, title: str, sentence: str) -> None:
        """Says something else."""
        self._title, self.sentence = title, sentence
        self.setAccessibleName(title)
        self.setAccessibleDescription(sentence)
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme
        painter = QPainter(self)
        width = min(_WIDEST_PX, self.width() - 32)
        left = (self.width() - width) / 2
        top = max(4.0, (self.height() - 110) / 2 - 6)
        mark = pixmap(self._picture, theme, 30, "text_faint")
        painter.drawPixmap(QRectF(self.width() / 2 - 15, top, 30, 30).toRect(), mark)
        font = QFont(self.font())
        font.setPixelSize(14)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(theme.colour("text"))
        line = QRectF(left, top + 38, width, 22)
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, self._title)
        painter.setFont(self.font())
        painter.setPen(theme.colour("text_dim"))
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(QRectF(left, line.bottom() + 4, width, 44), int(flags), self.sentence)
        painter.end()
