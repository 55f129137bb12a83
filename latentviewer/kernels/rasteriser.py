"""The fast rasteriser: discs by the million on the processor, with an exact id for each pixel.

Drop, join, dilate, colour: every point is stored once, into the pixel under its centre; the
layers of the picture are then maxima over each pixel's neighbourhood, so painting costs the
same for a million points and for ten million.
"""

from collections.abc import Callable, Iterator
from itertools import product
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.ports import Frame, Splat
from latentviewer.kernels.crew import share_out, thread_count
from latentviewer.kernels.density import (
    count_points,
    gaussian_weights,
    shade,
    smooth_columns,
    smooth_rows,
)
from latentviewer.kernels.disc import make_disc
from latentviewer.kernels.drop import drop_2d, drop_3d
from latentviewer.kernels.grid import make_grid
from latentviewer.kernels.ink import make_cue, make_inks, straight
from latentviewer.kernels.keys import key_layout
from latentviewer.kernels.lasso import inside_polygon
from latentviewer.kernels.paint import paint, row_stride, tile_count

_PIECE = 131_072
_SHARES_PER_THREAD = 12
# Each thread drops into a grid of its own; more of them than this crowd the cache.
_MOST_GRIDS = 8


Sums = NDArray[np.float32]


class NumbaRasteriser:
    """Draws points as smooth discs.

    A picture's pixel (row i, column j) spans j..j+1 to the right and i..i+1 downwards; its
    middle is at the half. Each point is known by the pixel its centre lies in and by its
    place in it, rounded to 1/16 pixel, so that a drawn centre is at most 1/32 pixel off along
    each axis. In each pixel only one centre counts: the one on top by the order of the splat;
    in 3D the nearest one, and by that order among equally near ones. Of the points that count,
    a pixel's id is the topmost whose disc holds the pixel's middle, its rim included. So a
    point that shares its pixel with one on top of it cannot be picked, though its disc could
    stick out behind the other's by less than a pixel.

    Depth is compared as float32, in 3D pictures of more than 262,143 points perhaps without
    its last bits; see `latentviewer.kernels.keys`. Farther points fade towards the background.

    Edges are smooth; see `latentviewer.kernels.edges`. Radii are kept within the limits of
    `latentviewer.kernels.disc`; colours of codes beyond the palette are not seen. Points with
    NaN are not drawn. Every frame's arrays are new and belong to the receiver. Any thread may
    draw; drawings wait for each other.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[type, NDArray[Any]] = {}

    def draw(self, splat: Splat) -> Frame:
        """Draws a frame.

        Raises:
            ValueError: arrays whose shapes or types do not fit together.
        """
        n, deep = len(splat.coordinates), splat.coordinates.shape[-1] == 3
        disc = make_disc(splat.radius)
        grid, inks, cue = make_grid(splat, disc), make_inks(splat), make_cue(splat)
        keys = key_layout(splat, disc)
        coordinates = np.ascontiguousarray(splat.coordinates)
        codes8, codes16 = _codes(splat)
        stride = row_stride(splat.width, disc.reach)
        where = (grid.to_cells, stride, codes8, codes16, inks.visible, inks.some_hidden)
        bounds = (grid.rim, grid.frame)
        order = (keys.low_bits, keys.turn_bits, keys.turn, keys.top_from)
        layout = [
            disc.reach, disc.column_bits, keys.low_bits, keys.rank_bits, keys.depth_bits,
            keys.turn_bits, keys.back,
        ]  # fmt: skip
        colours = (codes8, codes16, inks.palette, inks.background)
        pixels = np.empty((splat.height, splat.width), np.uint32)
        ids = np.empty((splat.height, splat.width), np.int32)
        threads = _threads(n)
        with self._lock:
            grids = self._room(keys.kind, threads, stride * grid.rows)

            def drop(thread: int, pieces: Iterator[int]) -> int:
                own, drawn = grids[thread], 0
                own.fill(0)
                for piece in pieces:
                    span = (piece * _PIECE, min((piece + 1) * _PIECE, n))
                    if deep:
                        bits = (keys.rank_bits, keys.depth_bits)
                        drawn += drop_3d(*span, coordinates, *where, *bounds, *order, *bits, own)
                    else:
                        drawn += drop_2d(*span, coordinates, *where, *bounds, *order, own)
                return drawn

            drawn = sum(share_out(drop, max(threads, -(-n // _PIECE)), threads))
            shape = np.array([disc.hold, disc.touch, disc.slope], np.float32)
            fading = np.array([cue.near, cue.slope, cue.fade], np.float32)
            how = (stride, np.array(layout, np.int64), shape, disc.spans, disc.runs, disc.held)
            tiles = tile_count(splat.width, splat.height)
            share = -(-tiles // (_SHARES_PER_THREAD * thread_count()))

            def colour(_thread: int, pieces: Iterator[int]) -> None:
                for piece in pieces:
                    span = (piece * share, (piece + 1) * share)
                    paint(grids, *span, *how, *colours, fading, pixels, ids)

            share_out(colour, -(-tiles // share), thread_count())
        return Frame(_picture(pixels, splat), ids, drawn)

    def draw_density(self, splat: Splat) -> Frame:
        """Draws how many points lie where, instead of discs; ids are those of `draw`.

        Raises:
            ValueError: arrays whose shapes or types do not fit together.
        """
        frame = self.draw(splat)
        disc = make_disc(splat.radius)
        grid, inks = make_grid(splat, disc), make_inks(splat)
        tints = inks.palette.view(np.uint8).reshape(-1, 4).astype(np.float32)
        tints[:, 3] /= np.float32(255.0)
        tints[:, :3] *= tints[:, 3:]
        weights = gaussian_weights(disc.radius)
        coordinates, codes = np.ascontiguousarray(splat.coordinates), _codes(splat)
        n, threads = len(coordinates), min(_threads(len(coordinates)), 4)
        sums = np.zeros((threads, grid.rows * grid.columns, 4), np.float32)

        def count(thread: int, pieces: Iterator[int]) -> None:
            for piece in pieces:
                span = (piece * _PIECE, min((piece + 1) * _PIECE, n))
                count_points(
                    *span, coordinates, grid.to_cells, grid.columns, *codes, inks.visible,
                    grid.rim, grid.frame, tints, sums[thread],
                )  # fmt: skip

        share_out(count, -(-n // _PIECE), threads)
        total = sums.sum(axis=0).reshape(grid.rows, grid.columns, 4)[1:-1, 1:-1]
        total = np.ascontiguousarray(total)
        rows, half = len(total), np.empty_like(total)

        def smooth(kernel: Callable[..., None], source: Sums, to: Sums) -> None:
            def work(_thread: int, pieces: Iterator[int]) -> None:
                for piece in pieces:
                    kernel(piece * 32, min(piece * 32 + 32, rows), source, weights, to)

            share_out(work, -(-rows // 32), thread_count())

        smooth(smooth_rows, total, half)
        smooth(smooth_columns, half, total)
        edge = disc.reach + 1
        inner = total[edge : edge + splat.height, edge : edge + splat.width]
        alone = float(weights[0]) ** 2
        pixels = shade(inner, alone, splat.background).view(np.uint32)[..., 0]
        return Frame(_picture(pixels, splat), frame.ids, frame.drawn)

    def warm(self) -> None:
        """Runs every kernel once, so that none is loaded when a person waits for it."""
        for dims, kind in product((2, 3), (np.uint8, np.uint16)):
            splat = Splat(
                np.zeros((1, dims), np.float32),
                np.eye(dims, dims + 1, dtype=np.float32),
                np.zeros(1, kind),
                np.full((1, 4), 255, np.uint8),
                1.0,
                4,
                4,
                np.zeros(4, np.uint8),
            )
            self.draw_density(splat)
        corners = np.array([[0, 0], [1, 0], [0, 1]], np.float32)
        self.inside(corners, corners)

    def _room(self, kind: type, parts: int, cells: int) -> NDArray[Any]:
        """Memory for grids, (parts, cells); that of the frame before where it is enough."""
        kept = self._kept.get(kind)
        if kept is None or kept.size < parts * cells:
            kept = self._kept[kind] = np.empty(parts * cells, kind)
        return kept[: parts * cells].reshape(parts, cells)

    def inside(
        self, points: NDArray[np.float32], polygon: NDArray[np.float32]
    ) -> NDArray[np.bool_]:
        """Which of (n, 2) points lie in the (m, 2) polygon; see `latentviewer.kernels.lasso`."""
        return inside_polygon(points, polygon)


def warm() -> None:
    """Loads the kernels into this process; the first time on a machine, compiles them."""
    NumbaRasteriser().warm()


def _codes(splat: Splat) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """The colours as the kernels take them: two arrays, of which one is empty."""
    codes = np.ascontiguousarray(splat.colours)
    small = codes.dtype == np.uint8
    return (
        codes.view(np.uint8) if small else np.empty(0, np.uint8),
        np.empty(0, np.uint16) if small else codes.view(np.uint16),
    )


def _threads(n: int) -> int:
    """For how many threads dropping n points is enough work."""
    return min(thread_count(), _MOST_GRIDS, 1 + n // _PIECE)


def _picture(pixels: NDArray[np.uint32], splat: Splat) -> NDArray[np.uint8]:
    picture = pixels.view(np.uint8).reshape(splat.height, splat.width, 4)
    if splat.background[3] < 255:
        straight(picture)
    return picture
