"""The latent dimensions: how much each carries, and what changes along it."""

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from latentviewer.ui.editor.caption_line import CaptionLine
from latentviewer.ui.editor.empty_tab import EmptyTab
from latentviewer.ui.editor.traversals import Traversals
from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.theme import Theme

_WIDE_FROM_PX, _LEAST_PX = 480, 380


class DimensionsTab(QWidget):
    """Rows of pictures, or one sentence that says why there are none.

    Attributes:
        looked_at: emitted with whether the tab is to be seen.
        caption: what the traversals go through, and figures. mean: the button.
        traversals: the rows.
    """

    looked_at = Signal(bool)

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Latent dimensions")
        self.caption = CaptionLine(theme)
        self.traversals = Traversals(theme)
        self.traversals.chosen.connect(
            lambda index, value: dispatch("preview.set_dimension", index=index, value=value)
        )
        self.mean = QPushButton("Mean")
        self.mean.setAccessibleName("Show mean of the space")
        self.mean.setToolTip("Show the mean of the space: traverse from the middle  M")
        self.mean.setStyleSheet("padding: 3px 9px;")
        self.mean.clicked.connect(lambda: dispatch("preview.show_mean"))
        line = QHBoxLayout()
        line.setSpacing(12)
        line.addWidget(self.caption, 1)
        line.addWidget(self.mean)
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(14, 4, 8, 4)
        column.setSpacing(2)
        column.addLayout(line)
        column.addWidget(self.traversals, 1)
        self._empty = EmptyTab("layers", "No traversals here", "", theme)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(full)
        self.set_theme(theme)

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    @property
    def sentence(self) -> str | None:
        """What is said in place of the rows, or None where they are shown."""
        return self._empty.sentence if self._pages.currentIndex() == 0 else None

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        for part in (self.caption, self.traversals, self._empty):
            part.set_theme(theme)
        self.mean.setIcon(icon("sigma", theme, 14))

    def set_empty(self, title: str, sentence: str) -> None:
        """Says why there is nothing to see."""
        self._empty.set_words(title, sentence)
        self._pages.setCurrentIndex(0)

    def show_rows(self) -> None:
        """Shows the rows in place of the sentence."""
        self._pages.setCurrentIndex(1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.mean.setText("Mean" if self.width() >= _WIDE_FROM_PX else "")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.looked_at.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.looked_at.emit(False)
