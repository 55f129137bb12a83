"""One map, or two with a line above each that says whose they are."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from latentviewer.ui.intent import Dispatch
from latentviewer.ui.map.beside_panel import BesidePanel
from latentviewer.ui.map.map_header import HEADER_PX, MapHeader
from latentviewer.ui.map.map_panel import MapPanel
from latentviewer.ui.map.map_view import MapView
from latentviewer.ui.theme import Theme

_LEAST_WIDTH_PX, _LEAST_HEIGHT_PX = 245, 220


class SideBySide(QWidget):
    """Lays the maps out beside each other, or one above the other where that gives them more.

    Attributes:
        first, second: the headers. beside: the second map's panel.
        comparing: whether both are shown.
    """

    def __init__(
        self, panel: MapPanel, beside: BesidePanel, dispatch: Dispatch, theme: Theme
    ) -> None:
        super().__init__()
        self._panel, self.beside = panel, beside
        self.comparing = False
        self.first, self.second = MapHeader(theme), MapHeader(theme, dispatch)
        self._line, self._right = _line(), _column(self.second, _line(), beside)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setHandleWidth(1)
        self._splitter.addWidget(_column(self.first, self._line, panel))
        self._splitter.addWidget(self._right)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._splitter)
        self.first.hide()
        self._line.hide()
        self._right.hide()

    def set_theme(self, theme: Theme) -> None:
        """Light or dark; the first map has it from elsewhere."""
        for part in (self.first, self.second, self.beside):
            part.set_theme(theme)

    def set_comparing(self, comparing: bool) -> None:
        """Shows the second map, as large as the first, or hides it."""
        if comparing == self.comparing:
            return
        self.comparing = comparing
        if not comparing and self._right.isAncestorOf(self.focusWidget() or self):
            self._panel.view.setFocus()
        for part in (self.first, self._line, self._right):
            part.setVisible(comparing)
        if comparing:
            # At the right edge of the two, where it stood beside the one.
            self.beside.corners.take(self._panel.lend_legend())
        else:
            self.beside.corners.give()
            self._panel.take_legend_back()
        self._turn()
        self._keep_usable()
        self._halve()

    def view(self) -> MapView:
        """The map that is meant: under the mouse, else the one with the focus, else the first."""
        if self.comparing and not self._panel.underMouse():
            focused = self.beside.isAncestorOf(self.beside.window().focusWidget() or self)
            if self.beside.underMouse() or focused:
                return self.beside.view
        return self._panel.view

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._turn():
            self._keep_usable()
            self._halve()

    def _turn(self) -> bool:
        """Chooses how they stand; returns whether that is new."""
        wide, high = self.width(), self.height()
        beside, stacked = min(wide // 2, high - HEADER_PX), min(wide, high // 2 - HEADER_PX)
        chosen = Qt.Orientation.Vertical if stacked > beside else Qt.Orientation.Horizontal
        if not self.comparing or chosen == self._splitter.orientation():
            return False
        self._splitter.setOrientation(chosen)
        return True

    def _keep_usable(self) -> None:
        """Two maps ask for the room of two."""
        beside = self.comparing and self._splitter.orientation() == Qt.Orientation.Horizontal
        stacked = self.comparing and not beside
        self.setMinimumWidth(2 * _LEAST_WIDTH_PX + 1 if beside else 0)
        self.setMinimumHeight(2 * _LEAST_HEIGHT_PX + 1 if stacked else 0)

    def _halve(self) -> None:
        self._splitter.setSizes([10_000, 10_000])


def _column(*parts: QWidget) -> QWidget:
    made = QWidget()
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for part in parts:
        column.addWidget(part)
    return made


def _line() -> QFrame:
    line = QFrame()
    line.setProperty("role", "line")
    return line
