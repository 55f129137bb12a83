"""What is written on the map besides its points: a path, marked places, notices."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QPainter, QRegion

from latentviewer.ui.map import overlays
from latentviewer.ui.map.camera import Camera, Points
from latentviewer.ui.theme import Theme

NOTICE_DOWN_PX = 14.0
_HINT_UP_PX = 64


class Annotations:
    """Keeps and paints them.

    Attributes:
        markers: places (dims,) with a text.
        notice: a pill at the top, such as what a forming map is doing.
        notice_down: how far from the top.
        hint: a pill in the middle below, for the first start.
    """

    def __init__(self) -> None:
        self.markers: Sequence[tuple[Points, str]] = ()
        self.notice: str | None = None
        self.hint: str | None = None
        self.notice_down: float = NOTICE_DOWN_PX
        self._path: tuple[Points, Points, int | None] | None = None
        self._posterior: tuple[Points, NDArray[np.float64], str, Points] | None = None
        self._trajectory: tuple[Points, int, int | None] | None = None
        self._links: tuple[Points, Points] | None = None
        self._arrows: tuple[Points, Points] | None = None

    def set_arrows(self, starts: Points | None, ends: Points | None) -> None:
        """From places to others, (k, dims) each; None for none."""
        self._arrows = None if starts is None or ends is None else (starts, ends)

    def set_links(self, origin: Points | None, others: Points | None) -> None:
        """A point (dims,) and those that are its neighbours in latent space, (k, dims)."""
        self._links = None if origin is None or others is None else (origin, others)

    def region_of_links(self, camera: Camera, size: tuple[int, int]) -> QRegion:
        """What of the picture they cover."""
        if self._links is None or len(self._links[0]) != camera.dims:
            return QRegion()
        ends = np.concatenate([self._links[0][None], self._links[1]])
        return QRegion(overlays.box_of_dots(camera.to_pixels(ends, *size), size))

    def set_posterior(
        self,
        centre: Points | None,
        covariance: NDArray[np.float64] | None,
        text: str,
        samples: Points | None,
    ) -> None:
        """A Gaussian in map units, (dims,) and (dims, dims), and a line on it; None for none.

        Args:
            samples: (m, dims) that it was found from, or None.
        """
        self._posterior = None
        if centre is not None and covariance is not None and np.isfinite(covariance).all():
            dots = np.zeros((0, len(centre)), np.float32) if samples is None else samples
            self._posterior = (centre, covariance, text, dots)

    def region_of_posterior(self, camera: Camera, size: tuple[int, int]) -> QRegion:
        """What of the picture it covers."""
        if self._posterior is None or len(self._posterior[0]) != camera.dims:
            return QRegion()
        centre, covariance, _text, dots = self._posterior
        region = QRegion(overlays.box_of_ellipses(*camera.picture_of(centre, covariance, *size)))
        region += QRegion(overlays.corner_box(camera.dims, size))
        return region + QRegion(overlays.box_of_dots(camera.to_pixels(dots, *size), size))

    def set_path(
        self, places: Points | None, waypoints: Points | None, current: int | None
    ) -> None:
        """The path's places (f, dims) and its waypoints' (w, dims); None for no path."""
        self._path = None if places is None or waypoints is None else (places, waypoints, current)

    def set_trajectory(self, places: Points | None, back: int, current: int | None) -> None:
        """Places (n, dims) of denoising steps, of which the first `back` lead to the noise."""
        there = places is not None and len(places) > 0
        self._trajectory = (places, back, current) if there else None  # type: ignore[assignment]

    def paint_places(
        self, painter: QPainter, camera: Camera, size: tuple[int, int], theme: Theme
    ) -> None:
        """The path and the marked places; those of a map of other dimensions are left out."""
        if self._posterior is not None and len(self._posterior[0]) == camera.dims:
            centre, covariance, text, dots = self._posterior
            overlays.paint_dots(painter, camera.to_pixels(dots, *size), theme)
            spot, spread = camera.picture_of(centre, covariance, *size)
            overlays.paint_ellipses(painter, spot, spread, theme)
            overlays.paint_corner_words(painter, text, camera.dims, size, theme)
        if self._arrows is not None and self._arrows[0].shape[1] == camera.dims:
            starts, ends = (camera.to_pixels(places, *size) for places in self._arrows)
            overlays.paint_arrows(painter, starts, ends, theme)
        if self._links is not None and len(self._links[0]) == camera.dims:
            origin, others = self._links
            overlays.paint_links(
                painter,
                camera.to_pixels(origin[None], *size)[0],
                camera.to_pixels(others, *size),
                theme,
            )
        if self._path is not None and self._path[0].shape[1] == camera.dims:
            places, waypoints, current = self._path
            overlays.paint_path(
                painter,
                camera.to_pixels(places, *size),
                camera.to_pixels(waypoints, *size),
                current,
                theme,
            )
        if self._trajectory is not None and self._trajectory[0].shape[1] == camera.dims:
            places, back, current = self._trajectory
            overlays.paint_trajectory(
                painter, camera.to_pixels(places, *size), back, current, theme
            )
        for place, text in self.markers:
            if len(place) == camera.dims:
                x, y = camera.to_pixels(place[None], *size)[0].tolist()
                overlays.paint_marker(painter, x, y, text, theme)

    def paint_pills(
        self, painter: QPainter, size: tuple[int, int], covered: tuple[float, float], theme: Theme
    ) -> None:
        """Notice and hint in the middle of what is not covered at the left and the right."""
        width, height = size
        left, right = covered
        middle = (left + width - right) / 2
        for text, y in ((self.notice, self.notice_down), (self.hint, height - _HINT_UP_PX)):
            if text:
                wide, _ = overlays.chip_size(painter, text)
                overlays.paint_chip(painter, middle - wide / 2, y, text, theme)
