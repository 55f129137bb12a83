"""Paints discs around the keys dropped into a grid.

The picture is walked in tiles that fit the processor's nearer caches.
"""

from typing import Any

import numpy as np
from numba import types

from latentviewer.kernels.compiling import inner, kernel, read_only
from latentviewer.kernels.disc import SMALL_REACH
from latentviewer.kernels.edges import blend, dye, fade, place
from latentviewer.kernels.winners import (
    SPARSE,
    STRIP,
    collect,
    list_spots,
    look_up_held,
    prepare,
    run_rows,
    spread_row,
    take_row,
)

Array = np.ndarray[Any, Any]

# A tile's pixels; around them lies one more on each side, where only the winners are known.
TILE_WIDTH = STRIP - 2
_TILE_HEIGHT = 48


@inner()
def _find_winners(
    top: int, left: int, rows: int, grids: Array, stride: int, layout: Array, disc: Array,
    spans: Array, runs: Array, small: Array, joined: Array, cells: Array, parts: Array,
    floats: Array, masks: Array, held: Array, spots: Array, u: Array, best: Array,
    places: Array, orders: Array, ways: Array, indices: Array, filled: Array,
) -> bool:  # fmt: skip
    """Winners of `rows` rows of STRIP pixels from the grid's cell (top, left) on.

    Returns:
        Whether there is any point.
    """
    reach, column_bits, low_bits = layout[0], layout[1], layout[2]
    wide = STRIP + 2 * reach
    something = False
    # As many rows more on both sides as `spread_row` may reach beyond the tile's.
    flat_best, flat_cells = best.reshape(best.size), cells.reshape(cells.size)
    for i in range(flat_best.size):
        flat_best[i] = 0
    for r in range(rows + 2 * reach):
        start = (top + r) * stride + left
        held[r] = collect(grids, start, wide, low_bits, r * wide, flat_cells, parts)
        if not held[r]:
            continue
        something = True
        if small.size and held[r] > SPARSE:
            look_up_held(parts, r * wide, wide, small, masks)
            spread_row(flat_cells, r * wide, masks, r * STRIP, flat_best)
            continue
        row_parts = parts[r * wide : (r + 1) * wide]
        prepare(row_parts, wide, disc[0], floats[0, r], floats[1, r], floats[2, r])
        if held[r] <= SPARSE:
            list_spots(cells[r], spots[r])
        else:
            run_rows(cells[r], reach, runs, joined[r])
    if not something:
        return False
    for r in range(rows):
        filled[r] = False
        for dy in range(-reach, reach + 1):
            s = r + reach - dy
            if not held[s]:
                continue
            filled[r] = True
            if not small.size or held[s] <= SPARSE:
                take_row(
                    held[s], spots[s], cells[s], floats[0, s], floats[1, s], floats[2, s],
                    joined[s], dy, spans[dy + reach], reach, column_bits, u,
                    best[r + 2 * SMALL_REACH],
                )  # fmt: skip
        if filled[r]:
            place(
                r, flat_best, (r + 2 * SMALL_REACH) * STRIP, parts, wide, reach, column_bits,
                low_bits, layout[5], layout[6], places, orders, ways, indices,
            )  # fmt: skip
        else:
            for x in range(r * STRIP, (r + 1) * STRIP):
                orders[x], indices[x] = 0, -1
    return True


# Slices of arrays count references, which took a seventh of the time of a dense picture, and
# assigning them does not vectorise. So what works on a row takes the whole and where it starts.


@inner()
def _copy(source: Array, start: int, count: int, to: Array, at: int) -> None:
    for x in range(count):
        to[np.uint64(at + x)] = source[np.uint64(start + x)]


@inner()
def _fill(value: Any, count: int, to: Array, at: int) -> None:
    for x in range(count):
        to[np.uint64(at + x)] = value


_ARGUMENTS = (
    types.int64,
    types.int64,
    types.int64,
    read_only(types.int64, 1),
    read_only(types.float32, 1),
    read_only(types.int64, 2),
    read_only(types.int64, 1),
    read_only(types.uint32, 1),
    read_only(types.uint8, 1),
    read_only(types.uint16, 1),
    read_only(types.uint32, 1),
    types.uint32,
    read_only(types.float32, 1),
    types.uint32[:, ::1],
    types.int32[:, ::1],
)


@kernel(
    types.void(types.uint32[:, ::1], *_ARGUMENTS), types.void(types.uint64[:, ::1], *_ARGUMENTS)
)
def paint(
    grids: Array,
    begin: int,
    end: int,
    stride: int,
    layout: Array,
    disc: Array,
    spans: Array,
    runs: Array,
    small: Array,
    codes8: Array,
    codes16: Array,
    palette: Array,
    background: Any,
    cue: Array,
    pixels: Array,
    ids: Array,
) -> None:
    """Paints the tiles from `begin` to `end`.

    Args:
        grids: (parts, cells) of what `latentviewer.kernels.drop` left.
        stride: cells in a row of a grid; see `row_stride`.
        layout: the disc's reach and column bits; the key's low, rank, depth and turn bits,
            and what turns a rank back.
        disc: hold, touch and slope.
        spans, runs, small: `spans`, `runs` and `held` of `latentviewer.kernels.disc.Disc`.
        codes8, codes16: the points' colours; the one not in use is empty.
        palette, background: packed; see `latentviewer.kernels.ink.Inks`.
        cue: near, slope and fade of the depth cue.
        pixels: (height, width) uint32, premultiplied RGBA.
        ids: (height, width) int32.
    """
    height, width = ids.shape
    reach, low_bits, rank_bits, depth_bits = layout[0], layout[2], layout[3], layout[4]
    wide, deepest = STRIP + 2 * reach, _TILE_HEIGHT + 2 + 2 * reach
    cells = np.empty((deepest, wide), grids.dtype)
    parts, floats = np.empty(deepest * wide, np.int32), np.empty((3, deepest, wide), np.float32)
    held, spots = np.empty(deepest, np.int64), np.empty((deepest, SPARSE), np.int64)
    u, joined = np.empty(wide, np.float32), np.empty((deepest, runs.size, STRIP), grids.dtype)
    masks = np.empty(wide, np.uint32)
    best = np.empty((_TILE_HEIGHT + 2 + 4 * SMALL_REACH, STRIP), grids.dtype)
    size = (_TILE_HEIGHT + 2) * STRIP
    orders, indices = np.empty(size, grids.dtype), np.empty(size, np.int32)
    ways, places = np.zeros((3, size), np.float32), np.empty(STRIP, np.int32)
    inks = np.zeros(size, np.uint32)
    filled = np.empty(_TILE_HEIGHT + 2, np.bool_)
    raw, out = np.empty(STRIP, np.int32), np.empty(STRIP, np.uint32)
    depths = raw.view(np.float32)
    flat_pixels, flat_ids = pixels.reshape(pixels.size), ids.reshape(ids.size)
    across = (width + TILE_WIDTH - 1) // TILE_WIDTH
    tiles = across * ((height + _TILE_HEIGHT - 1) // _TILE_HEIGHT)
    for tile in range(begin, min(end, tiles)):
        x0, y0 = (tile % across) * TILE_WIDTH, (tile // across) * _TILE_HEIGHT
        x1, y1 = min(x0 + TILE_WIDTH, width), min(y0 + _TILE_HEIGHT, height)
        rows = y1 - y0 + 2
        if not _find_winners(
            y0 + 1, x0 + 1, rows, grids, stride, layout, disc, spans, runs, small, joined, cells,
            parts, floats, masks, held, spots, u, best, places, orders, ways, indices, filled,
        ):  # fmt: skip
            for y in range(y0, y1):
                _fill(background, x1 - x0, flat_pixels, y * width + x0)
                _fill(np.int32(-1), x1 - x0, flat_ids, y * width + x0)
            continue
        for r in range(rows):
            if not filled[r]:
                _fill(np.uint32(0), STRIP, inks, r * STRIP)
            else:
                dye(r * STRIP, indices, codes8, codes16, palette, inks)
                if depth_bits:
                    fade(
                        r * STRIP, orders, low_bits + rank_bits, depth_bits, cue, background,
                        raw, depths, inks,
                    )  # fmt: skip
        for r in range(1, rows - 1):
            at, to = r * STRIP + 1, (y0 + r - 1) * width + x0
            _copy(indices, at, x1 - x0, flat_ids, to)
            if filled[r - 1] or filled[r] or filled[r + 1]:
                blend(
                    r * STRIP, orders, ways, inks, disc[1], disc[2], background, out
                )  # fmt: skip
                _copy(out, 1, x1 - x0, flat_pixels, to)
            else:
                _fill(background, x1 - x0, flat_pixels, to)


def tile_count(width: int, height: int) -> int:
    """Tiles of a picture."""
    return -(-width // TILE_WIDTH) * -(-height // _TILE_HEIGHT)


def row_stride(width: int, reach: int) -> int:
    """Cells in a row of a grid, so that the last tile finds all it reads."""
    return -(-width // TILE_WIDTH) * TILE_WIDTH + 2 * reach + 8
