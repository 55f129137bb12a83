"""Which disc holds each pixel: a maximum over the cells around it. Inner loops of painting.

Each function works on one stretch of one row and is written so that it vectorises.
"""

from typing import Any

import numpy as np

from latentviewer.kernels.compiling import inner
from latentviewer.kernels.disc import SMALL_SIDE, STEP_BITS, STEPS, UNIT

Array = np.ndarray[Any, Any]

STRIP = 256
# In a stretch of a row with at most so many points, walking them beats walking the pixels.
SPARSE = 12
_NO_BIT, _BIT, _ROW = np.uint32(0), np.uint32(1), np.uint64(STRIP)
_1, _2, _3, _4 = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)


@inner()
def collect(
    grids: Array, start: int, count: int, low_bits: int, at: int, orders: Array, parts: Array
) -> Any:
    """Joins the threads' grids by maximum, and takes the keys apart.

    Args:
        at: where the row starts in `orders` and `parts`, which are flat.
        orders: filled with the keys, their low bits cleared.
        parts: filled with the low bits.

    Returns:
        How many cells hold a point.
    """
    kind = orders.dtype.type
    low = kind((1 << low_bits) - 1)
    high, several = kind(~low), grids.shape[0] > 2
    for t in range(2, grids.shape[0]):
        for x in range(count):
            i, key = np.uint64(at + x), grids[t, np.uint64(start + x)]
            orders[i] = max(orders[i], key) if t > 2 else key
    held, second = np.int32(0), np.uint64(1 if grids.shape[0] > 1 else 0)
    for x in range(count):
        i, j = np.uint64(at + x), np.uint64(start + x)
        key = max(grids[np.uint64(0), j], grids[second, j])
        key = max(key, orders[i]) if several else key
        held += np.int32(key > low)
        parts[i] = np.int32(kind(key & low))
        orders[i] = kind(key & high)
    return held


@inner()
def list_spots(orders: Array, spots: Array) -> None:
    """Where the few points of a row are."""
    count = 0
    for x in range(orders.shape[0]):
        if orders[x] != 0:
            spots[count] = x
            count += 1


@inner(exact=True)
def prepare(parts: Array, count: int, hold: float, base: Array, ex: Array, ey: Array) -> None:
    """Where in its pixel each centre lies, and `hold` less its squared distance to the middle."""
    last, step, limit = np.int32(STEPS - 1), np.int32(STEPS - 1), np.float32(hold)
    shift = np.int32(STEP_BITS)
    for x in range(count):
        part = parts[x]
        dx = np.float32(np.int32(last - np.int32(2) * (part & step)))
        dy = np.float32(np.int32(last - np.int32(2) * ((part >> shift) & step)))
        base[x] = limit - (dx * dx + dy * dy)
        ex[x] = dx
        ey[x] = dy


@inner(exact=True)
def _from_row(base: Array, ey: Array, count: int, up: float, u: Array) -> None:
    k, less = np.float32(2.0 * up), np.float32(up * up)
    for x in range(count):
        u[x] = (base[x] - less) - ey[x] * k


@inner(exact=True)
def _hold(
    orders: Array, u: Array, ex: Array, at: int, across: float, code: Any, best: Array
) -> None:  # fmt: skip
    k, less, zero = np.float32(2.0 * across), np.float32(across * across), np.float32(0.0)
    cells, margins, offsets = orders[at : at + STRIP], u[at : at + STRIP], ex[at : at + STRIP]
    none, kind = best.dtype.type(0), best.dtype.type
    for x in range(STRIP):
        m = (margins[x] - less) - offsets[x] * k
        best[x] = max(best[x], kind(cells[x] | code) if m >= zero else none)


@inner(exact=True)
def _hold_both(
    orders: Array, u: Array, ex: Array, left: int, right: int, across: float, left_code: Any,
    right_code: Any, best: Array,
) -> None:  # fmt: skip
    """As `_hold` from a column on the left and from the one as far on the right."""
    k, less, zero = np.float32(2.0 * across), np.float32(across * across), np.float32(0.0)
    cells, margins, offsets = (
        orders[left : left + STRIP],
        u[left : left + STRIP],
        ex[left : left + STRIP],
    )
    cells_r, margins_r, offsets_r = (
        orders[right : right + STRIP],
        u[right : right + STRIP],
        ex[right : right + STRIP],
    )
    none, kind = best.dtype.type(0), best.dtype.type
    for x in range(STRIP):
        m = (margins[x] - less) - offsets[x] * k
        n = (margins_r[x] - less) + offsets_r[x] * k
        a = kind(cells[x] | left_code) if m >= zero else none
        b = kind(cells_r[x] | right_code) if n >= zero else none
        best[x] = max(best[x], max(a, b))


@inner()
def run_rows(orders: Array, reach: int, runs: Array, joined: Array) -> None:
    """The greatest key of each run of neighbouring cells, with the way back along the row.

    Args:
        orders: of STRIP + 2 · reach cells.
        runs: how many cells a run goes to either side, rising.
        joined: (len(runs), STRIP), filled.
    """
    kind = orders.dtype.type
    for k in range(runs.shape[0]):
        line = joined[k]
        if k == 0:
            middle, code = orders[reach : reach + STRIP], kind(reach)
            for x in range(STRIP):
                line[x] = kind(middle[x] | code)
            done = 0
        else:
            before = joined[k - 1]
            for x in range(STRIP):
                line[x] = before[x]
            done = runs[k - 1]
        for dx in range(done + 1, runs[k] + 1):
            a, b = orders[reach - dx : reach - dx + STRIP], orders[reach + dx : reach + dx + STRIP]
            a_code, b_code = kind(reach + dx), kind(reach - dx)
            for x in range(STRIP):
                line[x] = max(line[x], max(kind(a[x] | a_code), kind(b[x] | b_code)))


@inner()
def _always(joined: Array, code: Any, best: Array) -> None:
    kind = best.dtype.type
    for x in range(STRIP):
        best[x] = max(best[x], kind(joined[x] | code))


@inner(exact=True)
def _walk(
    spots: Array, orders: Array, base: Array, ex: Array, ey: Array, dy: int, widest: int,
    reach: int, column_bits: int, best: Array,
) -> None:  # fmt: skip
    """The same from the few cells of a row that hold a point."""
    up, two, zero = np.float32(dy * UNIT), np.float32(2.0), np.float32(0.0)
    for cell in spots:
        u = (base[cell] - up * up) - ey[cell] * (two * up)
        for dx in range(-widest, widest + 1):
            x = cell - reach + dx
            if x < 0 or x >= STRIP:
                continue
            across = np.float32(dx * UNIT)
            if (u - across * across) - ex[cell] * (two * across) >= zero:
                code = orders.dtype.type(((dy + reach) << column_bits) | (dx + reach))
                best[x] = max(best[x], orders.dtype.type(orders[cell] | code))


@inner()
def take_row(
    held: int, spots: Array, orders: Array, base: Array, ex: Array, ey: Array, joined: Array,
    dy: int, span: Array, reach: int, column_bits: int, u: Array, best: Array,
) -> None:  # fmt: skip
    """Lets the cells of one row compete for the pixels of the row `dy` below it.

    Args:
        held: how many cells hold a point.
        spots: which they are, where they are at most SPARSE.
        orders, base, ex, ey: of STRIP + 2 · reach cells.
        joined: what `run_rows` made of them, where they are more than SPARSE.
        span: the row of the disc's spans for this dy.
        u: room for as many float32.
        best: (STRIP,) keys whose low bits are the way back to the cell.
    """
    if held <= SPARSE:
        _walk(spots[:held], orders, base, ex, ey, dy, span[0], reach, column_bits, best)
        return
    up, row, kind = dy * UNIT, (dy + reach) << column_bits, orders.dtype.type
    if span[1] >= 0:
        _always(joined[span[2]], kind(row), best)
    if span[1] == span[0]:
        return
    _from_row(base, ey, STRIP + 2 * reach, up, u)
    if span[1] < 0:
        _hold(orders, u, ex, reach, 0.0, kind(row | reach), best)
    for dx in range(max(span[1], 0) + 1, span[0] + 1):
        _hold_both(
            orders, u, ex, reach - dx, reach + dx, dx * UNIT, kind(row | (reach + dx)),
            kind(row | (reach - dx)), best,
        )  # fmt: skip


@inner()
def look_up_held(parts: Array, at: int, count: int, held: Array, masks: Array) -> None:
    """Which pixels the centres of a row hold, from their sub-pixel places from `at` on."""
    for x in range(count):
        masks[np.uint64(x)] = held[np.uint32(parts[np.uint64(at + x)])]


@inner()
def _if_held(key: Any, mask: Any, bit: int, none: Any, best: Any) -> Any:
    # numba widens what two uint32 give to 64 bits, and that would halve the speed.
    hit = np.uint32(mask & np.uint32(_BIT << np.uint32(bit))) != _NO_BIT
    return max(best, key if hit else none)


@inner()
def _greatest_of_five(
    row: int, none: Any, a: Any, b: Any, c: Any, d: Any, e: Any, ma: Any, mb: Any, mc: Any,
    md: Any, me: Any,
) -> Any:  # fmt: skip
    """Of five neighbours in a row, the greatest that holds a pixel of the `row`-th of five."""
    bit = SMALL_SIDE * row
    best = _if_held(b, mb, bit + 1, none, _if_held(a, ma, bit, none, none))
    best = _if_held(d, md, bit + 3, none, _if_held(c, mc, bit + 2, none, best))
    return _if_held(e, me, bit + 4, none, best)


@inner()
def spread_row(orders: Array, start: int, masks: Array, at: int, best: Array) -> None:
    """Lets the cells of one row compete for the pixels of the five rows they may hold.

    For discs of reach SMALL_REACH only, which see each cell once for all five rows.

    Args:
        orders: flat; the row's STRIP + 2 · SMALL_REACH cells lie from `start` on.
        masks: of the row's cells.
        at: where the first of the five rows starts in `best`, which is flat.
        best: keys whose low bits are the way back to the cell.
    """
    kind = best.dtype.type
    none = kind(0)
    for x in range(STRIP):
        # A cell on the left holds a pixel on its right.
        i, j = np.uint64(start + x), np.uint64(x)
        e, me = kind(orders[i] | kind(4)), masks[j]
        d, md = kind(orders[i + _1] | kind(3)), masks[j + _1]
        c, mc = kind(orders[i + _2] | kind(2)), masks[j + _2]
        b, mb = kind(orders[i + _3] | kind(1)), masks[j + _3]
        a, ma, i = orders[i + _4], masks[j + _4], np.uint64(at + x)
        found = _greatest_of_five(0, none, a, b, c, d, e, ma, mb, mc, md, me)
        best[i] = max(best[i], found)
        i = np.uint64(i + _ROW)
        found = _greatest_of_five(1, none, a, b, c, d, e, ma, mb, mc, md, me)
        best[i] = max(best[i], kind(found | kind(1 << STEP_BITS)))
        i = np.uint64(i + _ROW)
        found = _greatest_of_five(2, none, a, b, c, d, e, ma, mb, mc, md, me)
        best[i] = max(best[i], kind(found | kind(2 << STEP_BITS)))
        i = np.uint64(i + _ROW)
        found = _greatest_of_five(3, none, a, b, c, d, e, ma, mb, mc, md, me)
        best[i] = max(best[i], kind(found | kind(3 << STEP_BITS)))
        i = np.uint64(i + _ROW)
        found = _greatest_of_five(4, none, a, b, c, d, e, ma, mb, mc, md, me)
        best[i] = max(best[i], kind(found | kind(4 << STEP_BITS)))
