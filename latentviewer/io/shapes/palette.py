"""Colours of `shapes`: ten hues, deep for the object and pale for the background.

The two lie in different bands of lightness, so that a shape is seen before a background of its
own hue too.
"""

from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray

HUES = ("red", "orange", "yellow", "lime", "green", "turquoise", "blue", "indigo", "purple", "pink")
"""Every 36 degrees from 20 on in Oklch, where equal steps look equal."""

_FIRST, _STEP = 20.0, 36.0
_OBJECT_LIGHTNESS = (0.60, 0.68, 0.76, 0.68, 0.62, 0.62, 0.60, 0.53, 0.55, 0.62)
_OBJECT_CHROMA = 0.19
_BACKGROUND_LIGHTNESS, _BACKGROUND_CHROMA = 0.91, 0.072

# Linear sRGB of Oklab's cone responses (B. Ottosson, A perceptual color space for image
# processing, 2020).
_LMS = (
    (0.3963377774, 0.2158037573),
    (-0.1055613458, -0.0638541728),
    (-0.0894841775, -1.2914855480),
)
_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def object_colours() -> NDArray[np.float32]:
    """(10, 3) float32 sRGB, 0..255."""
    return _colours(_OBJECT_LIGHTNESS, _OBJECT_CHROMA)


def background_colours() -> NDArray[np.float32]:
    """(10, 3) float32 sRGB, 0..255."""
    return _colours((_BACKGROUND_LIGHTNESS,) * len(HUES), _BACKGROUND_CHROMA)


def _colours(lightness: tuple[float, ...], chroma: float) -> NDArray[np.float32]:
    found = [_in_gamut(l, chroma, _FIRST + i * _STEP) for i, l in enumerate(lightness)]
    return np.array(found, np.float32) * np.float32(255)


def _in_gamut(lightness: float, chroma: float, hue: float) -> NDArray[np.float64]:
    """As colourful as asked, or as the screen can show at this lightness and hue."""
    while True:
        linear = _linear(lightness, chroma, hue)
        if (linear >= -1e-4).all() and (linear <= 1 + 1e-4).all():
            return _encoded(linear.clip(0, 1))
        chroma -= 0.002


def _linear(lightness: float, chroma: float, hue: float) -> NDArray[np.float64]:
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    responses = np.array([(lightness + p * a + q * b) ** 3 for p, q in _LMS])
    return np.asarray(_RGB @ responses)


def _encoded(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
