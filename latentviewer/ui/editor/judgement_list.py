"""How far the shown map can be trusted, one figure below the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from latentviewer.ui.theme import Theme

_ROW_PX = 20
_BAR_PX, _SHORT_BAR_PX, _WIDE_FROM_PX = 72, 24, 260
_VALUE_PX = 44
_HEAD_PX = 22


@dataclass(frozen=True)
class Figure:
    """One measure.

    Attributes:
        title: its name. tip: what it says, in a sentence or two.
        value: 0 to 1, or None where it cannot be had.
    """

    title: str
    tip: str
    value: float | None


class JudgementList(QWidget):
    """Painted; a row tells more under the cursor.

    Attributes:
        head: what was measured on, or why there is nothing. figures: what is shown.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.head = ""
        self.figures: tuple[Figure, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Map quality")

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.update()

    def set_figures(self, head: str, figures: Sequence[Figure]) -> None:
        """Shows them under a line on what they were measured on."""
        self.head, self.figures = head, tuple(figures)
        told = ", ".join(f"{f.title} {_text(f.value)}" for f in self.figures)
        self.setAccessibleDescription(f"{head}. {told}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(270, _HEAD_PX + _ROW_PX * max(1, len(self.figures)))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, _HEAD_PX)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            row = int((event.pos().y() - _HEAD_PX) // _ROW_PX)
            if 0 <= row < len(self.figures):
                QToolTip.showText(event.globalPos(), self.figures[row].tip, self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, width = self._theme, self.width()
        long = _BAR_PX if width >= _WIDE_FROM_PX else _SHORT_BAR_PX
        room, elide = width - long - _VALUE_PX - 8, Qt.TextElideMode.ElideRight
        middle = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        right = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
        painter.setPen(theme.colour("text_dim"))
        head = painter.fontMetrics().elidedText(self.head, Qt.TextElideMode.ElideRight, width)
        painter.drawText(QRectF(0, 0, width, _HEAD_PX - 2), middle, head)
        for place, figure in enumerate(self.figures):
            y = _HEAD_PX + place * _ROW_PX
            painter.setPen(theme.colour("text"))
            title = painter.fontMetrics().elidedText(figure.title, elide, room)
            painter.drawText(QRectF(0, y, room, _ROW_PX), middle, title)
            bar = QRectF(width - long - _VALUE_PX, y + _ROW_PX / 2 - 3, long, 6)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("border"))
            painter.drawRoundedRect(bar, 3, 3)
            if figure.value is not None:
                share = min(max(figure.value, 0.0), 1.0)
                painter.setBrush(theme.colour("accent"))
                painter.drawRoundedRect(
                    QRectF(bar.left(), bar.top(), max(share * bar.width(), 3), 6), 3, 3
                )
            painter.setPen(theme.colour("text" if figure.value is not None else "text_dim"))
            painter.drawText(QRectF(width - _VALUE_PX, y, _VALUE_PX, _ROW_PX), right,
                             _text(figure.value))  # fmt: skip
        painter.end()


def _text(value: float | None) -> str:
    return "\u2013" if value is None else f"{value:.3f}"
