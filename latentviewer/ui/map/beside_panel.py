"""The second map with its zoom buttons and its small preview."""

from PySide6.QtCore import QEvent, QObject, QPoint
from PySide6.QtGui import QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from latentviewer.app.signal import Signal
from latentviewer.domain.ports import Rasteriser
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.map.corners import EDGE_PX, Corners
from latentviewer.ui.map.decoder_tile import DecoderTile
from latentviewer.ui.map.map_view import MapView
from latentviewer.ui.theme import Theme

NO_WAYPOINT = "A path goes through the first map's latents; click a sample here, or a place there."
_SHY_PX, _AXIS_PX = 10, 24


class BesidePanel(QWidget):
    """Lays the floating pieces out; tools and colours are those of the first map.

    Attributes:
        view: the map. tile: what its model decodes. corners: where the legend may stand.
        refused: emitted with the sentence why a click did nothing.
    """

    def __init__(self, rasteriser: Rasteriser, dispatch: Dispatch, theme: Theme) -> None:
        super().__init__()
        self._dispatch = dispatch
        self.refused: Signal[[str]] = Signal()
        self.view = MapView(rasteriser, self._from_view, theme, self)
        self.view.setAccessibleName("Second map")
        self.view.installEventFilter(self)
        self.tile = DecoderTile(theme, self)
        self.tile.installEventFilter(self)
        self.corners = Corners(self, self.view, dispatch, _AXIS_PX)
        # Below stands the title of an axis.
        self._tile_above = True
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Light or dark."""
        self.view.set_theme(theme)
        self.tile.set_theme(theme)
        self.corners.zoom.set_theme(theme)

    def _from_view(self, command_id: str, **arguments: object) -> None:
        """What the view says of a place is about this map, not about the first one."""
        if command_id == "path.add_place":
            self.refused.emit(NO_WAYPOINT)
        elif command_id == "preview.pin_place":
            self._dispatch("map.compare_place", **arguments)
        else:
            self._dispatch(command_id, **arguments)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.view.setGeometry(self.rect())
        self.tile.set_room(self.width(), self.height())
        self.place()
        super().resizeEvent(event)

    def place(self) -> None:
        """Puts everything into its corner."""
        below = self.height() - self.tile.height() - EDGE_PX
        self.tile.move(EDGE_PX, EDGE_PX if self._tile_above else below)
        self.corners.place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.tile and event.type() == QEvent.Type.Resize:
            self.place()
        elif event.type() == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            self._give_way(event.position().toPoint())
        return super().eventFilter(watched, event)

    def _give_way(self, cursor: QPoint) -> None:
        """What lies under the tile can be pointed at: it moves to the other corner."""
        if self.tile.geometry().adjusted(-_SHY_PX, -_SHY_PX, _SHY_PX, _SHY_PX).contains(cursor):
            self._tile_above = not self._tile_above
            self.place()
