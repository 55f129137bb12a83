"""A list of completions that lies over the window."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QWidget

from latentviewer.ui.theme import RADIUS, Theme

_WIDEST_PX = 340
_ROWS_SHOWN = 8
_PAD_PX = 5


class Offers(QListWidget):
    """Never takes the focus: the line that is typed in passes keys on.

    It is a child of the window and no window of its own, so that typing goes on beneath it
    on every platform.

    Attributes:
        taken: emitted with the text of a clicked offer.
    """

    taken = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setAccessibleName("Completions")
        self.itemClicked.connect(self._on_click)
        self.set_theme(theme)
        self.hide()

    @property
    def texts(self) -> list[str]:
        """What is offered."""
        return [self.item(i).text() for i in range(self.count())]

    @property
    def chosen(self) -> str | None:
        """The marked offer, or None."""
        item = self.currentItem()
        return item.text() if item is not None and item.isSelected() else None

    def set_theme(self, theme: Theme) -> None:
        """Colours for a list over other things."""
        self.setStyleSheet(
            f"QListWidget {{ background: {theme.raised}; border: 1px solid {theme.border};"
            f" border-radius: {RADIUS}px; padding: {_PAD_PX - 1}px; }}"
        )

    def offer(self, texts: Sequence[str], bar: QWidget, x: float) -> None:
        """Shows the texts at `x` of the bar: under it, or over it where that has more room."""
        if not texts:
            self.hide()
            return
        self.clear()
        self.addItems(list(texts))
        self.setCurrentRow(-1)
        window = bar.window()
        if self.parentWidget() is not window:
            self.setParent(window)
        self.setFont(bar.font())
        widest = max(self.fontMetrics().horizontalAdvance(text) for text in texts)
        width = min(widest + 44, _WIDEST_PX)
        row = max(self.sizeHintForRow(0), 1)
        height = min(len(texts), _ROWS_SHOWN) * row + 2 * _PAD_PX + 2
        top = bar.mapTo(window, QPoint(0, 0)).y()
        bottom = top + bar.height()
        below = window.height() - bottom
        height = min(height, max(below, top) - 6)
        y = bottom + 2 if below >= height + 4 or below >= top else top - height - 2
        left = bar.mapTo(window, QPoint(round(x) - 12, 0)).x()
        self.setGeometry(min(max(left, 4), max(4, window.width() - width - 4)), y, width, height)
        self.show()
        self.raise_()

    def step(self, by: int) -> None:
        """Marks the next or the previous offer, round and round."""
        row = self.currentRow() if self.chosen is not None else (-1 if by > 0 else 0)
        self.setCurrentRow((row + by) % self.count())

    def _on_click(self, item: QListWidgetItem) -> None:
        self.taken.emit(item.text())
