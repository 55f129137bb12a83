"""The beginning of a data set, as a data set."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.ports import DataSet, ImageShape
from latentviewer.domain.space import Space
from latentviewer.domain.table import Categories, Column, Numbers, Texts

FIRST = "first"
"""In the provenance of a space: how many samples of its data set it has, the first ones."""


def first_samples(whole: DataSet, count: int) -> DataSet:
    """The first `count` samples, or the whole where there are no more."""
    return FirstSamples(whole, count) if count < len(whole) else whole


@dataclass(frozen=True, eq=False)
class FirstSamples:
    """The first `count` samples of a data set; fulfils `DataSet`."""

    whole: DataSet
    count: int

    @property
    def name(self) -> str:
        """The name of the whole: row i is its sample i."""
        return self.whole.name

    @property
    def image(self) -> ImageShape:
        """The shape of one picture."""
        return self.whole.image

    @property
    def columns(self) -> Mapping[str, Column]:
        """The columns, cut to the samples that are here."""
        return {key: _first(column, self.count) for key, column in self.whole.columns.items()}

    def __len__(self) -> int:
        return self.count

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The named samples, (len(rows), h, w, c) uint8."""
        if rows.size and int(rows.max()) >= self.count:
            raise IndexError(f"{self.name} is cut to {self.count} samples")
        return self.whole.images(rows)


def first_rows(space: Space, count: int) -> Space:
    """The first `count` rows of a space, or the whole where there are no more."""
    if count >= len(space):
        return space
    return dataclasses.replace(
        space,
        latent=space.latent[:count],
        latent_std=None if space.latent_std is None else space.latent_std[:count],
        columns={key: _first(column, count) for key, column in space.columns.items()},
        maps={key: places[:count] for key, places in space.maps.items()},
    )


def _first(column: Column, count: int) -> Column:
    if isinstance(column, Categories):
        return Categories(column.codes[:count], column.names)
    if isinstance(column, Numbers):
        return Numbers(column.values[:count])
    return Texts(column.values[:count])
