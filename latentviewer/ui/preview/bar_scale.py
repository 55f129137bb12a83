"""Where each latent dimension's bar stands, and what a height means."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MOST_UNSCROLLED = 64
_NARROWEST_PITCH_PX = 5.0
_WIDEST_PITCH_PX = 60.0
_DEFAULT_RANGE = 3.0
_ROOM_BEYOND_RANGE = 1.5


@dataclass(frozen=True)
class BarScale:
    """Columns of equal width from `left`, zero in the middle of `top` to `bottom`.

    Attributes:
        count: dimensions.
        half_range: the value at the upper edge.
        left: x of the first column, less what is scrolled away.
        pitch: width of a column.
        top, bottom: y of the largest and the smallest value.
    """

    count: int
    half_range: float
    left: float
    pitch: float
    top: float
    bottom: float

    @property
    def zero(self) -> float:
        """y of the value 0."""
        return (self.top + self.bottom) / 2

    def x(self, index: int) -> float:
        """The middle of a column."""
        return self.left + (index + 0.5) * self.pitch

    def y(self, value: float) -> float:
        """Where a value stands; beyond the range, at the edge."""
        if not math.isfinite(value):
            return self.zero
        inside = min(max(value / self.half_range, -1.0), 1.0)
        return self.zero - inside * (self.bottom - self.top) / 2

    def value(self, y: float) -> float:
        """The value at a height, within the range."""
        inside = (self.zero - y) / ((self.bottom - self.top) / 2)
        return min(max(inside, -1.0), 1.0) * self.half_range

    def index(self, x: float) -> int | None:
        """The dimension whose column lies there."""
        if self.count == 0:
            return None
        at = math.floor((x - self.left) / self.pitch)
        return at if 0 <= at < self.count else None

    def between(self, left: float, right: float) -> range:
        """The dimensions that are seen between two places."""
        first = max(0, math.floor((left - self.left) / self.pitch))
        last = min(self.count, math.ceil((right - self.left) / self.pitch))
        return range(first, max(first, last))


def pitch_of(count: int, width: float) -> float:
    """Columns fill the width, up to a widest one; above 64 they stay as narrow and scroll."""
    shown = max(1, min(count, _MOST_UNSCROLLED))
    return min(max(width / shown, _NARROWEST_PITCH_PX), _WIDEST_PITCH_PX)


def left_of(count: int, width: float) -> float:
    """Where the first column begins: few columns stand in the middle."""
    return max(0.0, (width - count * pitch_of(count, width)) / 2)


def half_range_of(
    low: NDArray[np.float32] | None,
    high: NDArray[np.float32] | None,
    values: NDArray[np.float32] | None,
) -> float:
    """The typical range with room beyond it; fixed, so that bars do not change their scale."""
    for known, room in ((low, high), (values, values)):
        if known is None or room is None or not len(known):
            continue
        both = np.concatenate([known, room]).astype(np.float64)
        largest = float(np.max(np.abs(both[np.isfinite(both)]), initial=0.0))
        if largest > 0:
            return largest * _ROOM_BEYOND_RANGE
    return _DEFAULT_RANGE
