"""What stands at a map's edges: the legend and zoom buttons at the right, layers above."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from latentviewer.ui.intent import Dispatch
from latentviewer.ui.map.button_strip import ButtonStrip
from latentviewer.ui.map.layer_strip import LayerStrip
from latentviewer.ui.map.legend import Legend
from latentviewer.ui.map.map_view import MapView

EDGE_PX = 12
_LEGEND_FROM_PX = 300
_ZOOM_COMMANDS = ("map.zoom_in", "map.zoom_out", "map.fit")


class Corners(QObject):
    """Places them, and keeps the map clear of the legend.

    Args:
        left: how much of the map's left edge something else floats over.
        layers: what stands at the upper edge between that and the legend, or None.

    Attributes:
        zoom: the zoom buttons. legend: the one that stands here, or None.
    """

    def __init__(
        self,
        panel: QWidget,
        view: MapView,
        dispatch: Dispatch,
        left: int = 0,
        layers: LayerStrip | None = None,
    ) -> None:
        super().__init__(panel)
        self._panel, self._view, self._left, self._layers = panel, view, left, layers
        self.legend: Legend | None = None
        self.zoom = ButtonStrip("Zoom", dispatch, panel)
        for command_id in _ZOOM_COMMANDS:
            self.zoom.add(command_id)

    def take(self, legend: Legend) -> None:
        """The legend stands here from now on."""
        shown = legend.wanted
        self.legend = legend
        # Qt hides what gets another parent.
        legend.setParent(self._panel)
        legend.setVisible(shown)
        legend.installEventFilter(self)
        self.place()

    def give(self) -> Legend:
        """The legend goes elsewhere."""
        assert self.legend is not None
        legend, self.legend = self.legend, None
        legend.removeEventFilter(self)
        self.place()
        return legend

    def place(self) -> None:
        """After the panel got another size."""
        panel, zoom, covered = self._panel, self.zoom, 0
        zoom.adjustSize()
        zoom.move(panel.width() - zoom.width() - EDGE_PX, panel.height() - zoom.height() - EDGE_PX)
        if self.legend is not None:
            self.legend.set_crowded(panel.width() < _LEGEND_FROM_PX)
            self.legend.set_room(zoom.y() - 2 * EDGE_PX)
            self.legend.move(panel.width() - self.legend.width() - EDGE_PX, EDGE_PX)
            if not self.legend.isHidden():
                covered = self.legend.width() + EDGE_PX
        self._view.set_covered(self._left, covered, self._place_layers(covered))

    def _place_layers(self, covered: int) -> int:
        """How much of the upper edge they cover then."""
        layers, left = self._layers, self._left + EDGE_PX
        if layers is None:
            return 0
        room = self._panel.width() - left - covered - 2 * EDGE_PX
        layers.set_room(room)
        layers.move(round(left + max(room - layers.width(), 0) / 2), EDGE_PX)
        return 0 if layers.isHidden() else layers.height() + EDGE_PX

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.legend and event.type() in (
            QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide,
        ):  # fmt: skip
            self.place()
        return super().eventFilter(watched, event)
