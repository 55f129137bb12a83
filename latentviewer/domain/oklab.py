"""OKLab, a colour space in which equal distances look about equally different.

Ottosson 2020, “A perceptual color space for image processing”.
"""

import numpy as np
from numpy.typing import NDArray

Colours = NDArray[np.float64]

_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_FROM_CONES = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def oklab_of(srgb: NDArray[np.uint8]) -> Colours:
    """(..., 3) sRGB to (..., 3) float64: lightness 0..1, green to red, blue to yellow."""
    encoded = srgb.astype(np.float64) / 255.0
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return oklab_of_linear(linear)


def oklab_of_linear(linear: Colours) -> Colours:
    """(..., 3) linear RGB to (..., 3) OKLab."""
    return np.asarray(np.cbrt(linear @ _TO_CONES.T) @ _FROM_CONES.T)


def linear_of(oklab: Colours) -> Colours:
    """(..., 3) OKLab to (..., 3) linear RGB; outside 0..1 where no screen can show it."""
    cones = (oklab @ np.linalg.inv(_FROM_CONES).T) ** 3
    return np.asarray(cones @ np.linalg.inv(_TO_CONES).T)


def srgb_of(oklab: Colours) -> NDArray[np.uint8]:
    """(..., 3) OKLab to (..., 3) sRGB, clipped to what a screen can show."""
    linear = np.clip(linear_of(oklab), 0.0, 1.0)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(encoded * 255.0).astype(np.uint8)


def in_gamut(oklab: Colours) -> NDArray[np.bool_]:
    """(...,) whether a screen can show (..., 3)."""
    linear = linear_of(oklab)
    return np.asarray(((linear >= -1e-4) & (linear <= 1.0001)).all(axis=-1))


def from_polar(lightness: Colours, chroma: Colours, hue_degrees: Colours) -> Colours:
    """Lightness, chroma and hue of any agreeing shapes to (..., 3) OKLab."""
    hue = np.deg2rad(hue_degrees)
    parts = np.broadcast_arrays(lightness, chroma * np.cos(hue), chroma * np.sin(hue))
    return np.stack(parts, axis=-1)
