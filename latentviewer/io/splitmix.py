"""Random bits for a place in an endless row, whatever was asked for before.

The generator splitmix64, entered at any place (Steele, Lea and Flood, Fast splittable
pseudorandom number generators, 2014). Unlike numpy's generators its numbers never change
with a version.
"""

import numpy as np
from numpy.typing import NDArray

_STEP = np.uint64(0x9E3779B97F4A7C15)


def bits_at(places: NDArray[np.integer], seed: int, stream: int = 0) -> NDArray[np.uint64]:
    """64 random bits for each place; of one seed and stream no two places share theirs.

    Args:
        places: of any shape, at least 0.
    """
    with np.errstate(over="ignore"):
        start = _mixed(np.uint64(seed) * _STEP + np.uint64(stream + 1))
        return _mixed(start + (places.astype(np.uint64) + np.uint64(1)) * _STEP)


def _mixed(z: np.uint64 | NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = np.asarray(z, np.uint64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)), np.uint64)
