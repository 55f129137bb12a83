"""A data set's images in batches, as models take them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.ports import DataSet, Images


def unit_images(
    data: DataSet, batch: int, rows: NDArray[np.int64] | None = None
) -> Iterator[tuple[NDArray[np.int64], Images]]:
    """Consecutive batches: rows, and images as (b, h, w, c) float32 in 0..1.

    Only one batch is in memory at a time.

    Args:
        rows: these only, in this order; all where None.
    """
    chosen = np.arange(len(data), dtype=np.int64) if rows is None else rows
    for start in range(0, len(chosen), batch):
        part = chosen[start : start + batch]
        yield part, to_unit(data.images(part))


def drawn_rows(data: DataSet, limit: int, seed: int) -> NDArray[np.int64]:
    """At most `limit` rows, ascending: all, or a draw without repeats by the seed alone."""
    if len(data) <= limit:
        return np.arange(len(data), dtype=np.int64)
    drawn = np.random.default_rng(seed).choice(len(data), limit, replace=False)
    return np.sort(drawn).astype(np.int64)


def to_unit(images: NDArray[np.uint8]) -> Images:
    """uint8 in 0..255 to float32 in 0..1."""
    return images.astype(np.float32) / np.float32(255.0)
