"""Pictures in memory, and what all data sets share."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.ports import ImageShape
from latentviewer.domain.table import Column
from latentviewer.io.packed_images import PackedImages


@dataclass(frozen=True, eq=False)
class ImageData:
    """Pictures held in memory; fulfils `latentviewer.domain.ports.DataSet`.

    Attributes:
        name: such as `mnist:test`.
        image: the shape of one picture.
        columns: labels, and `split` where several splits are joined.
        pixels: (n, h, w, c) uint8, or packed; not to be changed.
        notes: sentences on what was changed or left out when it was opened.
    """

    name: str
    image: ImageShape
    columns: Mapping[str, Column]
    pixels: NDArray[np.uint8] | PackedImages
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pixels)

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The named samples, (len(rows), h, w, c) uint8, a copy.

        Raises:
            IndexError: a row is negative or past the end.
        """
        check_rows(rows, len(self.pixels), self.name)
        return self.pixels[rows]


def check_rows(rows: NDArray[np.int64], count: int, name: str) -> None:
    """Refuses rows that a set of `count` samples does not have.

    Raises:
        IndexError: a row is negative or past the end.
    """
    if rows.size and not 0 <= rows.min() <= rows.max() < count:
        raise IndexError(f"{name} has rows 0 to {count - 1}")
