"""Colours for a column: distinct ones for labels, a ramp for numbers.

Both are made for two backgrounds, dark (#14161a) and light (#fbfbf9), and stay apart for
colour-blind eyes: the first eight colours by choice, the ramp by its lightness.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.oklab import (
    Colours,
    from_polar,
    in_gamut,
    linear_of,
    oklab_of,
    oklab_of_linear,
    srgb_of,
)

RGB = NDArray[np.uint8]

MISSING_INDEX = 254
"""The colour of a missing number in `continuous_palette`; 255 is left to the caller."""

# Okabe & Ito 2008, “Color Universal Design”, in their order from orange on, moved until
# each stands off its background and neighbours stay apart in simulated dichromacy too.
_FIRST_ON_DARK = (
    (0xE0, 0xAC, 0x3C), (0x57, 0xA9, 0xF8), (0x1A, 0x98, 0x6C), (0xFF, 0xE8, 0x3A),
    (0x4A, 0x60, 0xCC), (0xF0, 0x50, 0x1C), (0xEA, 0x6C, 0xB4), (0xE4, 0xFB, 0xFF),
)  # fmt: skip
_FIRST_ON_LIGHT = (
    (0xD4, 0x8B, 0x14), (0x4E, 0xB2, 0xE0), (0x13, 0x7D, 0x64), (0xB8, 0xCC, 0x0C),
    (0x1B, 0x4A, 0x94), (0xCA, 0x34, 0x10), (0xA8, 0x5C, 0xB4), (0x0C, 0x1A, 0x1E),
)  # fmt: skip
_MISSING = (0x80, 0x84, 0x8A)
_BACKGROUND = {True: (0x14, 0x16, 0x1A), False: (0xFB, 0xFB, 0xF9)}

_CHOSEN_APART = 96
_APART_FOR_DEUTERANOPES = 16
_LIGHTNESS = {True: (0.62, 0.80, 0.48, 0.71), False: (0.58, 0.42, 0.72, 0.50)}
_CHROMA = (0.05, 0.09, 0.13, 0.17, 0.21, 0.25)
# Machado, Oliveira & Fernandes 2009, table 1: deuteranopia at severity 1, in linear RGB.
_DEUTERANOPIA = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
# They see two dimensions where others see three, so their distances count for more.
_DEUTERANOPE_WEIGHT = 1.6
_HUES = 60
_GOLDEN_ANGLE_DEGREES = 137.50776405003785

_RAMP_STEPS = 254
# Corners of a quadratic Bézier curve in OKLab: blue, green, yellow. Its middle is kept
# away from grey, which means “missing”.
_RAMP = {
    True: ((0.40, 0.02, -0.16), (0.66, -0.16, 0.00), (0.92, -0.02, 0.155)),
    False: ((0.32, 0.01, -0.15), (0.58, -0.15, -0.01), (0.86, -0.03, 0.17)),
}


def category_colours(k: int, dark: bool) -> RGB:
    """Colours of k labels in their order, (k, 3) sRGB.

    The first eight are safe for colour-blind eyes; up to 96 are chosen to lie as far
    apart as they can, the first 16 to deuteranopes too, while lightness changes from
    each to the next; further ones go round the hues by the golden angle, so that
    neighbours always differ.
    """
    if k <= _CHOSEN_APART:
        return _chosen_apart(dark)[: max(k, 0)].copy()
    return np.concatenate([_chosen_apart(dark), _by_golden_angle(k - _CHOSEN_APART, dark)])


def missing_colour() -> RGB:
    """The neutral grey of a missing label or number, (3,) sRGB, the same on both backgrounds."""
    return np.array(_MISSING, np.uint8)


def continuous_colours(
    values: NDArray[np.float64], lo: float, hi: float, levels: int = _RAMP_STEPS
) -> NDArray[np.uint8]:
    """Which colour of `continuous_palette` each number has.

    Args:
        values: (n,) numbers; NaN where missing.
        lo: the value of the first colour; what lies below has it too.
        hi: the value of the last colour; what lies above has it too.
        levels: how many colours the ramp has, at most 254; the index after them stands
            for missing numbers.

    Returns:
        (n,) uint8; the middle colour for all where lo and hi are equal.
    """
    if not 1 <= levels <= _RAMP_STEPS:
        raise ValueError(f"levels must be 1 to {_RAMP_STEPS}, not {levels}")
    # Halves, so that the span of the largest and the smallest float does not overflow.
    span = hi / 2 - lo / 2
    missing = np.isnan(values)
    filled = np.clip(np.where(missing, lo, values), lo, max(lo, hi))
    part = (filled / 2 - lo / 2) / span if span > 0 else np.full(len(values), 0.5)
    index = np.minimum((part * levels).astype(np.int64), levels - 1)
    index[missing] = levels
    return index.astype(np.uint8)


def continuous_palette(dark: bool) -> RGB:
    """The ramp from blue over green to yellow, (256, 3) sRGB.

    Entries 0 to 253 lie equally far apart in OKLab and grow steadily lighter, so that
    the order shows without hues too. Entry 254 is the grey of missing numbers; 255 is
    the same grey, for the caller to use.
    """
    return _ramp(dark).copy()


@lru_cache(maxsize=2)
def _chosen_apart(dark: bool) -> RGB:
    first = np.array(_FIRST_ON_DARK if dark else _FIRST_ON_LIGHT, np.uint8)
    avoided = np.array([*first.tolist(), _BACKGROUND[dark], _MISSING], np.uint8)
    bands = [_candidates(lightness) for lightness in _LIGHTNESS[dark]]
    nearest = [_differences(band, oklab_of(avoided)).min(axis=2) for band in bands]
    chosen = []
    for i in range(len(first), _CHOSEN_APART):
        band = i % len(bands)
        usual, theirs = nearest[band]
        apart = np.minimum(usual, theirs) if i < _APART_FOR_DEUTERANOPES else usual
        colour = bands[band][np.argmax(apart)]
        chosen.append(colour)
        for near, others in zip(nearest, bands, strict=True):
            np.minimum(near, _differences(others, colour[None])[:, :, 0], out=near)
    return np.concatenate([first, srgb_of(np.array(chosen))])


def _candidates(lightness: float) -> Colours:
    hues = np.linspace(0.0, 360.0, _HUES, endpoint=False)[:, None]
    colours = from_polar(np.array(lightness), np.array(_CHROMA), hues).reshape(-1, 3)
    return colours[in_gamut(colours)]


def _differences(a: Colours, b: Colours) -> Colours:
    """(m, 3) and (n, 3) OKLab to (2, m, n): what usual eyes see, what deuteranopes see."""
    usual = np.linalg.norm(a[:, None] - b[None], axis=-1)
    theirs = np.linalg.norm(_as_deuteranope(a)[:, None] - _as_deuteranope(b)[None], axis=-1)
    return np.stack([usual, _DEUTERANOPE_WEIGHT * theirs])


def _as_deuteranope(oklab: Colours) -> Colours:
    return oklab_of_linear(np.clip(linear_of(oklab), 0.0, 1.0) @ _DEUTERANOPIA.T)


def _by_golden_angle(k: int, dark: bool) -> RGB:
    index = np.arange(k)
    bands = np.array(_LIGHTNESS[dark])
    # The slow drift of lightness tells colours apart whose hues nearly coincide.
    lightness = bands[index % len(bands)] + 0.04 * ((index // 97) % 3 - 1)
    hue = np.asarray((index * _GOLDEN_ANGLE_DEGREES) % 360.0, np.float64)
    colours = from_polar(lightness, np.full(k, _CHROMA[0]), hue)
    for chroma in _CHROMA[1:]:
        stronger = from_polar(lightness, np.full(k, chroma), hue)
        shown = in_gamut(stronger)
        colours[shown] = stronger[shown]
    return srgb_of(colours)


@lru_cache(maxsize=2)
def _ramp(dark: bool) -> RGB:
    start, bend, end = (np.array(corner) for corner in _RAMP[dark])
    t = np.linspace(0.0, 1.0, 2001)[:, None]
    curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    even = np.linspace(0.0, along[-1], _RAMP_STEPS)
    steps = np.column_stack([np.interp(even, along, axis) for axis in curve.T])
    grey = np.tile(missing_colour(), (256 - _RAMP_STEPS, 1))
    return np.concatenate([srgb_of(steps), grey])
