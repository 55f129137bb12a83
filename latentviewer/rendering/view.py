"""From map units to pixels of a picture that shows the whole map."""

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.space import Latents

TURN_DEGREES = 35.0
TILT_DEGREES = 24.0


def fit_2d(coordinates: Latents, width: int, height: int, margin: float) -> NDArray[np.float32]:
    """Fits (n, 2) coordinates into a picture, both axes at one scale, y upwards.

    Args:
        margin: kept free on every side, pixels.

    Returns:
        (2, 3) float32, affine from map units to pixels.
    """
    return fitting(coordinates.astype(np.float64), np.eye(2), width, height, margin)[:2]


def fit_3d(coordinates: Latents, width: int, height: int, margin: float) -> NDArray[np.float32]:
    """Fits (n, 3) coordinates, seen from above and to one side without perspective.

    Returns:
        (3, 4) float32, affine from map units to x, y and depth; smaller is nearer.
    """
    return fitting(coordinates.astype(np.float64), rotation(), width, height, margin)


def rotation() -> NDArray[np.float64]:
    """(3, 3), map axes to right, up, and towards the viewer."""
    turn, tilt = np.radians(TURN_DEGREES), np.radians(TILT_DEGREES)
    cos_a, sin_a, cos_b, sin_b = np.cos(turn), np.sin(turn), np.cos(tilt), np.sin(tilt)
    about_up = np.array([[cos_a, sin_a, 0.0], [0.0, 0.0, 1.0], [sin_a, -cos_a, 0.0]])
    about_right = np.array([[1.0, 0.0, 0.0], [0.0, cos_b, -sin_b], [0.0, sin_b, cos_b]])
    turned: NDArray[np.float64] = about_right @ about_up
    return turned


def fitting(
    points: NDArray[np.float64], turned: NDArray[np.float64], width: int, height: int, margin: float
) -> NDArray[np.float32]:
    """The affine map from points (n, 2 or 3) to pixels and depth that shows all of them.

    Args:
        turned: (2 or 3, dims) the directions right, up and towards the eye.
    """
    dims = turned.shape[0]
    seen = points @ turned.T if len(points) else np.zeros((1, dims))
    low, high = seen.min(axis=0), seen.max(axis=0)
    centre, extent = (low + high) / 2.0, high - low
    free = np.array([max(width - 2 * margin, 1.0), max(height - 2 * margin, 1.0)])
    # A map without extent, such as that of one point, is drawn in the middle at any scale.
    scales = [room / size for room, size in zip(free, extent[:2], strict=True) if size > 0]
    scale = min(scales, default=1.0)
    signs = np.array([1.0, -1.0, -1.0])[:dims]
    offset = np.array([width / 2.0, height / 2.0, 0.0])[:dims]
    linear = scale * signs[:, None] * turned
    return np.column_stack([linear, offset - scale * signs * centre]).astype(np.float32)
