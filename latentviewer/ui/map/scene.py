"""What the map draws: points in drawing order, their colours, the last frame."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from latentviewer.domain.locality import nearby_order
from latentviewer.domain.ports import Frame, Rasteriser, Splat
from latentviewer.ui.map.camera import Camera, Points

_DIMMED = 0.30
PICK_REACH_PX = 3


class Scene:
    """Points with their colours, drawn by a rasteriser; remembers who is where.

    Points are kept in an order in which near ones follow one another, which draws fastest;
    which covers which is mixed, so that no class wins because it came last. Selected points
    cover all others.

    Attributes:
        coordinates: (n, 2 or 3) in row order, or None.
        frame_number: counts the frames that were really drawn.
    """

    def __init__(self, rasteriser: Rasteriser) -> None:
        self._rasteriser = rasteriser
        self.coordinates: Points | None = None
        self.frame_number = 0
        self._near = np.zeros(0, np.int64)
        self._order = self._near
        self._ordered = np.zeros((0, 2), np.float32)
        self._codes: NDArray[np.uint8] | NDArray[np.uint16] = np.zeros(0, np.uint8)
        self._palette = np.array([[128, 128, 128, 255]], np.uint8)
        self._selected = np.zeros(0, np.int64)
        self._splat_codes: NDArray[np.uint8] | NDArray[np.uint16] | None = None
        self._splat_palette = self._palette
        self._frame: Frame | None = None
        self._on_top = 0
        self._bounds: tuple[Points, Points] | None = None
        self._rows_in_view: NDArray[np.int64] | None = None

    def set_rasteriser(self, rasteriser: Rasteriser) -> None:
        """Another rasteriser of the same pictures."""
        self._rasteriser = rasteriser

    def set_points(self, coordinates: Points | None) -> None:
        """New points in a new order, always the same for the same points."""
        self.coordinates = coordinates
        self._splat_codes = self._frame = self._bounds = self._rows_in_view = None
        self._near = np.zeros(0, np.int64) if coordinates is None else nearby_order(coordinates)
        self._order = self._selected_last()
        if coordinates is not None:
            self._ordered = np.ascontiguousarray(coordinates[self._order], np.float32)

    def move_points(self, coordinates: Points) -> None:
        """The same points at other places."""
        self.coordinates, self._bounds = coordinates, None
        self._ordered = np.ascontiguousarray(coordinates[self._order], np.float32)

    def bounds(self) -> tuple[Points, Points]:
        """The least and the greatest of each coordinate, (dims,) each; there must be points."""
        if self._bounds is None:
            assert self.coordinates is not None
            self._bounds = (self.coordinates.min(axis=0), self.coordinates.max(axis=0))
        return self._bounds

    def set_colours(
        self, codes: NDArray[np.uint8] | NDArray[np.uint16], palette: NDArray[np.uint8]
    ) -> None:
        """Codes (n,) into palette (k, 4)."""
        self._codes, self._palette, self._splat_codes = codes, palette, None

    def set_selection(self, rows: NDArray[np.int64]) -> None:
        """Rows that stay bright, and lie on top, while the rest is dimmed."""
        self._selected, self._splat_codes = rows, None
        self._order = self._selected_last()
        if self.coordinates is not None:
            self._ordered = np.ascontiguousarray(self.coordinates[self._order], np.float32)

    def _selected_last(self) -> NDArray[np.int64]:
        chosen = np.zeros(len(self._near), np.bool_)
        chosen[self._selected[self._selected < len(chosen)]] = True
        self._on_top = int(np.count_nonzero(chosen))
        if not self._on_top:
            return self._near
        chosen = chosen[self._near]
        return np.concatenate([self._near[~chosen], self._near[chosen]])

    def colour_of(self, row: int) -> QColor:
        """A point's own colour."""
        if row >= len(self._codes):
            return QColor(160, 160, 160)
        red, green, blue = (int(v) for v in self._palette[int(self._codes[row])][:3])
        return QColor(red, green, blue)

    def visible(self) -> NDArray[np.bool_]:
        """(n,) which points are not filtered out."""
        count = 0 if self.coordinates is None else len(self.coordinates)
        if len(self._codes) != count:
            return np.ones(count, np.bool_)
        return np.asarray(self._palette[self._codes, 3] > 0)

    def draw(
        self,
        camera: Camera,
        width: int,
        height: int,
        ratio: float,
        radius: float,
        density: bool,
        background: QColor,
    ) -> QImage | None:
        """Draws a frame of width x height logical pixels; None without points."""
        if self.coordinates is None or width < 1 or height < 1:
            return None
        back = np.array([background.red(), background.green(), background.blue(), 255], np.uint8)
        codes = self._codes_now(back)
        splat = Splat(
            coordinates=self._ordered,
            transform=camera.transform(width, height, ratio),
            colours=codes,
            palette=self._splat_palette,
            radius=float(np.clip(radius * ratio, 0.75, 24)),
            width=max(1, round(width * ratio)),
            height=max(1, round(height * ratio)),
            background=back,
            mixed=True,
            on_top=self._on_top,
        )
        frame = self._rasteriser.draw_density(splat) if density else self._rasteriser.draw(splat)
        self._frame, self._rows_in_view = frame, None
        self.frame_number += 1
        rows, columns = frame.pixels.shape[:2]
        image = QImage(
            frame.pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGBX8888
        ).copy()
        image.setDevicePixelRatio(ratio)
        return image

    @property
    def drawn(self) -> int:
        """Points in the last frame."""
        return 0 if self._frame is None else self._frame.drawn

    def row_at(self, x: float, y: float, ratio: float) -> int | None:
        """The point under a logical pixel, else the nearest within a few; one look-up."""
        if self._frame is None:
            return None
        ids = self._frame.ids
        column, line = int(x * ratio), int(y * ratio)
        if not (0 <= line < ids.shape[0] and 0 <= column < ids.shape[1]):
            return None
        found = int(ids[line, column])
        if found < 0:
            found = _nearest_id(ids, column, line, max(1, round(PICK_REACH_PX * ratio)))
        return int(self._order[found]) if found >= 0 else None

    def rows_in_view(self) -> NDArray[np.int64]:
        """Rows that own at least one pixel of the last frame."""
        if self._frame is None:
            return np.zeros(0, np.int64)
        if self._rows_in_view is None:
            owners = np.unique(self._frame.ids)
            self._rows_in_view = np.asarray(self._order[owners[owners >= 0]])
        return self._rows_in_view

    def rows_inside(self, polygon: Points, pixels: Points) -> NDArray[np.int64]:
        """Visible rows whose pixel positions lie in a polygon."""
        inside = self._rasteriser.inside(pixels, polygon)
        return np.flatnonzero(inside & self.visible())

    def _codes_now(self, background: NDArray[np.uint8]) -> NDArray[np.uint8] | NDArray[np.uint16]:
        if self._splat_codes is not None:
            return self._splat_codes
        count = len(self._order)
        codes = self._codes if len(self._codes) == count else np.zeros(count, np.uint8)
        palette = self._palette
        fits = 2 * len(palette) <= np.iinfo(np.uint16).max
        if fits and len(self._selected) and self._selected[-1] < count:
            # The palette twice: as it is, and faded for what is not selected.
            faded = palette.astype(np.float32)
            faded[:, :3] = background[:3] + (faded[:, :3] - background[:3]) * _DIMMED
            doubled = np.vstack([palette, np.rint(faded).astype(np.uint8)])
            wide = codes.astype(np.uint16) + np.uint16(len(palette))
            wide[self._selected] -= np.uint16(len(palette))
            codes, palette = wide, doubled
        self._splat_palette = np.ascontiguousarray(palette)
        ordered: NDArray[np.uint8] | NDArray[np.uint16] = codes[self._order]
        self._splat_codes = ordered
        return ordered


def _nearest_id(ids: NDArray[np.int32], column: int, line: int, reach: int) -> int:
    top, left = max(0, line - reach), max(0, column - reach)
    near = ids[top : line + reach + 1, left : column + reach + 1]
    ys, xs = np.nonzero(near >= 0)
    if not len(ys):
        return -1
    squares = (ys + top - line) ** 2 + (xs + left - column) ** 2
    best = int(np.argmin(squares))
    return int(near[ys[best], xs[best]]) if squares[best] <= reach * reach else -1
