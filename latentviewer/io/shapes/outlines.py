"""The outlines of `shapes` as signed distances: negative inside, in units of the shape's size.

Each lies about its centre of gravity, so that it turns on the spot, covers about the same area
and looks the same only after a full turn. After the distance functions that I. Quilez
collected; x points right and y down.
"""

from collections.abc import Callable, Mapping
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Distances = NDArray[np.float32]
Outline = Callable[[Distances, Distances], Distances]


def heart(x: Distances, y: Distances) -> Distances:
    """Two round lobes above a tip."""
    size = np.float32(1.62)
    x, y = np.abs(x / size), np.float32(0.657) - y / size
    lobe = np.hypot(x - 0.25, y - 0.75) - np.float32(sqrt(2) / 4)
    along = 0.5 * np.maximum(x + y, 0)
    sides = np.sqrt(np.minimum(x**2 + (y - 1) ** 2, (x - along) ** 2 + (y - along) ** 2))
    return np.asarray(size * np.where(x + y > 1, lobe, np.copysign(sides, x - y)))


def triangle(x: Distances, y: Distances) -> Distances:
    """Taller than it is wide, with its point above and rounded corners."""
    half, high, round_by = np.float32(0.82), np.float32(1.84), np.float32(0.1)
    x, y = np.abs(x), y + np.float32(1.213)
    # To the slanted side and to the base; the nearer one counts, outside its corners too.
    t = ((x * half + y * high) / (half**2 + high**2)).clip(0, 1)
    side = np.hypot(x - half * t, y - high * t)
    base = np.hypot(x - np.minimum(x, half), y - high)
    outside = np.maximum(x * high - y * half, y - high)
    return np.asarray(np.copysign(np.minimum(side, base), outside) - round_by)


def moon(x: Distances, y: Distances) -> Distances:
    """A crescent, open to the right."""
    outer, inner, apart = 1.1, 0.9, 0.62
    x, y = x - np.float32(0.419), np.abs(y)
    a = (outer**2 - inner**2 + apart**2) / (2 * apart)
    b = sqrt(max(outer**2 - a**2, 0))
    to_horn = np.hypot(x - np.float32(a), y - np.float32(b))
    near_horn = apart * (x * b - y * a) > apart**2 * np.maximum(b - y, 0)
    bows = np.maximum(np.hypot(x, y) - outer, inner - np.hypot(x - np.float32(apart), y))
    return np.asarray(np.where(near_horn, to_horn, bows), np.float32)


def drop(x: Distances, y: Distances) -> Distances:
    """Round below, and tapering to a point above."""
    low, high, apart = 0.78, 0.07, 1.42
    x, y = np.abs(x), np.float32(0.175) - y
    b = (low - high) / apart
    a = sqrt(1 - b * b)
    along = a * y - b * x
    flank = a * x + b * y - low
    ends = np.where(along < 0, np.hypot(x, y) - low, np.hypot(x, y - apart) - high)
    return np.asarray(np.where((along < 0) | (along > a * apart), ends, flank), np.float32)


OUTLINES: Mapping[str, Outline] = {
    "heart": heart, "triangle": triangle, "moon": moon, "drop": drop,
}  # fmt: skip
