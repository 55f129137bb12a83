"""One line over a tab's content: what it is of at the left, figures at the right."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from latentviewer.ui.theme import Theme

_HEIGHT_PX = 26
_GAP_PX = 16


class CaptionLine(QWidget):
    """Painted, so that its words never ask for more width than there is.

    Attributes:
        left, right: the two texts; the left one is shortened first.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.left, self.right = "", ""
        self._role = "text_dim"
        self.setFixedHeight(_HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Caption")

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.update()

    def set_texts(self, left: str, right: str, tip: str = "", role: str = "text_dim") -> None:
        """Both texts, what more there is to say, and the colour of the right one."""
        self.left, self.right, self._role = left, right, role
        self.setToolTip(tip)
        self.setAccessibleDescription(f"{left}. {right}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, _HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(100, _HEIGHT_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        metrics, whole = painter.fontMetrics(), QRectF(self.rect())
        elide = Qt.TextElideMode.ElideRight
        right = metrics.elidedText(self.right, elide, self.width())
        room = self.width() - metrics.horizontalAdvance(right) - _GAP_PX
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(self._theme.colour("text"))
        if room > 0:
            left = metrics.elidedText(self.left, elide, room)
            painter.drawText(whole, int(middle | Qt.AlignmentFlag.AlignLeft), left)
        painter.setPen(self._theme.colour(self._role))
        painter.drawText(whole, int(middle | Qt.AlignmentFlag.AlignRight), right)
        painter.end()
