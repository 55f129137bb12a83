"""The line above one of two maps: whose space it is, and how it is laid out."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton

from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.theme import Theme
from latentviewer.ui.wheel import guard_wheel

HEADER_PX = 40
_LEAST_NAME_PX = 30


class _Name(QLabel):
    """A name that is shortened in its middle where there is no room for all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "title")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:
        # A hair more than the text, or a rounded width would shorten what fits.
        wide = self.fontMetrics().horizontalAdvance(self.text()) + 3
        return QSize(wide, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(min(_LEAST_NAME_PX, self.sizeHint().width()), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        middle = Qt.TextElideMode.ElideMiddle
        text = self.fontMetrics().elidedText(self.text(), middle, self.width())
        painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()


class MapHeader(QFrame):
    """A name and what is drawn of it; the second map's can be changed and closed here.

    Args:
        dispatch: of the second map's controls; None leaves them out.
    """

    def __init__(self, theme: Theme, dispatch: Dispatch | None = None) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self.setFixedHeight(HEADER_PX)
        self._name, self._map = _Name(), QLabel()
        self._map.setProperty("role", "dim")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 0, 6, 0)
        row.setSpacing(8)
        row.addWidget(self._name)
        row.addWidget(self._map)
        self._maps: QComboBox | None = None
        self._close: QToolButton | None = None
        if dispatch is not None:
            self._add_controls(row, dispatch)
        else:
            row.addStretch(1)
        self.set_theme(theme)

    def _add_controls(self, row: QHBoxLayout, dispatch: Dispatch) -> None:
        self._map.hide()
        maps = self._maps = QComboBox()
        maps.setAccessibleName("Map of the second space")
        maps.setToolTip("PCA, and the maps that this space brought along")
        maps.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        maps.activated.connect(lambda _index: dispatch("map.compare_map", name=maps.currentData()))
        guard_wheel(maps)
        row.addWidget(maps)
        close = self._close = QToolButton()
        close.setProperty("role", "flat")
        close.setToolTip("Close comparison")
        close.setAccessibleName("Close comparison")
        close.setFixedSize(28, 28)
        close.clicked.connect(lambda _checked=False: dispatch("map.compare_close"))
        row.addStretch(1)
        row.addWidget(close)

    def set_theme(self, theme: Theme) -> None:
        """Redraws the icon."""
        if self._close is not None:
            self._close.setIcon(icon("x", theme, 16))

    def set_name(self, name: str, whole: str) -> None:
        """What it is called, and all that is known of it."""
        self._name.setText(name)
        self._name.updateGeometry()
        self._name.setToolTip(whole)
        self.setAccessibleName(f"Map of {name}")

    def set_map(self, title: str) -> None:
        """Such as `UMAP · 2D`, where it is chosen elsewhere."""
        self._map.setText(title)

    def set_maps(self, maps: Sequence[tuple[str, str]], current: str) -> None:
        """What can be chosen, as (name, title), and what is shown."""
        if self._maps is None:
            return
        with QSignalBlocker(self._maps):
            self._maps.clear()
            for name, title in maps:
                self._maps.addItem(title, name)
            self._maps.setCurrentIndex(max(0, self._maps.findData(current)))

    @property
    def name(self) -> str:
        """What it is called."""
        return self._name.text()

    @property
    def text(self) -> str:
        """Name and map, as they are read."""
        shown = self._map.text() if self._maps is None else self._maps.currentText()
        return f"{self._name.text()} · {shown}"
