"""The disc a point is drawn as: which pixels it holds, and how well it covers them.

Shared by the fast rasteriser and the plain numpy one, so that both agree.

A centre is stored as its pixel and one of STEPS sub-pixel steps along each axis. Distances
from a centre to the middle of a pixel are then whole numbers of UNITs, of which a pixel has
twice as many as steps, and their squares are exact in float32.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import floor

import numpy as np
from numpy.typing import NDArray

STEP_BITS = 4
STEPS = 1 << STEP_BITS
UNIT = 2 * STEPS

MIN_RADIUS_PX = 0.75
MAX_RADIUS_PX = 48.0

# Discs that hold pixels no further than this from their own are painted faster.
SMALL_REACH = 2
SMALL_SIDE = 2 * SMALL_REACH + 1

# Half the width of a disc's soft edge. One pixel in all would be the exact filter; this is
# a little crisper, and leaves no disc's edge further than the next pixel.
EDGE_PX = 0.4


@dataclass(frozen=True, eq=False)
class Disc:
    """A disc of one radius.

    It holds a pixel where the squared distance from its centre to the pixel's middle, in
    UNIT², is at most `hold`; it touches the pixel where that is less than `touch`. Its
    coverage is (`touch` - squared distance) · `slope`, at most 1: a ramp of 2 · EDGE_PX
    about its radius.

    Attributes:
        radius: in pixels, within MIN_RADIUS_PX..MAX_RADIUS_PX.
        reach: how many pixels from its own a centre can hold a pixel; SMALL_REACH at least.
        hold, touch: squared distances, whole numbers.
        slope: of coverage by squared distance.
        neighbours: (k, 3) int64 rows (dy, dx, always), sorted by dy; a centre in pixel
            (x, y) may hold pixel (x + dx, y + dy), certainly so where `always` is 1.
        spans: (2 · reach + 1, 3) int64, for each dy how far dx goes at all, how far it goes
            with `always` (-1 where never), and which of `runs` that is.
        runs: (k,) int64, the different ways how far dx goes with `always`, rising.
        held: (STEPS²,) uint32, for each sub-pixel place of a centre which of the SMALL_SIDE²
            pixels around it are held, a bit each, from the upper left on; empty for discs of
            a greater reach.
    """

    radius: float
    reach: int
    hold: float
    touch: float
    slope: float
    neighbours: NDArray[np.int64]
    spans: NDArray[np.int64]
    runs: NDArray[np.int64]
    held: NDArray[np.uint32]

    @property
    def column_bits(self) -> int:
        """Bits that hold dx + reach; dy + reach needs as many."""
        return max(STEP_BITS, (2 * self.reach).bit_length())


@lru_cache(maxsize=32)
def make_disc(radius: float) -> Disc:
    """The disc of a radius in pixels."""
    radius = min(max(float(radius), MIN_RADIUS_PX), MAX_RADIUS_PX)
    hold = float(floor((radius * UNIT) ** 2))
    touch = float(floor(((radius + EDGE_PX) * UNIT) ** 2))
    widest = int(radius) + 1
    # A centre is at most STEPS - 1 units from the middle of its pixel, and at least one.
    neighbours = np.array(
        [
            (dy, dx, int(_square(dx, 1) + _square(dy, 1) <= hold))
            for dy in range(-widest, widest + 1)
            for dx in range(-widest, widest + 1)
            if _square(dx, -1) + _square(dy, -1) <= hold
        ],
        np.int64,
    )
    reach = max(SMALL_REACH, int(np.abs(neighbours[:, :2]).max()))
    spans = np.full((2 * reach + 1, 3), -1, np.int64)
    for dy, dx, always in neighbours.tolist():
        span = spans[dy + reach]
        span[0] = max(span[0], dx)
        span[1] = max(span[1], dx if always else -1)
    runs = np.unique(spans[:, 1])
    runs = runs[runs >= 0]
    spans[:, 2] = np.searchsorted(runs, spans[:, 1])
    return Disc(
        radius,
        reach,
        hold,
        touch,
        1.0 / (touch - ((radius - EDGE_PX) * UNIT) ** 2),
        neighbours,
        spans,
        runs,
        _held(hold) if reach == SMALL_REACH else np.empty(0, np.uint32),
    )


def _held(hold: float) -> NDArray[np.uint32]:
    part = np.arange(STEPS * STEPS)
    way = UNIT * np.arange(-SMALL_REACH, SMALL_REACH + 1)
    across = np.square((STEPS - 1 - 2 * (part % STEPS))[:, None] + way)
    down = np.square((STEPS - 1 - 2 * (part // STEPS))[:, None] + way)
    holds = (down[:, :, None] + across[:, None, :] <= hold).reshape(len(part), -1)
    bits = np.uint32(1) << np.arange(SMALL_SIDE * SMALL_SIDE, dtype=np.uint32)
    return np.asarray((holds * bits).sum(axis=1), np.uint32)


def _square(pixels: int, way: int) -> int:
    """Square of the longest (way 1) or shortest (way -1) distance along one axis."""
    return max(UNIT * abs(pixels) + way * (STEPS - 1), 1) ** 2
