"""How a point's order is packed into one unsigned integer, its key.

From high to low: depth (3D only; nearer is greater), the point's rank, and low bits that hold
the centre's sub-pixel step in the grid and, once painted, the way to the centre's cell. 0 is no
point. The greater key covers the lesser.

The rank is index + 1 or, where the order is to be mixed, (index + 1) · turn modulo a power of
two. An odd turn loses nothing and is undone by its inverse; one near the golden section spreads
the ranks of any run of points evenly (Knuth, The Art of Computer Programming 3, 6.4). So points
can lie in memory near their neighbours on the map and still cover one another in no order that
could be seen.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from latentviewer.domain.ports import Splat
from latentviewer.kernels.disc import STEP_BITS, Disc

_GOLDEN_SECTION = 0.6180339887498949


@dataclass(frozen=True)
class KeyLayout:
    """Bits of a key.

    Attributes:
        kind: np.uint32 where all fits, else np.uint64.
        low_bits: lowest bits.
        rank_bits: bits of the rank.
        depth_bits: bits of depth, the first of a float32's 32; 0 in 2D.
        turn_bits: bits of the rank that index + 1 is turned in; one less than all where there
            are points that cover all others, which have the highest bit set.
        turn, back: odd, the inverse of each other modulo 2 to the `turn_bits`.
        top_from: index of the first point that covers all before it; n without any.
    """

    kind: type[Any]
    low_bits: int
    rank_bits: int
    depth_bits: int
    turn_bits: int
    turn: int
    back: int
    top_from: int

    def ranks(self, count: int) -> Any:
        """The rank of each point, (count,) uint64."""
        indices = np.arange(1, count + 1, dtype=np.uint64)
        mask = np.uint64((1 << self.turn_bits) - 1)
        ranks = (indices * np.uint64(self.turn)) & mask
        ranks[self.top_from :] |= np.uint64(1 << self.turn_bits)
        return ranks


def key_layout(splat: Splat, disc: Disc) -> KeyLayout:
    """The layout for the points of a splat.

    Raises:
        ValueError: more points than an int32 id can name.
    """
    n, deep = len(splat.coordinates), splat.coordinates.shape[-1] == 3
    if n >= 1 << 31:
        raise ValueError(f"{n} points are more than one picture can hold")
    on_top = min(max(splat.on_top, 0), n) if splat.mixed else 0
    low = 2 * max(STEP_BITS, disc.column_bits)
    rank = max(int(n).bit_length(), 1) + (on_top > 0)
    small = not deep and low + rank <= 32
    kind: type[Any] = np.uint32 if small else np.uint64
    rank, depth = (32 - low if small else rank), (min(32, 64 - low - rank) if deep else 0)
    bits = rank - (on_top > 0)
    turn = int((1 << bits) * _GOLDEN_SECTION) | 1 if splat.mixed else 1
    return KeyLayout(kind, low, rank, depth, bits, turn, pow(turn, -1, 1 << bits), n - on_top)
