"""A scroll area whose bar lies over its margin."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QScrollBar, QWidget

_BAR_PX = 10


class OverlayScrollArea(QScrollArea):
    """Scrolls up and down; the bar takes no width.

    Where a content's height follows its width, a bar that comes and goes with the height
    would change the width again, without end.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._over = QScrollBar(Qt.Orientation.Vertical, self)
        self._over.setAccessibleName("Scroll")
        self._over.hide()
        inner = self.verticalScrollBar()
        inner.rangeChanged.connect(self._on_range)
        inner.valueChanged.connect(self._over.setValue)
        self._over.valueChanged.connect(inner.setValue)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._over.setGeometry(self.width() - _BAR_PX - 1, 0, _BAR_PX, self.height())
        self._over.setPageStep(self.verticalScrollBar().pageStep())

    def _on_range(self, low: int, high: int) -> None:
        self._over.setRange(low, high)
        self._over.setPageStep(self.verticalScrollBar().pageStep())
        self._over.setVisible(high > low)
        self._over.raise_()
