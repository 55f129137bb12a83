"""What the faces look like: twelve attributes, each drawn on its own from the row's number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.table import Categories, Numbers
from latentviewer.io.splitmix import bits_at

CONTINUOUS: Mapping[str, str] = {
    "smile": "from 0, sad, to 1, laughing",
    "eyes": "from 0, nearly closed, to 1, wide open",
    "brows": "from 0, worried, to 1, angry",
    "hair_length": "from 0, none, to 1, to the shoulders",
    "skin": "from 0, light, to 1, dark",
    "face_width": "from 0, narrow, to 1, broad",
    "turn": "from 0, to the left of the picture, to 1, to its right",
    "background": "hue from 0 to 1",
}
"""Evenly spread over 0..1."""

CHOICES: Mapping[str, Mapping[str, float]] = {
    "glasses": {"none": 0.5, "round": 0.25, "square": 0.25},
    "hat": {"none": 0.7, "woolly": 0.3},
    "hair_colour": {
        "black": 0.2, "brown": 0.2, "chestnut": 0.2, "blond": 0.15, "red": 0.15, "grey": 0.1,
    },
    "beard": {"none": 0.6, "moustache": 0.2, "full": 0.2},
}  # fmt: skip
"""Names with their shares."""


@dataclass(frozen=True)
class Attributes:
    """One face.

    Attributes:
        smile, eyes, brows, hair_length, skin, face_width, turn, background: see `CONTINUOUS`.
        glasses, hat, hair_colour, beard: see `CHOICES`.
    """

    smile: float
    eyes: float
    brows: float
    hair_length: float
    skin: float
    face_width: float
    turn: float
    background: float
    glasses: str
    hat: str
    hair_colour: str
    beard: str


def attributes_of(rows: NDArray[np.int64], seed: int = 0) -> list[Attributes]:
    """The faces of some rows, whatever others there are."""
    values: dict[str, list[Any]] = {
        name: column.values.tolist()
        if isinstance(column, Numbers)
        else [column.names[code] for code in column.codes.tolist()]
        for name, column in columns_of(rows, seed).items()
    }
    return [
        Attributes(**dict(zip(values, row, strict=True)))
        for row in zip(*values.values(), strict=True)
    ]


def columns_of(rows: NDArray[np.int64], seed: int = 0) -> dict[str, Numbers | Categories]:
    """The attributes of some rows as columns; same rows and seed, same faces."""
    columns: dict[str, Numbers | Categories] = {}
    for number, (name, shares) in enumerate(CHOICES.items()):
        ends = np.cumsum(list(shares.values()))
        codes = np.searchsorted(ends, _uniform(rows, seed, number) * ends[-1], side="right")
        columns[name] = Categories(
            np.minimum(codes, len(shares) - 1).astype(np.int32), tuple(shares)
        )
    for number, name in enumerate(CONTINUOUS, start=len(CHOICES)):
        columns[name] = Numbers(_uniform(rows, seed, number))
    return columns


def _uniform(rows: NDArray[np.int64], seed: int, attribute: int) -> NDArray[np.float64]:
    """A number in 0..1 for each row that depends on nothing but row, seed and attribute."""
    bits = bits_at(rows, seed, attribute)
    return np.asarray((bits >> np.uint64(11)).astype(np.float64) * 2.0**-53)
