"""A data set's images in batches, as models take them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.ports import DataSet, Images


def unit_images(data: DataSet, batch: int) -> Iterator[tuple[NDArray[np.int64], Images]]:
    """Consecutive batches: rows, and images as (b, h, w, c) float32 in 0..1.

    Only one batch is in memory at a time.
    """
    for start in range(0, len(data), batch):
        rows = np.arange(start, min(start + batch, len(data)), dtype=np.int64)
        yield rows, to_unit(data.images(rows))


def to_unit(images: NDArray[np.uint8]) -> Images:
    """uint8 in 0..255 to float32 in 0..1."""
    return images.astype(np.float32) / np.float32(255.0)
