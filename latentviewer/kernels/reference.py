"""A rasteriser in plain numpy: the same pictures, ready before numba has loaded.

It serves the window's first frames and the tests, as the measure of the fast one. Both read
the same definitions from `latentviewer.kernels.disc`, `.grid`, `.keys` and `.ink`.
"""

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.ports import Frame, Splat
from latentviewer.kernels.disc import STEP_BITS, STEPS, UNIT, Disc, make_disc
from latentviewer.kernels.grid import Grid, make_grid
from latentviewer.kernels.ink import DepthCue, Inks, make_cue, make_inks, straight
from latentviewer.kernels.keys import KeyLayout, key_layout

Ints = NDArray[np.int64]

_BESIDE = ((0, -1), (0, 1), (-1, 0), (1, 0))


class NumpyRasteriser:
    """Draws what `latentviewer.kernels.rasteriser.NumbaRasteriser` draws, more slowly."""

    def draw(self, splat: Splat) -> Frame:
        """Draws a frame.

        Raises:
            ValueError: arrays whose shapes or types do not fit together.
        """
        disc = make_disc(splat.radius)
        grid, inks, cue = make_grid(splat, disc), make_inks(splat), make_cue(splat)
        keys = key_layout(splat, disc)
        shown, cells, depths, drawn = _drop(splat, grid, inks, keys)
        best, beside, down = _winners(cells, grid, disc)
        ids = np.full((splat.height + 2, splat.width + 2), -1, np.int32)
        held = best > 0
        ids[held] = shown[best[held] - 1]
        pixels = _colours(splat, best, beside, down, shown, depths, disc, inks, cue)
        picture = np.ascontiguousarray(pixels[1:-1, 1:-1]).view(np.uint8)
        picture = picture.reshape(splat.height, splat.width, 4)
        if splat.background[3] < 255:
            straight(picture)
        return Frame(picture, np.ascontiguousarray(ids[1:-1, 1:-1]), drawn)

    def draw_density(self, splat: Splat) -> Frame:
        """Discs: shading by density waits for the fast rasteriser."""
        return self.draw(splat)

    def inside(
        self, points: NDArray[np.float32], polygon: NDArray[np.float32]
    ) -> NDArray[np.bool_]:
        """Which of (n, 2) points lie in the (m, 2) polygon, by the even-odd rule; exact."""
        inside = np.zeros(len(points), np.bool_)
        if len(polygon) < 3 or not len(points):
            return inside
        x, y = points[:, 0].astype(np.float64), points[:, 1].astype(np.float64)
        corners = polygon.astype(np.float32).astype(np.float64)
        for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            near = np.flatnonzero((y1 > y) != (y2 > y))
            side = (x2 - x1) * (y[near] - y1) - (x[near] - x1) * (y2 - y1)
            crossed = near[((side > 0.0) == (y2 > y1)) & (side != 0.0)]
            inside[crossed] = ~inside[crossed]
        return inside


def _drop(
    splat: Splat, grid: Grid, inks: Inks, keys: KeyLayout
) -> tuple[Ints, Ints, NDArray[np.float32], int]:
    """The points that are left when each cell keeps one, from the lowest to the topmost.

    Returns:
        Their indices; (m, 3) column and row of their cells and sub-pixel position; their
        depths; and how many visible centres lie in the picture.
    """
    points = splat.coordinates
    with np.errstate(invalid="ignore", over="ignore"):
        to = grid.to_cells
        place = [_affine(points, to[axis]) for axis in range(2 + (keys.depth_bits > 0))]
        x = np.minimum(np.where(place[0] > 0, place[0], np.float32(0)), grid.rim[0])
        y = np.minimum(np.where(place[1] > 0, place[1], np.float32(0)), grid.rim[1])
    left, top, right, bottom = grid.frame
    seen = inks.visible[splat.colours] > 0
    drawn = int(((x >= left) & (x < right) & (y >= top) & (y < bottom) & seen).sum())
    column, row = x.astype(np.int64) >> STEP_BITS, y.astype(np.int64) >> STEP_BITS
    off_rim = (column > 0) & (row > 0) & (column < grid.columns - 1) & (row < grid.rows - 1)
    shown = np.flatnonzero(seen & off_rim)
    shown = shown[np.argsort(keys.ranks(len(points))[shown], kind="stable")]
    depths = np.zeros(len(points), np.float32)
    if keys.depth_bits:
        depths = place[2]
        raw = depths.view(np.int32)
        turned = np.where(raw < 0, raw, raw ^ np.int32(0x7FFFFFFF)).view(np.uint32)
        kept = turned >> np.uint32(32 - keys.depth_bits)
        shown = shown[np.argsort(kept[shown], kind="stable")]
        # The depth as far as the key holds it.
        back = (kept << np.uint32(32 - keys.depth_bits)).view(np.int32)
        depths = np.where(back < 0, back, back ^ np.int32(0x7FFFFFFF)).view(np.float32)
    last = np.full(grid.columns * grid.rows, -1, np.int64)
    np.maximum.at(last, row[shown] * grid.columns + column[shown], np.arange(len(shown)))
    shown = shown[np.sort(last[last >= 0])]
    part = ((y[shown].astype(np.int64) % STEPS) << STEP_BITS) | (x[shown].astype(np.int64) % STEPS)
    return shown, np.stack([column[shown], row[shown], part], axis=1), depths[shown], drawn


def _affine(points: NDArray[np.float32], row: NDArray[np.float32]) -> NDArray[np.float32]:
    total = row[0] * points[:, 0] + row[1] * points[:, 1]
    if points.shape[1] == 3:
        total = total + row[2] * points[:, 2]
    return np.asarray(total + row[3], np.float32)


def _winners(
    cells: Ints, grid: Grid, disc: Disc
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Which disc holds each pixel, for the picture and one pixel around it.

    Returns:
        1 + the place in `cells` of the topmost disc, 0 where none holds; and the way from its
        centre to the pixel's middle in UNIT, across and down.
    """
    border = disc.reach + 1
    height, width = grid.rows - 2 * border, grid.columns - 2 * border
    best = np.zeros(height * width, np.int32)
    across, down = np.zeros_like(best), np.zeros_like(best)
    column, row = (cells[:, 0] - border).astype(np.int32), (cells[:, 1] - border).astype(np.int32)
    ex = (STEPS - 1 - 2 * (cells[:, 2] % STEPS)).astype(np.int32)
    ey = (STEPS - 1 - 2 * (cells[:, 2] >> STEP_BITS)).astype(np.int32)
    order = np.arange(1, len(cells) + 1, dtype=np.int32)
    inner = (column >= disc.reach) & (column < width - disc.reach)
    inner &= (row >= disc.reach) & (row < height - disc.reach)
    all_inner = bool(inner.all())
    at = row * np.int32(width) + column
    for dy, dx, always in disc.neighbours.tolist():
        right, below = ex + np.int32(dx * UNIT), ey + np.int32(dy * UNIT)
        kept = np.ones(len(cells), np.bool_) if always else _square(right, below) <= disc.hold
        if not all_inner:
            x, y = column + dx, row + dy
            kept &= (x >= 0) & (x < width) & (y >= 0) & (y < height)
        target = at + np.int32(dy * width + dx)
        # Two cells never reach the same pixel in the same direction, so nothing is lost.
        kept[kept] = order[kept] > best[target[kept]]
        target = target[kept]
        best[target], across[target], down[target] = order[kept], right[kept], below[kept]
    shape = (height, width)
    return best.reshape(shape), across.reshape(shape), down.reshape(shape)


def _square(across: NDArray[np.int32], down: NDArray[np.int32]) -> NDArray[np.int32]:
    return across * across + down * down


def _colours(
    splat: Splat,
    best: NDArray[np.int32],
    across: NDArray[np.int32],
    down: NDArray[np.int32],
    shown: Ints,
    depths: NDArray[np.float32],
    disc: Disc,
    inks: Inks,
    cue: DepthCue,
) -> NDArray[np.uint32]:
    """Packed, premultiplied colours; of the outermost pixels only that there are some."""
    colour_of = inks.palette[splat.colours[shown]].view(np.uint8).reshape(-1, 4).astype(np.float32)
    ground = np.atleast_1d(inks.background).view(np.uint8).astype(np.float32)
    if cue.fade > 0.0:
        amount = cue.of(depths)[:, None]
        moved = colour_of[:, :3] + amount * (ground[:3] - colour_of[:, :3])
        colour_of[:, :3] = np.floor(moved + np.float32(0.5))
    packed = colour_of.astype(np.uint8).view(np.uint32)[:, 0]
    flat = np.concatenate([np.array([inks.background]), packed])
    pixels = flat[best]
    middle = best[1:-1, 1:-1]
    rows, columns = middle.shape
    edge = np.zeros((rows, columns), np.bool_)
    for dy, dx in _BESIDE:
        edge |= best[1 + dy : rows + 1 + dy, 1 + dx : columns + 1 + dx] != middle
    # Where all four pixels beside show the same disc, it covers this one fully.
    at = np.flatnonzero(edge)
    at = (at // columns + 1) * (columns + 2) + at % columns + 1
    pixels.reshape(-1)[at] = _edge_colours(
        at, best.reshape(-1), across.reshape(-1), down.reshape(-1), columns + 2, colour_of,
        ground, disc,
    )  # fmt: skip
    return pixels


def _edge_colours(
    at: Ints,
    best: NDArray[np.int32],
    across: NDArray[np.int32],
    down: NDArray[np.int32],
    width: int,
    colour_of: NDArray[np.float32],
    ground: NDArray[np.float32],
    disc: Disc,
) -> NDArray[np.uint32]:
    own = best[at]
    above, below = own.copy(), np.zeros_like(own)
    touch = np.int32(disc.touch)
    above_far, below_far = np.empty_like(own), np.empty_like(own)
    for dy, dx in _BESIDE:
        step = dy * width + dx
        other = best[at + step]
        for layer, layer_far, better in (
            (above, above_far, other > above),
            (below, below_far, (other < own) & (other > below)),
        ):
            rows = np.flatnonzero(better)
            beside = at[rows] + step
            far = _square(across[beside] - np.int32(dx * UNIT), down[beside] - np.int32(dy * UNIT))
            near = far < touch
            rows = rows[near]
            layer[rows], layer_far[rows] = other[rows], far[near]
    whole = np.float32(256.0)
    cover = np.zeros((3, len(at)), np.float32)
    layers = (above, own, below)
    fars = (above_far, _square(across[at], down[at]), below_far)
    for k, there in enumerate((above > own, own > 0, below > 0)):
        far = fars[k][there].astype(np.float32)
        reached = (np.float32(disc.touch) - far) * (np.float32(disc.slope) * whole)
        cover[k, there] = np.minimum(reached, whole)
    left = whole - cover[0]
    cover[1] = np.minimum(cover[1], left)
    cover[2] = np.minimum(cover[2], left - cover[1])
    # Of 256 parts of the pixel, those that each layer has.
    half = np.float32(0.5)
    above_part = (cover[0] + half).astype(np.int32)
    own_part = np.minimum((cover[1] + half).astype(np.int32), 256 - above_part)
    rest = 256 - above_part - own_part
    below_part = np.minimum((cover[2] + half).astype(np.int32), rest)
    inks = np.concatenate([np.zeros((1, 4), np.int32), colour_of.astype(np.int32)])
    mixed = np.multiply.outer(rest - below_part, ground.astype(np.int32)) + 128
    for layer, part in zip(layers, (above_part, own_part, below_part), strict=True):
        rows = np.flatnonzero(part)
        mixed[rows] += part[rows, None] * inks.take(layer[rows], axis=0)
    packed: NDArray[np.uint32] = (mixed >> 8).astype(np.uint8).view(np.uint32)[:, 0]
    return packed
