"""The faces as a data set: drawn when they are asked for, so that a million take no disk."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.domain.table import Column
from latentviewer.io.faces.attributes import attributes_of, columns_of
from latentviewer.io.faces.portrait import SIDE, portrait

PARTS: Mapping[str, tuple[int, int]] = {"train": (0, 60_000), "test": (60_000, 70_000)}
"""First row and the one after the last."""


@dataclass(frozen=True, eq=False)
class FacesData:
    """Rows `first` to `end` of the endless row of faces; fulfils `DataSet`.

    Attributes:
        name: such as `faces:test`.
        seed: of the attributes; another seed, other faces.
    """

    name: str
    first: int
    end: int
    seed: int = 0

    @property
    def image(self) -> ImageShape:
        """The shape of one picture."""
        return ImageShape(SIDE, SIDE, 3)

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """The twelve attributes."""
        rows = np.arange(self.first, self.end, dtype=np.int64)
        return dict(columns_of(rows, self.seed))

    def __len__(self) -> int:
        return self.end - self.first

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The named faces, (len(rows), 64, 64, 3) uint8, drawn now.

        Raises:
            IndexError: a row is negative or past the end.
        """
        if rows.size and not 0 <= rows.min() <= rows.max() < len(self):
            raise IndexError(f"{self.name} has rows 0 to {len(self) - 1}")
        drawn = np.empty((len(rows), SIDE, SIDE, 3), np.uint8)
        for i, look in enumerate(attributes_of(rows + self.first, self.seed)):
            drawn[i] = portrait(look)
        return drawn


def open_faces(part: str | None) -> FacesData:
    """`train`, `test`, a number for so many from the first on, or None for all 70,000.

    Raises:
        UserError: another part.
    """
    if part is None:
        return FacesData("faces", 0, PARTS["test"][1])
    if part in PARTS:
        return FacesData(f"faces:{part}", *PARTS[part])
    if part.isdecimal() and 0 < int(part) <= 1 << 31:
        return FacesData(f"faces:{int(part)}", 0, int(part))
    raise UserError(
        f"faces has no part “{part}”; ask for faces:train, faces:test, or as many as you like, "
        "such as faces:5000."
    )
