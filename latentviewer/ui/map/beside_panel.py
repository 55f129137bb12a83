"""The second map with its zoom buttons and its small preview."""

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPoint, QRect
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
_POINTS_LOOKED_AT = 5_000


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
        self._spot: QPoint | None = None
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
        self.rest()
        super().resizeEvent(event)

    def rest(self) -> None:
        """Puts everything into its corner, the tile where it hides the fewest points."""
        self.corners.place()
        hidden = [self._points_in(self._corner(above)) for above in (True, False)]
        self._tile_above = hidden[0] <= hidden[1]
        self._place_tile()
        self._give_way(self._spot)

    def _place_tile(self) -> None:
        self.tile.move(self._corner(self._tile_above).topLeft())

    def _corner(self, above: bool) -> QRect:
        below = self.height() - self.tile.height() - EDGE_PX
        return QRect(QPoint(EDGE_PX, EDGE_PX if above else below), self.tile.size())

    def _points_in(self, place: QRect) -> int:
        coordinates = self.view.scene.coordinates
        if coordinates is None:
            return 0
        some = coordinates[:: max(1, len(coordinates) // _POINTS_LOOKED_AT)]
        x, y = self.view.camera.to_pixels(some, self.view.width(), self.view.height()).T
        across = (x > place.left()) & (x < place.right())
        return int(np.count_nonzero(across & (y > place.top()) & (y < place.bottom())))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.tile and event.type() == QEvent.Type.Resize:
            self.rest()
        elif event.type() == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            self._give_way(event.position().toPoint())
        return super().eventFilter(watched, event)

    def set_linked(self, row: int | None) -> None:
        """Rings the row that is pointed at on the first map, where it can be seen."""
        view, coordinates = self.view, self.view.scene.coordinates
        view.set_linked(row)
        if row is not None and coordinates is not None and row < len(coordinates):
            at = view.camera.to_pixels(coordinates[row][None], view.width(), view.height())[0]
            self._give_way(QPoint(round(float(at[0])), round(float(at[1]))))

    def _give_way(self, spot: QPoint | None) -> None:
        """What lies under the tile can be pointed at: it moves to the other corner."""
        self._spot = spot
        taken = self.tile.geometry().adjusted(-_SHY_PX, -_SHY_PX, _SHY_PX, _SHY_PX)
        if spot is not None and taken.contains(spot):
            self._tile_above = not self._tile_above
            self._place_tile()
