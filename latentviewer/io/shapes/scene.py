"""Draws scenes of given factors, many at once. Distances are pixels of a 64 x 64 picture."""

import numpy as np
from numpy.typing import NDArray

from latentviewer.io.shapes.combinations import GRID
from latentviewer.io.shapes.outlines import OUTLINES, Outline
from latentviewer.io.shapes.palette import background_colours, object_colours

SIDE = 64
# So many at once keep the arrays within the processor's cache.
_AT_ONCE = 16
_LARGEST = 12.0
_FIRST_CENTRE, _LAST_CENTRE = 17.5, 46.5
_SOFT = 1.2
_SHADOW_DEPTH, _SHADOW_BELOW, _SHADOW_SOFT = 0.26, 2, 7.0

_OBJECTS, _BACKGROUNDS = object_colours(), background_colours()
_SCALES = np.array(GRID.factors[1].values, np.float32)
_ANGLES = np.radians(np.array(GRID.factors[2].values, np.float32))
_CENTRES = np.linspace(_FIRST_CENTRE, _LAST_CENTRE, GRID.sizes[3], dtype=np.float32)
_PLACES = np.arange(SIDE, dtype=np.float32) + np.float32(0.5)


def scenes(factors: NDArray[np.int64]) -> NDArray[np.uint8]:
    """(m, 7) values of the factors, as `GRID` has them, to (m, 64, 64, 3) uint8."""
    drawn = np.empty((len(factors), SIDE, SIDE, 3), np.uint8)
    # Those of one shape together, for each shape has a formula of its own.
    order = np.argsort(factors[:, 0], kind="stable")
    for code, outline in enumerate(OUTLINES.values()):
        alike = order[factors[order, 0] == code]
        for start in range(0, len(alike), _AT_ONCE):
            some = alike[start : start + _AT_ONCE]
            drawn[some] = _coloured(_distances(factors[some], outline), factors[some])
    return drawn


def _distances(factors: NDArray[np.int64], outline: Outline) -> NDArray[np.float32]:
    """(m, 64, 64) pixels from each pixel to the outline, negative inside."""
    size = (_LARGEST * _SCALES[factors[:, 1]])[:, None, None]
    angle = _ANGLES[factors[:, 2]][:, None, None]
    x = (_PLACES[None, None, :] - _CENTRES[factors[:, 3]][:, None, None]) / size
    y = (_PLACES[None, :, None] - _CENTRES[factors[:, 4]][:, None, None]) / size
    cos, sin = np.cos(angle), np.sin(angle)
    return outline(cos * x + sin * y, cos * y - sin * x) * size


def _coloured(distances: NDArray[np.float32], factors: NDArray[np.int64]) -> NDArray[np.uint8]:
    inside = (0.5 - distances / _SOFT).clip(0, 1)
    shadow = np.zeros_like(distances)
    below = distances[:, :-_SHADOW_BELOW]
    shadow[:, _SHADOW_BELOW:] = _SHADOW_DEPTH * (0.5 - below / _SHADOW_SOFT).clip(0, 1) ** 2
    # Lit from above, both of them.
    light = (1.03 - 0.06 * _PLACES / SIDE)[None, :, None]
    background = _BACKGROUNDS[factors[:, 6]][:, None, None, :] * (light - shadow)[..., None]
    colour = _OBJECTS[factors[:, 5]][:, None, None, :]
    mixed = background + inside[..., None] * (colour - background)
    return np.asarray((mixed + 0.5).clip(0, 255), np.uint8)
