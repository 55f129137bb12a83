"""Colours as painting needs them: by code, packed into 32 bits, mixed in premultiplied form."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.ports import Splat

_CUE_SAMPLE = 4096
_CUE_SPREAD = 1.3
_CUE_FADE = 0.62


@dataclass(frozen=True, eq=False)
class Inks:
    """A palette ready for painting.

    Attributes:
        palette: (codes,) uint32, packed and premultiplied, translucent ones already over the
            background: they let it through, but not the discs beneath.
        background: packed and premultiplied.
        visible: (codes,) uint8, 0 or 1.
        some_hidden: whether any colour of the palette is hidden.
    """

    palette: NDArray[np.uint32]
    background: np.uint32
    visible: NDArray[np.uint8]
    some_hidden: bool


def make_inks(splat: Splat) -> Inks:
    """Inks for all codes that the colours' type can hold, so that no code lies outside."""
    count = 256 if splat.colours.dtype == np.uint8 else 65536
    ground = splat.background.astype(np.float32)
    ground[:3] *= ground[3] / np.float32(255.0)
    given = splat.palette[:count].astype(np.float32)
    visible = np.zeros(count, np.uint8)
    visible[: len(given)] = given[:, 3] > 0
    opacity = given[:, 3:] / np.float32(255.0)
    given[:, 3] = 255.0
    palette = np.zeros((count, 4), np.uint8)
    palette[: len(given)] = ground + opacity * (given - ground) + np.float32(0.5)
    return Inks(
        palette.view(np.uint32)[:, 0].copy(),
        (ground + np.float32(0.5)).astype(np.uint8).view(np.uint32)[0],
        visible,
        bool((splat.palette[:, 3] == 0).any()),
    )


def straight(pixels: NDArray[np.uint8]) -> None:
    """Premultiplied RGBA to straight RGBA, in place; needed where the background is clear."""
    alpha = pixels[..., 3:].astype(np.float32)
    scale = np.divide(np.float32(255.0), alpha, out=np.zeros_like(alpha), where=alpha > 0)
    pixels[..., :3] = np.minimum(pixels[..., :3] * scale + np.float32(0.5), 255.0)


@dataclass(frozen=True)
class DepthCue:
    """How far points fade towards the background: 0 at `near` and `fade` at `far`.

    Attributes:
        near: a depth.
        slope: fade per unit of depth.
        fade: the most that points fade.
    """

    near: float = 0.0
    slope: float = 0.0
    fade: float = 0.0

    def of(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Fade at the given depths, 0..`fade`."""
        amount = (depth - np.float32(self.near)) * np.float32(self.slope)
        amount = np.clip(amount, np.float32(0.0), np.float32(self.fade))
        return np.asarray(amount, np.float32)


def make_cue(splat: Splat) -> DepthCue:
    """The cue of a 3D picture, from a sample of its points.

    The spread is that of the points in all directions, so that turning the cloud does not
    change how strongly it fades.
    """
    if splat.coordinates.shape[1] != 3 or not len(splat.coordinates):
        return DepthCue()
    step = max(1, len(splat.coordinates) // _CUE_SAMPLE)
    sample = splat.coordinates[::step].astype(np.float64)
    sample = sample[np.isfinite(sample).all(axis=1)]
    if not len(sample):
        return DepthCue()
    middle = sample.mean(axis=0)
    rms = np.sqrt(((sample - middle) ** 2).sum(axis=1).mean() / 3.0)
    row = splat.transform[2].astype(np.float64)
    spread = _CUE_SPREAD * float(np.linalg.norm(row[:3]) * rms)
    if not np.isfinite(spread) or spread <= 0.0:
        return DepthCue()
    centre = float(row[:3] @ middle + row[3])
    return DepthCue(centre - spread, _CUE_FADE / (2.0 * spread), _CUE_FADE)
