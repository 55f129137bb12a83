"""The samples with the largest errors, or with the most or least of any other number."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QIcon, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QPushButton,
    QSpinBox,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from latentviewer.app.ranking import ORDERS
from latentviewer.ui.editor.caption_line import CaptionLine
from latentviewer.ui.editor.empty_tab import EmptyTab
from latentviewer.ui.editor.ranking_strip import RankingStrip
from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.theme import Theme
from latentviewer.ui.wheel import guard_wheel

_WIDE_FROM_PX, _LEAST_PX = 620, 380
_FIRST_COUNT = 20


class RankingTab(QWidget):
    """Setters show the ranking; every control runs a command.

    Attributes:
        looked_at: emitted with whether the tab is to be seen.
        column, order: what it is ranked by. count, select: how many, and the button.
        caption: what is ranked. strip: the samples.
    """

    looked_at = Signal(bool)

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Ranking")
        self._theme, self._narrow = theme, False
        self.column = QComboBox()
        self.column.setAccessibleName("Rank samples by")
        self.column.setToolTip("The column that the samples are ranked by")
        self.column.setMaximumWidth(170)
        self.column.activated.connect(
            lambda _index: dispatch("ranking.by", column=self.column.currentData())
        )
        self.order = QComboBox()
        self.order.setAccessibleName("Ranking order")
        self.order.setToolTip("Which samples come first")
        for name in ORDERS:
            self.order.addItem(name.capitalize(), name)
        self.order.activated.connect(
            lambda _index: dispatch("ranking.order", order=self.order.currentData())
        )
        self.count = QSpinBox()
        self.count.setRange(1, 1)
        self.count.setAccessibleName("How many to select")
        self.count.setToolTip("How many samples the button selects")
        self.count.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.count.setFixedSize(58, 30)
        self.select = QPushButton("Select top")
        self.select.setAccessibleName("Select the first samples of the ranking")
        self.select.setToolTip("Select the first samples of the ranking on the map")
        self.select.clicked.connect(
            lambda: dispatch(
                "select.top",
                column=self.column.currentData(),
                count=self.count.value(),
                order=self.order.currentData(),
            )
        )
        guard_wheel(self.column, self.order, self.count)
        self.caption = CaptionLine(theme)
        self.strip = RankingStrip(theme)
        self.strip.chosen.connect(lambda row: dispatch("ranking.show", row=row))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(2, 1)
        for at, widget in ((0, self.column), (1, self.order), (3, self.count), (4, self.select)):
            self._grid.addWidget(widget, 0, at)
        self._grid.addWidget(self.caption, 0, 2)
        full = QWidget()
        lines = QVBoxLayout(full)
        lines.setContentsMargins(14, 6, 14, 2)
        lines.setSpacing(6)
        lines.addLayout(self._grid)
        lines.addWidget(self.strip, 1)
        self._empty = EmptyTab("list-filter", "Nothing to rank", "", theme)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(full)
        self.set_theme(theme)

    @property
    def sentence(self) -> str | None:
        """What is said in place of the samples, or None where they are shown."""
        return self._empty.sentence if self._pages.currentIndex() == 0 else None

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        for part in (self.caption, self.strip, self._empty):
            part.set_theme(theme)
        self._theme = theme
        self._fit()

    def set_empty(self, title: str, sentence: str) -> None:
        """Says why there is nothing to see."""
        self._empty.set_words(title, sentence)
        self._pages.setCurrentIndex(0)

    def set_choice(self, columns: Sequence[str], column: str, order: str, count: int) -> None:
        """What can be chosen, what is, and how many samples are ranked; shows the samples."""
        if [self.column.itemData(i) for i in range(self.column.count())] != list(columns):
            self.column.clear()
            for name in columns:
                self.column.addItem(name, name)
        self.column.setCurrentIndex(max(0, self.column.findData(column)))
        self.order.setCurrentIndex(max(0, self.order.findData(order)))
        fresh = self.count.maximum() == 1
        with QSignalBlocker(self.count):
            self.count.setRange(1, max(1, count))
            if fresh:
                self.count.setValue(_FIRST_COUNT)
        self.select.setEnabled(count > 0)
        self._pages.setCurrentIndex(1)

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _WIDE_FROM_PX
        if narrow != self._narrow:
            self._narrow = narrow
            self._grid.removeWidget(self.caption)
            if narrow:
                self._grid.addWidget(self.caption, 1, 0, 1, 5)
            else:
                self._grid.addWidget(self.caption, 0, 2)
            self._fit()

    def _fit(self) -> None:
        """In a narrow window the caption has a line of its own, and the button one word."""
        self.select.setText("Select" if self._narrow else "Select top")
        self.select.setIcon(QIcon() if self._narrow else icon("list-filter", self._theme, 14))
        self.select.setStyleSheet("padding: 5px 8px;" if self._narrow else "")
        self._grid.setColumnStretch(0, 1 if self._narrow else 0)
        self._grid.setColumnStretch(2, 0 if self._narrow else 1)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.looked_at.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.looked_at.emit(False)
