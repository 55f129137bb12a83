"""How far the way back from a map misses, on samples that it has not seen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.space import Latents

_VALUES_AT_ONCE = 2_000_000
_SMALLEST_SHARE = 5  # at most every fifth sample is held out


class Inverse(Protocol):
    """A way back."""

    def latents(self, places: NDArray[np.float32]) -> Latents:
        """(m, 2 or 3) places to (m, d) latents."""
        ...


MakeInverse = Callable[[NDArray[np.float32], Latents], Inverse]
"""Makes the way back of coordinates (n, 2 or 3) and latents (n, d); it must not use rows
without a finite place, as `NeighbourInverse` does not."""


@dataclass(frozen=True)
class InverseError:
    """How far the way back misses.

    Attributes:
        error: 0 where it is exact, 1 where it is no better than always giving the mean of the
            data; it may be more. NaN where fewer than two samples have a place, or those held
            out are all equal to the mean.
        held_out: on how many samples this was measured.
    """

    error: float
    held_out: int


def inverse_error(
    latents: Latents,
    coordinates: NDArray[np.float32],
    make_inverse: MakeInverse,
    held_out: int = 1_000,
    seed: int = 0,
) -> InverseError:
    """The error of the way back from a map (n, 2 or 3) to latents (n, d).

    Some samples are drawn, and lose their place in what `make_inverse` is given; then their
    places are sent back. The error is the root of the mean squared Euclidean distance between
    what comes back and their latents, over the same for the mean of all other samples: the
    root of the fraction of variance unexplained. No large array is copied here.

    A linear way back has no data to leave out; give `lambda _places, _latents: inverse`, and
    it is measured as it is.

    Args:
        held_out: at most so many, and at most every fifth of the samples that have a place.
        seed: of the draw.
    """
    if len(coordinates) != len(latents):
        raise ValueError("latents and coordinates must have one row for each sample")
    placed = np.asarray(np.isfinite(coordinates).all(axis=1))
    candidates = np.flatnonzero(placed)
    if len(candidates) < 2:
        return InverseError(float("nan"), 0)
    count = min(held_out, max(1, len(candidates) // _SMALLEST_SHARE))
    rows = np.sort(np.random.default_rng(seed).choice(candidates, count, replace=False))
    seen = coordinates.copy()
    seen[rows] = np.nan
    inverse = make_inverse(seen, latents)
    placed[rows] = False
    mean = _mean(latents, placed)
    missed, spread = 0.0, 0.0
    step = max(1, _VALUES_AT_ONCE // latents.shape[1])
    for start in range(0, count, step):
        some = rows[start : start + step]
        true = latents[some].astype(np.float64)
        back = inverse.latents(coordinates[some])
        if back.shape != true.shape:
            raise ValueError(f"the way back gave {back.shape} for latents of {true.shape}")
        missed += float(np.square(true - back).sum())
        spread += float(np.square(true - mean).sum())
    error = float(np.sqrt(missed / spread)) if spread > 0 else float("nan")
    return InverseError(error, count)


def _mean(latents: Latents, counted: NDArray[np.bool_]) -> NDArray[np.float64]:
    total = np.zeros(latents.shape[1])
    step = max(1, _VALUES_AT_ONCE // latents.shape[1])
    for start in range(0, len(latents), step):
        part = slice(start, start + step)
        total += latents[part].sum(axis=0, dtype=np.float64, where=counted[part, None])
    return np.asarray(total / counted.sum())
