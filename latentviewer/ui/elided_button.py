"""A flat row to click whose text gives way to the room there is."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

_PADDING_PX = 20
_LEAST_PX = 40


class ElidedButton(QPushButton):
    """Never asks for more width than it is given: a long name is shortened in its middle.

    Attributes:
        full_text: the whole of it.
    """

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.full_text = text
        self.setProperty("role", "flat")
        self.setStyleSheet("text-align: left; padding: 5px 8px;")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._elide()

    def sizeHint(self) -> QSize:
        wide = self.fontMetrics().horizontalAdvance(self.full_text) + _PADDING_PX
        return QSize(wide, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        shown = self.fontMetrics().elidedText(
            self.full_text, Qt.TextElideMode.ElideMiddle, max(self.width() - _PADDING_PX, 0)
        )
        # An ampersand would become a mnemonic.
        shown = shown.replace("&", "&&")
        if shown != self.text():
            self.setText(shown)
