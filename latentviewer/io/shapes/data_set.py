"""The shapes as a data set: drawn when they are asked for, so that millions take no disk."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.domain.table import Column
from latentviewer.io.image_data import check_rows
from latentviewer.io.shapes.combinations import GRID
from latentviewer.io.splitmix import bits_at

PARTS: Mapping[str, tuple[int, int]] = {"train": (0, 60_000), "test": (60_000, 70_000)}
"""First and the one after the last of all combinations once they are shuffled."""

_SEED = 0


@dataclass(frozen=True, eq=False)
class ShapesData:
    """All combinations in the order of their indices, or some; fulfils `DataSet`, `FactorData`.

    Attributes:
        name: such as `shapes:test`.
        chosen: (n,) int64 the combinations' indices in `GRID`; None for all of them, and then
            a row's number is its index.
    """

    name: str
    chosen: NDArray[np.int64] | None = None

    @property
    def image(self) -> ImageShape:
        """The shape of one picture."""
        # The drawing is loaded when a picture is asked for.
        return ImageShape(64, 64, 3)

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """The seven factors by their natural values, each made when it is asked for."""
        return GRID.columns(lambda: self.indices_of(np.arange(len(self), dtype=np.int64)))

    @property
    def factor_names(self) -> tuple[str, ...]:
        """The seven factors."""
        return GRID.names

    @property
    def factor_sizes(self) -> tuple[int, ...]:
        """How many values each can take, (7,)."""
        return GRID.sizes

    def __len__(self) -> int:
        return len(GRID) if self.chosen is None else len(self.chosen)

    def indices_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """(m,) rows to the (m,) indices of their combinations in `GRID`.

        Raises:
            IndexError: a row is negative or past the end.
        """
        check_rows(rows, len(self), self.name)
        return rows if self.chosen is None else self.chosen[rows]

    def factors_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """(m,) rows to (m, 7) which value each factor has, from 0 to its size - 1.

        Raises:
            IndexError: a row is negative or past the end.
        """
        return GRID.factors_of(self.indices_of(rows))

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The named scenes, (len(rows), 64, 64, 3) uint8, drawn now.

        Raises:
            IndexError: a row is negative or past the end.
        """
        from latentviewer.io.shapes.scene import scenes

        return scenes(self.factors_of(rows))


def open_shapes(part: str | None) -> ShapesData:
    """`train`, `test`, a number for so many from the first shuffled one on, or None for all.

    `shapes:60000` is `shapes:train`; no combination is in both train and test.

    Raises:
        UserError: another part, or more than there are.
    """
    if part is None:
        return ShapesData("shapes")
    if part in PARTS:
        first, end = PARTS[part]
        return ShapesData(f"shapes:{part}", _shuffled()[first:end].astype(np.int64))
    if part.isdecimal() and 0 < int(part) <= len(GRID):
        return ShapesData(f"shapes:{int(part)}", _shuffled()[: int(part)].astype(np.int64))
    raise UserError(
        f"shapes has no part “{part}”; ask for shapes:train, shapes:test, shapes for all "
        f"{len(GRID):,}, or fewer, such as shapes:5000."
    )


@cache
def _shuffled() -> NDArray[np.int32]:
    """All indices in an order that no version of numpy changes."""
    keys = bits_at(np.arange(len(GRID), dtype=np.int64), _SEED)
    return np.argsort(keys).astype(np.int32)
