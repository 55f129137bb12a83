"""The map with its legend and its tools floating over it."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QToolButton, QWidget

from latentviewer.domain.ports import Rasteriser
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.map.button_strip import ButtonStrip
from latentviewer.ui.map.legend import Legend
from latentviewer.ui.map.map_view import MapView
from latentviewer.ui.theme import Theme

EDGE_PX = 12
ZOOM_COMMANDS = ("map.zoom_in", "map.zoom_out", "map.fit")
_TOOLS = (
    ("map.tool_move", "move"),
    ("map.tool_rectangle", "rectangle"),
    ("map.tool_lasso", "lasso"),
    ("map.tool_path", "path"),
)


class MapPanel(QWidget):
    """Lays the floating pieces out.

    Attributes:
        view: the map. legend: what its colours mean.
    """

    def __init__(
        self,
        rasteriser: Rasteriser,
        dispatch: Dispatch,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.view = MapView(rasteriser, dispatch, theme, self)
        self.legend = Legend(dispatch, theme, self)
        self.legend.installEventFilter(self)
        self._tools: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        group.setExclusive(True)
        self._tool_strip = ButtonStrip("Map tools", dispatch, self)
        for command_id, name in _TOOLS:
            button = self._tool_strip.add(command_id)
            button.setCheckable(True)
            group.addButton(button)
            self._tools[name] = button
        self._tools["move"].setChecked(True)
        self._view_strip = ButtonStrip("Zoom", dispatch, self)
        for command_id in ZOOM_COMMANDS:
            self._view_strip.add(command_id)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Light or dark."""
        self.view.set_theme(theme)
        self.legend.set_theme(theme)
        self._tool_strip.set_theme(theme)
        self._view_strip.set_theme(theme)

    def set_tool(self, name: str) -> None:
        """`move`, `rectangle`, `lasso` or `path`."""
        self._tools[name].setChecked(True)
        self.view.set_tool(name)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.view.setGeometry(self.rect())
        self._place()
        super().resizeEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.legend and event.type() in (
            QEvent.Type.Resize,
            QEvent.Type.Show,
            QEvent.Type.Hide,
        ):
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        for strip in (self._tool_strip, self._view_strip):
            strip.adjustSize()
        self._tool_strip.move(EDGE_PX, EDGE_PX)
        zoom = self._view_strip
        zoom.move(self.width() - zoom.width() - EDGE_PX, self.height() - zoom.height() - EDGE_PX)
        self.legend.set_room(zoom.y() - 2 * EDGE_PX)
        self.legend.move(self.width() - self.legend.width() - EDGE_PX, EDGE_PX)
        covered = 0 if self.legend.isHidden() else self.legend.width() + EDGE_PX
        self.view.set_covered(self._tool_strip.width() + EDGE_PX, covered)
