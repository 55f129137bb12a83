"""Figures over many rows, in float64 and a part of the rows at a time."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.expression.quantities import Vector
from latentviewer.domain.space import Latents

_ROWS_PER_TURN = 16384


def mean_latent(latent: Latents, rows: NDArray[np.bool_]) -> Vector:
    """(d,) mean of the rows of (n, d) that are true in (n,); at least one is."""
    total = np.zeros(latent.shape[1])
    for chunk in _chunks(latent, rows):
        total += chunk.sum(axis=0)
    return total / np.count_nonzero(rows)


def std_latent(latent: Latents, rows: NDArray[np.bool_], mean: Vector) -> Vector:
    """(d,) population standard deviation around `mean`, of rows as in `mean_latent`."""
    total = np.zeros(latent.shape[1])
    for chunk in _chunks(latent, rows):
        total += ((chunk - mean) ** 2).sum(axis=0)
    return np.sqrt(total / np.count_nonzero(rows))


def nearest_row(latent: Latents, query: Vector) -> int:
    """The row of (n, d) nearest to (d,), Euclidean; the first of several; n is 1 or more."""
    best, smallest = 0, np.inf
    for start in range(0, len(latent), _ROWS_PER_TURN):
        chunk = latent[start : start + _ROWS_PER_TURN].astype(np.float64)
        distances = ((chunk - query) ** 2).sum(axis=1)
        here = int(np.argmin(distances))
        if distances[here] < smallest:
            best, smallest = start + here, float(distances[here])
    return best


def _chunks(latent: Latents, rows: NDArray[np.bool_]) -> Iterator[Vector]:
    chosen = np.flatnonzero(rows)
    for start in range(0, len(chosen), _ROWS_PER_TURN):
        yield latent[chosen[start : start + _ROWS_PER_TURN]].astype(np.float64)
