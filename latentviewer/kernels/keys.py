"""How a point's order is packed into one unsigned integer, its key.

From high to low: depth (3D only; nearer is greater), index + 1, and low bits that hold the
centre's sub-pixel step in the grid and, once painted, the way to the centre's cell. 0 is no
point. The greater key covers the lesser.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from latentviewer.kernels.disc import STEP_BITS, Disc


@dataclass(frozen=True)
class KeyLayout:
    """Bits of a key.

    Attributes:
        kind: np.uint32 where all fits, else np.uint64.
        low_bits: lowest bits.
        index_bits: bits of index + 1.
        depth_bits: bits of depth, the first of a float32's 32; 0 in 2D.
    """

    kind: type[Any]
    low_bits: int
    index_bits: int
    depth_bits: int


def key_layout(n: int, deep: bool, disc: Disc) -> KeyLayout:
    """The layout for n points; `deep` with depth.

    Raises:
        ValueError: more points than an int32 id can name.
    """
    if n >= 1 << 31:
        raise ValueError(f"{n} points are more than one picture can hold")
    low = 2 * max(STEP_BITS, disc.column_bits)
    index = max(int(n).bit_length(), 1)
    if not deep and low + index <= 32:
        return KeyLayout(np.uint32, low, 32 - low, 0)
    return KeyLayout(np.uint64, low, index, min(32, 64 - low - index) if deep else 0)
