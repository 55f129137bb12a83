"""The map with its legend and its tools floating over it."""

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QToolButton, QWidget

from latentviewer.domain.ports import Rasteriser
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.map.button_strip import ButtonStrip
from latentviewer.ui.map.corners import EDGE_PX, Corners
from latentviewer.ui.map.layer_strip import LayerStrip
from latentviewer.ui.map.legend import Legend
from latentviewer.ui.map.map_view import MapView
from latentviewer.ui.theme import Theme

_TOOLS = (
    ("map.tool_move", "move"),
    ("map.tool_rectangle", "rectangle"),
    ("map.tool_lasso", "lasso"),
    ("map.tool_path", "path"),
)


class MapPanel(QWidget):
    """Lays the floating pieces out.

    Attributes:
        view: the map. legend: what its colours mean. layers: which layer of a model is shown.
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
        self.layers = LayerStrip(dispatch, self)
        self._tool_strip.adjustSize()
        self._tool_strip.move(EDGE_PX, EDGE_PX)
        self._corners = Corners(
            self, self.view, dispatch, self._tool_strip.width() + EDGE_PX, self.layers
        )
        self._corners.take(self.legend)
        self.layers.resized.connect(self._corners.place)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Light or dark."""
        self.view.set_theme(theme)
        self.legend.set_theme(theme)
        self._tool_strip.set_theme(theme)
        self._corners.zoom.set_theme(theme)

    def set_tool(self, name: str) -> None:
        """`move`, `rectangle`, `lasso` or `path`."""
        self._tools[name].setChecked(True)
        self.view.set_tool(name)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.view.setGeometry(self.rect())
        self._corners.place()
        super().resizeEvent(event)

    def lend_legend(self) -> Legend:
        """The legend goes to another map's corner, until it comes back."""
        self.legend.set_compact(True)
        return self._corners.give()

    def take_legend_back(self) -> None:
        """The legend stands here again."""
        self.legend.set_compact(False)
        self._corners.take(self.legend)
