"""A data set that remembers the pictures it was asked for."""

import time
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.ports import DataSet, ImageShape
from latentviewer.domain.table import Column

_BYTES_AT_MOST = 128_000_000
_QUICK_S = 0.00015


def kept_samples(whole: DataSet, count: int) -> DataSet:
    """`whole` with its first `count` pictures kept once seen, or `whole` where they are too large.

    Some data sets draw a picture, or read it from a file, whenever it is asked for; under a
    moving cursor that takes as long as to decode one.
    """
    image = whole.image
    each = image.height * image.width * image.channels
    return KeptSamples(whole, count) if 0 < count * each <= _BYTES_AT_MOST else whole


class KeptSamples:
    """Fulfils `DataSet`; for one thread, as a model is.

    Args:
        count: how many pictures are kept at most, the first ones.
    """

    def __init__(self, whole: DataSet, count: int) -> None:
        self._whole = whole
        image, count = whole.image, min(count, len(whole))
        # Pages of memory are taken when they are written to.
        self._pictures = np.empty((count, image.height, image.width, image.channels), np.uint8)
        self._here = np.zeros(count, np.bool_)

    @property
    def name(self) -> str:
        """The name of the whole."""
        return self._whole.name

    @property
    def image(self) -> ImageShape:
        """The shape of one picture."""
        return self._whole.image

    @property
    def columns(self) -> Mapping[str, Column]:
        """The columns of the whole."""
        return self._whole.columns

    def __len__(self) -> int:
        return len(self._whole)

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The named samples, (len(rows), h, w, c) uint8: the caller's own."""
        if rows.size and not 0 <= int(rows.min()) <= int(rows.max()) < len(self._here):
            return self._whole.images(rows)
        new = rows[~self._here[rows]]
        if len(new):
            self._pictures[new] = self._whole.images(new)
            self._here[new] = True
        return self._pictures[rows]

    def gather(self) -> Iterator[None]:
        """Fetches those that are not here, one a step; none if they come as from memory."""
        for row in range(len(self._here)):
            if not self._here[row]:
                began = time.perf_counter()
                self.images(np.array([row], dtype=np.int64))
                if time.perf_counter() - began < _QUICK_S:
                    return
                yield
