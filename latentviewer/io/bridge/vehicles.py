"""Which vehicle crosses the bridge, and what it weighs: from the row's number alone."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.table import Categories, Numbers
from latentviewer.io.splitmix import bits_at


@dataclass(frozen=True)
class Kind:
    """A type of vehicle.

    Attributes:
        share: of all that cross.
        median: of the weight with its load, in tonnes.
        spread: standard deviation of the weight's natural logarithm.
    """

    share: float
    median: float
    spread: float


KINDS: Mapping[str, Kind] = {
    "motorcycle": Kind(0.08, 0.30, 0.25),
    "car": Kind(0.46, 1.35, 0.24),
    "van": Kind(0.20, 2.60, 0.27),
    "lorry": Kind(0.13, 11.0, 0.32),
    "articulated lorry": Kind(0.13, 26.0, 0.27),
}
"""In the order of their weights. Cars and vans overlap, and so do the two lorries."""

_TYPE, _RADIUS, _ANGLE, _LOOK = range(4)  # streams of random bits


@dataclass(frozen=True)
class Vehicle:
    """One that crosses.

    Attributes:
        kind: a name of `KINDS`.
        weight: in tonnes.
        heavy: how heavy for its kind, in standard deviations of the logarithm.
        look: 64 random bits for its colours and the sky.
    """

    kind: str
    weight: float
    heavy: float
    look: int


def columns_of(rows: NDArray[np.int64], seed: int = 0) -> dict[str, Numbers | Categories]:
    """`weight` in tonnes, which is seen, and `type`, which is hidden; same rows, same vehicles."""
    codes = _codes(rows, seed)
    return {
        "weight": Numbers(_weights(codes, _normal(rows, seed))),
        "type": Categories(codes, tuple(KINDS)),
    }


def vehicles_of(rows: NDArray[np.int64], seed: int = 0) -> list[Vehicle]:
    """The vehicles of some rows, whatever others there are."""
    codes, heavy = _codes(rows, seed), _normal(rows, seed)
    names = tuple(KINDS)
    values = zip(
        codes.tolist(),
        _weights(codes, heavy).tolist(),
        heavy.tolist(),
        bits_at(rows, seed, _LOOK).tolist(),
        strict=True,
    )
    return [Vehicle(names[code], weight, by, look) for code, weight, by, look in values]


def _codes(rows: NDArray[np.int64], seed: int) -> NDArray[np.int32]:
    ends = np.cumsum([kind.share for kind in KINDS.values()])
    codes = np.searchsorted(ends, _uniform(rows, seed, _TYPE) * ends[-1], side="right")
    return np.asarray(np.minimum(codes, len(ends) - 1), np.int32)


def _weights(codes: NDArray[np.int32], normal: NDArray[np.float64]) -> NDArray[np.float64]:
    medians = np.array([kind.median for kind in KINDS.values()])
    spreads = np.array([kind.spread for kind in KINDS.values()])
    weights: NDArray[np.float64] = medians[codes] * np.exp(spreads[codes] * normal)
    return weights


def _normal(rows: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Standard normal numbers (Box and Muller, 1958)."""
    radius = np.sqrt(-2.0 * np.log1p(-_uniform(rows, seed, _RADIUS)))
    return np.asarray(radius * np.cos(2.0 * np.pi * _uniform(rows, seed, _ANGLE)))


def _uniform(rows: NDArray[np.int64], seed: int, stream: int) -> NDArray[np.float64]:
    """A number in 0..1, without 1, for each row."""
    bits = bits_at(rows, seed, stream)
    return np.asarray((bits >> np.uint64(11)).astype(np.float64) * 2.0**-53)
