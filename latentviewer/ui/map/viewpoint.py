"""Where the map is looked at from, and the ways there."""

from collections.abc import Callable

from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QWidget

from latentviewer.ui.map.camera import Camera, Points
from latentviewer.ui.map.chart import Chart
from latentviewer.ui.map.flight import Flight


class Viewpoint:
    """A camera over a widget: it keeps all points in view until a hand moves it.

    Args:
        widget: whose pixels the camera looks through.
        changed: called when the camera has moved.
        may_fly: whether the way to another place is shown now.

    Attributes:
        camera: the present one.
        moved_by_hand: whether the user chose what is seen, so that nothing else may.
        chart: what the points lie on, if it decides how they are fitted.
        covered: how many pixels at the left and the right something floats over.
        above: how many at the top.
    """

    def __init__(
        self, widget: QWidget, changed: Callable[[], None], may_fly: Callable[[], bool]
    ) -> None:
        self._widget, self._changed, self._may_fly = widget, changed, may_fly
        self._flight = Flight(widget, self._set)
        self.camera = Camera(2, (0.0, 0.0), 100.0)
        self.moved_by_hand = False
        self.chart: Chart | None = None
        self.covered, self.above = (0.0, 0.0), 0.0

    @property
    def size(self) -> tuple[int, int]:
        """Of the widget, in logical pixels."""
        return self._widget.width(), self._widget.height()

    def fitted(self, points: Points, camera: Camera | None = None) -> Camera:
        """The camera, or another one, moved so that all points (n, dims) are in view."""
        camera = camera or self.camera
        if self.chart is not None and camera.dims == 2:
            return self.chart.fitted(camera, points, self.size, self.covered)
        return camera.fitted(points, *self.size, self.covered, self.above)

    def begin(self, points: Points) -> None:
        """Looks at points of another number of dimensions than before, from the front."""
        dims = int(points.shape[1])
        self._flight.stop()
        self.camera = self.fitted(points, Camera(dims, (0.0,) * dims, 1.0))
        self.moved_by_hand = False

    def follow(self, points: Points) -> None:
        """Keeps the points in view at once, unless moved by hand."""
        if not self.moved_by_hand:
            self._flight.stop()
            self.camera = self.fitted(points)

    def fly_to_all(self, points: Points) -> None:
        """Looks at the points, until the hand moves it."""
        self._fly_to(self.fitted(points))
        self.moved_by_hand = False

    def fly_to(self, camera: Camera) -> None:
        """Goes where the user wants it, and stays there."""
        self._fly_to(camera)
        self.moved_by_hand = True

    def look(self, camera: Camera) -> None:
        """Is moved by hand."""
        self._flight.stop()
        self.moved_by_hand = True
        self._set(camera)

    def zoom(self, factor: float, at: QPointF) -> None:
        """Zooms at a place on the widget."""
        self.look(self.camera.zoomed(factor, at.x(), at.y(), *self.size))

    def turn(self, dx: float, dy: float) -> None:
        """Orbits; a fitted map stays fitted from every side."""
        self._flight.stop()
        self._set(self.camera.orbited(dx, dy))

    def stop(self) -> None:
        """Ends a flight where it is."""
        self._flight.stop()

    def _fly_to(self, target: Camera) -> None:
        self._flight.stop()
        if self._may_fly():
            self._flight.start(self.camera, target)
        else:
            self._set(target)

    def _set(self, camera: Camera) -> None:
        self.camera = camera
        self._changed()
