"""The map with its legend and its tools floating over it."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QToolButton, QVBoxLayout, QWidget

from latentviewer.app.commands import COMMANDS
from latentviewer.domain.ports import Rasteriser
from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.map.layer_strip import LayerStrip
from latentviewer.ui.map.legend import Legend
from latentviewer.ui.map.map_view import MapView
from latentviewer.ui.theme import Theme

_EDGE_PX = 12
_TOOLS = (
    ("map.tool_move", "move"),
    ("map.tool_rectangle", "rectangle"),
    ("map.tool_lasso", "lasso"),
    ("map.tool_path", "path"),
)
_VIEWS = ("map.zoom_in", "map.zoom_out", "map.fit")


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
        self.legend.installEventFilter(self)
        self._buttons: list[tuple[QToolButton, str]] = []
        self._tools: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        group.setExclusive(True)
        self._tool_strip = _strip("Map tools", self)
        for command_id, name in _TOOLS:
            button = self._button(command_id, dispatch, self._tool_strip)
            button.setCheckable(True)
            group.addButton(button)
            self._tools[name] = button
        self._tools["move"].setChecked(True)
        self._view_strip = _strip("Zoom", self)
        for command_id in _VIEWS:
            self._button(command_id, dispatch, self._view_strip)
        self.layers = LayerStrip(dispatch, self)
        self.layers.resized.connect(self._place)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Light or dark."""
        self.view.set_theme(theme)
        self.legend.set_theme(theme)
        for button, name in self._buttons:
            button.setIcon(icon(name, theme, 16))

    def set_tool(self, name: str) -> None:
        """`move`, `rectangle`, `lasso` or `path`."""
        self._tools[name].setChecked(True)
        self.view.set_tool(name)

    def _button(self, command_id: str, dispatch: Dispatch, strip: QFrame) -> QToolButton:
        command = next(c for c in COMMANDS if c.id == command_id)
        button = QToolButton(strip)
        button.setProperty("role", "flat")
        button.setFixedSize(30, 30)
        button.setToolTip(f"{command.title}  {command.shortcut}")
        button.setAccessibleName(command.title)
        button.clicked.connect(lambda _checked=False: dispatch(command_id))
        layout = strip.layout()
        assert layout is not None
        layout.addWidget(button)
        self._buttons.append((button, command.icon))
        return button

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
        self._tool_strip.move(_EDGE_PX, _EDGE_PX)
        zoom = self._view_strip
        zoom.move(self.width() - zoom.width() - _EDGE_PX, self.height() - zoom.height() - _EDGE_PX)
        self.legend.set_room(zoom.y() - 2 * _EDGE_PX)
        self.legend.move(self.width() - self.legend.width() - _EDGE_PX, _EDGE_PX)
        covered = 0 if self.legend.isHidden() else self.legend.width() + _EDGE_PX
        left = self._tool_strip.width() + 2 * _EDGE_PX
        room = self.width() - left - covered - 2 * _EDGE_PX
        self.layers.set_room(room)
        self.layers.move(round(left + max(room - self.layers.width(), 0) / 2), _EDGE_PX)
        below = 0 if self.layers.isHidden() else self.layers.height() + _EDGE_PX
        self.view.set_covered(self._tool_strip.width() + _EDGE_PX, covered, below)


def _strip(name: str, parent: QWidget) -> QFrame:
    strip = QFrame(parent)
    strip.setProperty("role", "card")
    strip.setAccessibleName(name)
    column = QVBoxLayout(strip)
    column.setContentsMargins(3, 3, 3, 3)
    column.setSpacing(2)
    return strip
