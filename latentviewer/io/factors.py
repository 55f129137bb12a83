"""Factors of variation: what a picture was made from, known exactly.

A set whose pictures are all combinations of some factors numbers them like the digits of a
number in a mixed radix: the first factor changes slowest, the last with every picture. With
sizes (4, 6, 10) the factors (1, 2, 3) stand at index (1 * 6 + 2) * 10 + 3 = 83.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.table import Categories, Column, Numbers


@runtime_checkable
class FactorData(Protocol):
    """What a data set with ground-truth factors offers beside `DataSet`.

    `isinstance(data, FactorData)` tells it from others.
    """

    @property
    def factor_names(self) -> tuple[str, ...]:
        """The k factors that take more than one value."""
        ...

    @property
    def factor_sizes(self) -> tuple[int, ...]:
        """How many values each can take, (k,), each at least 2."""
        ...

    def factors_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """(len(rows), k) which value each factor has, from 0 to its size - 1.

        Raises:
            IndexError: a row is negative or past the end.
        """
        ...


@dataclass(frozen=True)
class Factor:
    """One factor and its values in order: all names, or all numbers."""

    name: str
    values: tuple[str, ...] | tuple[float, ...]

    def column(self, codes: NDArray[np.int32]) -> Column:
        """A column of the values that (n,) codes stand for."""
        names = tuple(v for v in self.values if isinstance(v, str))
        if names:
            return Categories(codes, names)
        return Numbers(np.asarray(self.values, np.float64)[codes])


@dataclass(frozen=True)
class FactorGrid:
    """All combinations of some factors, numbered as the module says."""

    factors: tuple[Factor, ...]

    def __len__(self) -> int:
        return math.prod(self.sizes)

    @property
    def names(self) -> tuple[str, ...]:
        """What the k factors are called."""
        return tuple(factor.name for factor in self.factors)

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each factor has, (k,)."""
        return tuple(len(factor.values) for factor in self.factors)

    def factors_of(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        """(m,) indices to (m, k) values, each from 0 to its factor's size - 1.

        Raises:
            ValueError: an index outside the grid.
        """
        return np.stack(np.unravel_index(indices, self.sizes), axis=-1).astype(np.int64)

    def index_of(self, factors: NDArray[np.int64]) -> NDArray[np.int64]:
        """(m, k) values to (m,) indices: the way back from `factors_of`.

        Raises:
            ValueError: not k values, or a value that its factor does not have.
        """
        if factors.ndim != 2 or factors.shape[1] != len(self.factors):
            raise ValueError(f"give {len(self.factors)} factors a row")
        found = np.ravel_multi_index(tuple(factors.T), self.sizes)
        return np.asarray(found, np.int64)

    def columns(self, indices: Callable[[], NDArray[np.int64]]) -> Mapping[str, Column]:
        """A column for each factor, made when it is first asked for.

        Args:
            indices: gives the (n,) indices of the rows; not called before.
        """
        strides = [math.prod(self.sizes[i + 1 :]) for i in range(len(self.factors))]
        makers = {
            factor.name: _maker(factor, stride, indices)
            for factor, stride in zip(self.factors, strides, strict=True)
        }
        return ColumnsOnDemand(makers)


class ColumnsOnDemand(Mapping[str, Column]):
    """Columns that are made when they are asked for, and kept.

    All columns of millions of rows would take seconds and hundreds of megabytes, of which a
    map that is coloured by one of them needs little.
    """

    def __init__(self, makers: Mapping[str, Callable[[], Column]]) -> None:
        self._makers = dict(makers)
        self._made: dict[str, Column] = {}

    def __getitem__(self, name: str) -> Column:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def _maker(
    factor: Factor, stride: int, indices: Callable[[], NDArray[np.int64]]
) -> Callable[[], Column]:
    def make() -> Column:
        codes = indices() // stride % len(factor.values)
        return factor.column(codes.astype(np.int32))

    return make
