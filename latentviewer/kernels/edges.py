"""From the discs that hold the pixels to colours with smooth edges. Inner loops of painting.

A pixel shows the disc that holds its middle, by that disc's coverage. Beneath lies the
highest disc below it, and above it the highest disc above it, among those that hold one of
the four pixels beside it and touch this one. No other disc can show: one that touches a
pixel without holding it holds the next pixel towards its centre, and one that covers a
pixel only in part leaves the next pixel outwards to what lies beneath.
"""

from typing import Any

import numpy as np

from latentviewer.kernels.compiling import inner
from latentviewer.kernels.disc import STEP_BITS, STEPS, UNIT
from latentviewer.kernels.winners import STRIP

Array = np.ndarray[Any, Any]

_8 = np.uint32(8)
_ROW, _NEXT = np.uint64(STRIP), np.uint64(1)
_PAIR, _ROUND = np.uint32(0x00FF00FF), np.uint32(0x00800080)
_ALL, _HALF, _256 = np.float32(256.0), np.float32(0.5), np.int32(256)


@inner()
def place(
    row: int, best: Array, start: int, parts: Array, wide: int, reach: int, column_bits: int,
    low_bits: int, turn_bits: int, back: int, cells: Array, orders: Array, ways: Array,
    indices: Array,
) -> None:  # fmt: skip
    """Takes the winners of a row of pixels apart. All arrays but `cells` and `ways` are flat.

    Args:
        row: of the tile.
        best: the winners' keys, this row's from `start` on.
        parts: sub-pixel steps of the tile's cells, `wide` to a row.
        turn_bits, back: as in `latentviewer.kernels.keys.KeyLayout`.
        cells: room for a row.
        orders: filled with the keys, their low bits cleared; 0 where no disc holds.
        ways: (3, pixels) filled with the way from the centre to the middle of the pixel, across
            and down in UNIT, and its square.
        indices: filled with the index, -1 where no disc holds.
    """
    kind, none = best.dtype.type, best.dtype.type(0)
    low, mask = kind((1 << low_bits) - 1), kind((1 << turn_bits) - 1)
    # Said to be less than 32, shifts stay ones of 32 bits.
    high, up, bits = kind(~low), kind(low_bits & 31), np.int32(column_bits & 31)
    columns, last, step = np.int32((1 << column_bits) - 1), np.int32(STEPS - 1), np.int32(STEPS - 1)
    far_off, step_bits, undo = np.int32(reach), np.int32(STEP_BITS), kind(back)
    unit, line = np.int32(UNIT), np.int32(wide)
    middle = np.int32((row + reach) * wide + reach)
    across, down, far = np.uint64(0), np.uint64(1), np.uint64(2)
    for x in range(STRIP):
        # numba widens what two uint32 give to 64 bits, and that would halve the speed.
        code = np.int32(kind(best[np.uint64(start + x)] & low))
        dx, dy = np.int32((code & columns) - far_off), np.int32((code >> bits) - far_off)
        cells[x] = np.int32(middle + np.int32(x) - dy * line - dx)
    # Table look-ups do not vectorise, so they have a loop of their own.
    for x in range(STRIP):
        cells[x] = parts[np.uint32(cells[x])]
    for x in range(STRIP):
        key, part, i = best[np.uint64(start + x)], cells[x], np.uint64(row * STRIP + x)
        rank = kind(kind(key >> up) & mask)
        index = np.int32(kind(kind(rank * undo) & mask))
        indices[i] = np.int32(index - np.int32(1))
        orders[i] = kind(key & high) if index > 0 else none
        code = np.int32(kind(key & low))
        dx, dy = np.int32((code & columns) - far_off), np.int32((code >> bits) - far_off)
        right = np.float32(np.int32(dx * unit + last - np.int32(2) * (part & step)))
        below = np.float32(np.int32(dy * unit + last - np.int32(2) * ((part >> step_bits) & step)))
        ways[across, i], ways[down, i] = right, below
        ways[far, i] = right * right + below * below


@inner()
def dye(
    at: int, indices: Array, codes8: Array, codes16: Array, palette: Array, inks: Array
) -> None:
    """Looks up the colours of a row; 0, which is fully clear, where there is no point.

    Args:
        at: where the row starts in `indices` and `inks`, which are flat.
    """
    if codes8.size:
        for x in range(STRIP):
            i = indices[np.uint64(at + x)]
            ink = palette[codes8[np.uint32(i)]] if i >= 0 else np.uint32(0)
            inks[np.uint64(at + x)] = ink
    else:
        for x in range(STRIP):
            i = indices[np.uint64(at + x)]
            ink = palette[codes16[np.uint32(i)]] if i >= 0 else np.uint32(0)
            inks[np.uint64(at + x)] = ink


@inner()
def fade(
    at: int, orders: Array, depth_shift: int, depth_bits: int, cue: Array, background: Any,
    raw: Array, depths: Array, inks: Array,
) -> None:  # fmt: skip
    """Moves a row's colours towards the background by the depth in their keys.

    Args:
        at: where the row starts in `orders` and `inks`, which are flat.
        cue: near, slope and fade; see `latentviewer.kernels.ink.DepthCue`.
        raw, depths: room for a row, int32 and the same memory as float32.
    """
    up, lost = np.uint64(depth_shift), np.uint64(32 - depth_bits)
    for x in range(STRIP):
        turned = np.int32(np.uint32((np.uint64(orders[np.uint64(at + x)]) >> up) << lost))
        raw[x] = turned if turned < 0 else turned ^ np.int32(0x7FFFFFFF)
    near, slope, most = cue[0], cue[1], cue[2]
    round_up, zero = np.float32(0.5), np.float32(0.0)
    for x in range(STRIP):
        amount = (depths[x] - near) * slope
        amount = amount if amount > zero else zero
        amount = amount if amount < most else most
        i = np.uint64(at + x)
        packed = inks[i] & np.uint32(0xFF000000)
        for s in (np.uint32(0), np.uint32(8), np.uint32(16)):
            a, b = _channel(inks[i], s), _channel(background, s)
            packed |= np.uint32(np.uint32(np.int32(a + amount * (b - a) + round_up)) << s)
        inks[i] = np.uint32(packed)


@inner()
def _cover(far: Any, touch: Any, slope: Any) -> Any:
    """How many of 256 parts of a pixel a disc covers, from its squared distance."""
    cover = (touch - far) * slope
    return cover if cover < _ALL else _ALL


@inner()
def _channel(ink: Any, shift: Any) -> Any:
    return np.float32(np.int32(np.uint32(ink >> shift) & np.uint32(255)))


@inner()
def _whole(cover: Any) -> Any:
    return np.int32(cover + _HALF)


@inner()
def _mix(
    a: Any, wa: Any, b: Any, wb: Any, c: Any, wc: Any, d: Any, wd: Any
) -> Any:  # fmt: skip
    """Two channels, sixteen bits apart, of four colours by parts of 256."""
    first = np.uint32(np.uint32(a & _PAIR) * wa) + np.uint32(np.uint32(b & _PAIR) * wb)
    second = np.uint32(np.uint32(c & _PAIR) * wc) + np.uint32(np.uint32(d & _PAIR) * wd)
    return np.uint32(np.uint32(first) + np.uint32(second) + _ROUND)


@inner(exact=True)
def _move(far: Any, way: Any, twice: Any) -> Any:
    """Squared distance from the next pixel, but for UNIT²: (way + UNIT)² is way² + 2 UNIT way."""
    return far + way * twice


@inner()
def blend(
    at: int, orders: Array, ways: Array, inks: Array, touch: float, slope: float,
    background: Any, out: Array,
) -> None:  # fmt: skip
    """Colours of one row of a tile; those of its first and last pixel mean nothing.

    Args:
        at: where the row starts in the tile's `orders`, `ways` and `inks`, see `place`; neither
            its first row nor its last.
        touch, slope: as in `latentviewer.kernels.disc.Disc`.
        background: packed and premultiplied.
        out: (STRIP,) packed and premultiplied.
    """
    nothing = orders.dtype.type(0)
    limit, k, own_limit = (
        np.float32(touch - UNIT * UNIT),
        np.float32(slope) * _ALL,
        np.float32(touch),
    )
    more, less = np.float32(2 * UNIT), np.float32(-2 * UNIT)
    across, down, far = np.uint64(0), np.uint64(1), np.uint64(2)
    # The first and last pixel are walked only because a whole STRIP vectorises best.
    for x in range(STRIP):
        # Unsigned, for a signed index could count from the end, and that does not vectorise.
        i = np.uint64(at + x)
        own, ink = orders[i], inks[i]
        a, b = own, nothing
        a_far, b_far = limit, limit
        a_ink, b_ink = np.uint32(0), np.uint32(0)

        # Written out four times, for a function of its own cost some percent of a frame.
        j = np.uint64(i - _NEXT)
        there, other_ink = _move(ways[far, j], ways[across, j], more), inks[j]
        other = orders[j] if there < limit else nothing
        up, below = other > a, (other < own) & (other > b)
        a, a_far, a_ink = other if up else a, there if up else a_far, other_ink if up else a_ink
        b, b_far, b_ink = (
            other if below else b, there if below else b_far, other_ink if below else b_ink
        )  # fmt: skip

        j = np.uint64(i + _NEXT)
        there, other_ink = _move(ways[far, j], ways[across, j], less), inks[j]
        other = orders[j] if there < limit else nothing
        up, below = other > a, (other < own) & (other > b)
        a, a_far, a_ink = other if up else a, there if up else a_far, other_ink if up else a_ink
        b, b_far, b_ink = (
            other if below else b, there if below else b_far, other_ink if below else b_ink
        )  # fmt: skip

        j = np.uint64(i - _ROW)
        there, other_ink = _move(ways[far, j], ways[down, j], more), inks[j]
        other = orders[j] if there < limit else nothing
        up, below = other > a, (other < own) & (other > b)
        a, a_far, a_ink = other if up else a, there if up else a_far, other_ink if up else a_ink
        b, b_far, b_ink = (
            other if below else b, there if below else b_far, other_ink if below else b_ink
        )  # fmt: skip

        j = np.uint64(i + _ROW)
        there, other_ink = _move(ways[far, j], ways[down, j], less), inks[j]
        other = orders[j] if there < limit else nothing
        up, below = other > a, (other < own) & (other > b)
        a_far, a_ink = there if up else a_far, other_ink if up else a_ink
        b_far, b_ink = there if below else b_far, other_ink if below else b_ink

        # Discs side by side share a pixel out between them, so each takes its cover of what
        # those above left, as far as that goes, and not only a part of it.
        above = _cover(a_far, limit, k)
        left = _ALL - above
        own_far = ways[far, i] if own != nothing else own_limit
        held = min(_cover(own_far, own_limit, k), left)
        under = min(_cover(b_far, limit, k), left - held)
        # Of 256 parts of the pixel, those that each layer has; the background has the rest.
        wa = _whole(above)
        wh = min(_whole(held), np.int32(_256 - wa))
        rest = np.int32(_256 - wa - wh)
        wb = min(_whole(under), rest)
        wg = np.uint32(np.int32(rest - wb))
        wa, wh, wb = np.uint32(wa), np.uint32(wh), np.uint32(wb)
        # Red and blue are mixed in one go, then green and opacity.
        red = _mix(a_ink, wa, ink, wh, b_ink, wb, background, wg)
        green = _mix(
            np.uint32(a_ink >> _8), wa, np.uint32(ink >> _8), wh, np.uint32(b_ink >> _8), wb,
            np.uint32(background >> _8), wg,
        )  # fmt: skip
        out[x] = np.uint32(np.uint32(red >> _8) & _PAIR) | np.uint32(green & ~_PAIR)
