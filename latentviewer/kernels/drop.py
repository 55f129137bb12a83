"""Drops every point into the pixel under its centre; the greatest key of a pixel stays."""

from typing import Any

import numpy as np
from numba import types

from latentviewer.kernels.compiling import inner, kernel, read_only
from latentviewer.kernels.disc import STEP_BITS, STEPS

Array = np.ndarray[Any, Any]

BLOCK = 1024


@inner()
def locate(
    flat: Array,
    dims: int,
    count: int,
    to_cells: Array,
    stride: int,
    rim: Array,
    frame: Array,
    cells: Array,
    parts: Array,
    within: Array,
) -> None:
    """Cell, sub-pixel position and whether the centre lies in the picture, for a block.

    Points beyond the grid end on its rim, which painting never reads. A NaN fails every
    comparison and lands on the rim too.
    """
    a0, a1, a2, a3 = to_cells[0, 0], to_cells[0, 1], to_cells[0, 2], to_cells[0, 3]
    b0, b1, b2, b3 = to_cells[1, 0], to_cells[1, 1], to_cells[1, 2], to_cells[1, 3]
    zero = np.float32(0.0)
    last_x, last_y = rim[0], rim[1]
    left, top, right, bottom = frame[0], frame[1], frame[2], frame[3]
    shift, wide, step = np.int32(STEP_BITS), np.int32(stride), np.int32(STEPS - 1)
    for j in range(count):
        if dims == 2:
            px, py = flat[2 * j], flat[2 * j + 1]
            x = (a0 * px + a1 * py) + a3
            y = (b0 * px + b1 * py) + b3
        else:
            px, py, pz = flat[3 * j], flat[3 * j + 1], flat[3 * j + 2]
            x = ((a0 * px + a1 * py) + a2 * pz) + a3
            y = ((b0 * px + b1 * py) + b2 * pz) + b3
        x = x if x > zero else zero
        y = y if y > zero else zero
        x = x if x < last_x else last_x
        y = y if y < last_y else last_y
        within[j] = np.uint8((x >= left) & (x < right) & (y >= top) & (y < bottom))
        xi, yi = np.int32(x), np.int32(y)
        cells[j] = np.int32(yi >> shift) * wide + np.int32(xi >> shift)
        parts[j] = np.uint32(((yi & step) << shift) | (xi & step))


@inner()
def _number(
    count: int, start: int, low_bits: int, turn_bits: int, turn: int, top_from: int,
    parts: Array, keys: Array,
) -> None:  # fmt: skip
    """Keys without depth, of `count` points from index `start` on."""
    kind = keys.dtype.type
    up, first, by = kind(low_bits), kind(start + 1), kind(turn)
    mask, high, top = kind((1 << turn_bits) - 1), kind(1 << turn_bits), top_from - start
    for j in range(count):
        rank = kind(kind(kind(first + kind(j)) * by) & mask)
        rank = kind(rank | high) if j >= top else rank
        keys[j] = kind(rank << up) | kind(parts[j])


@inner()
def _sum(flags: Array, count: int) -> Any:
    total = np.int32(0)
    for j in range(count):
        total += np.int32(flags[j])
    return total


@inner()
def hide(
    start: int,
    count: int,
    codes8: Array,
    codes16: Array,
    visible: Array,
    cells: Array,
    within: Array,
) -> None:
    """Sends the points of hidden colours to the rim."""
    if codes8.size:
        for j in range(count):
            if not visible[codes8[start + j]]:
                cells[j], within[j] = np.int32(0), np.uint8(0)
    else:
        for j in range(count):
            if not visible[codes16[start + j]]:
                cells[j], within[j] = np.int32(0), np.uint8(0)


_where = (
    types.int64,
    types.int64,
    read_only(types.float32, 2),
    read_only(types.float32, 2),
    types.int64,
    read_only(types.uint8, 1),
    read_only(types.uint16, 1),
    read_only(types.uint8, 1),
    types.boolean,
    read_only(types.float32, 1),
    read_only(types.float32, 1),
    types.int64,
    types.int64,
    types.int64,
    types.int64,
)


@kernel(types.int64(*_where, types.uint32[::1]), types.int64(*_where, types.uint64[::1]))
def drop_2d(
    begin: int,
    end: int,
    coordinates: Array,
    to_cells: Array,
    stride: int,
    codes8: Array,
    codes16: Array,
    visible: Array,
    some_hidden: bool,
    rim: Array,
    frame: Array,
    low_bits: int,
    turn_bits: int,
    turn: int,
    top_from: int,
    grid: Array,
) -> int:
    """Drops the points from `begin` to `end` of (n, 2).

    Args:
        to_cells, rim, frame: as in `latentviewer.kernels.grid.Grid`.
        stride: cells in a row of the grid.
        codes8, codes16: the points' colours; the one not in use is empty.
        visible: 0 for hidden colours, by code.
        some_hidden: whether `visible` needs looking at.
        low_bits, turn_bits, turn, top_from: as in `latentviewer.kernels.keys.KeyLayout`.
        grid: (cells,) keys.

    Returns:
        How many visible centres lie in the picture.
    """
    flat = coordinates.reshape(coordinates.size)
    cells, parts = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.uint32)
    within, keys = np.empty(BLOCK, np.uint8), np.empty(BLOCK, grid.dtype)
    drawn = 0
    for start in range(begin, end, BLOCK):
        count = min(BLOCK, end - start)
        block = flat[2 * start : 2 * (start + count)]
        locate(block, 2, count, to_cells, stride, rim, frame, cells, parts, within)
        if some_hidden:
            hide(start, count, codes8, codes16, visible, cells, within)
        _number(count, start, low_bits, turn_bits, turn, top_from, parts, keys)
        for j in range(count):
            cell = np.uint32(cells[j])
            grid[cell] = max(grid[cell], keys[j])
        drawn += _sum(within, count)
    return drawn


@inner()
def _measure(flat: Array, count: int, to_cells: Array, depths: Array) -> None:
    a, b, c, d = to_cells[2, 0], to_cells[2, 1], to_cells[2, 2], to_cells[2, 3]
    for j in range(count):
        depths[j] = ((a * flat[3 * j] + b * flat[3 * j + 1]) + c * flat[3 * j + 2]) + d


@kernel(types.int64(*_where, types.int64, types.int64, types.uint64[::1]))
def drop_3d(
    begin: int,
    end: int,
    coordinates: Array,
    to_cells: Array,
    stride: int,
    codes8: Array,
    codes16: Array,
    visible: Array,
    some_hidden: bool,
    rim: Array,
    frame: Array,
    low_bits: int,
    turn_bits: int,
    turn: int,
    top_from: int,
    rank_bits: int,
    depth_bits: int,
    grid: Array,
) -> int:
    """Drops points of (n, 3), their depth on top of the key; else as `drop_2d`."""
    flat = coordinates.reshape(coordinates.size)
    cells, parts = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.uint32)
    within, keys = np.empty(BLOCK, np.uint8), np.empty(BLOCK, np.uint64)
    depths = np.empty(BLOCK, np.float32)
    raw = depths.view(np.int32)
    up, lost = np.uint64(low_bits + rank_bits), np.uint64(32 - depth_bits)
    drawn = 0
    for start in range(begin, end, BLOCK):
        count = min(BLOCK, end - start)
        block = flat[3 * start : 3 * (start + count)]
        locate(block, 3, count, to_cells, stride, rim, frame, cells, parts, within)
        _measure(block, count, to_cells, depths)
        if some_hidden:
            hide(start, count, codes8, codes16, visible, cells, within)
        _number(count, start, low_bits, turn_bits, turn, top_from, parts, keys)
        for j in range(count):
            # A float's bits order by sign and magnitude; turned, nearer is greater.
            turned = np.uint32(raw[j] if raw[j] < 0 else raw[j] ^ np.int32(0x7FFFFFFF))
            keys[j] |= (np.uint64(turned) >> lost) << up
        for j in range(count):
            cell = np.uint32(cells[j])
            grid[cell] = max(grid[cell], keys[j])
        drawn += _sum(within, count)
    return drawn
