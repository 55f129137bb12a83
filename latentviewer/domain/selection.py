"""Sets of rows, and groups: sets of rows with a name."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError

CombineMode: TypeAlias = Literal["replace", "add", "remove", "toggle"]

_QUOTES = "\"'`“”„‟«»‘’‚‛"


@dataclass(frozen=True, eq=False, repr=False)
class Selection:
    """A set of rows. Build one with `Selection.of`.

    Attributes:
        rows: (m,) int64, sorted, without repeats, not negative, read-only.
    """

    rows: NDArray[np.int64]

    def __post_init__(self) -> None:
        rows = np.array(self.rows, np.int64)
        if rows.ndim != 1 or (rows.size and (rows[0] < 0 or bool((np.diff(rows) <= 0).any()))):
            raise ValueError("rows must be sorted, distinct and not negative")
        rows.setflags(write=False)
        object.__setattr__(self, "rows", rows)

    @staticmethod
    def empty() -> "Selection":
        """No rows."""
        return Selection(np.empty(0, np.int64))

    @staticmethod
    def of(rows: "Iterable[int] | NDArray[Any] | Selection") -> "Selection":
        """The set of `rows`, which may come in any order and more than once.

        Raises:
            ValueError: a row is negative or not a whole number.
        """
        if isinstance(rows, Selection):
            return rows
        given = rows if isinstance(rows, np.ndarray) else np.array(list(rows))
        if given.size and given.dtype.kind not in "iu":
            raise ValueError(f"rows must be whole numbers, not {given.dtype}")
        return Selection(np.unique(given.astype(np.int64)))

    def union(self, other: "Selection") -> "Selection":
        """Rows that are in either."""
        return Selection(np.union1d(self.rows, other.rows))

    def minus(self, other: "Selection") -> "Selection":
        """Rows that are here and not in `other`."""
        return Selection(np.setdiff1d(self.rows, other.rows, assume_unique=True))

    def toggled(self, other: "Selection") -> "Selection":
        """Rows that are in exactly one of the two."""
        return Selection(np.setxor1d(self.rows, other.rows, assume_unique=True))

    def intersect(self, other: "Selection") -> "Selection":
        """Rows that are in both."""
        return Selection(np.intersect1d(self.rows, other.rows, assume_unique=True))

    def mask(self, n: int) -> NDArray[np.bool_]:
        """(n,) true where the row is selected.

        Raises:
            ValueError: a selected row is n or more.
        """
        if self.rows.size and self.rows[-1] >= n:
            raise ValueError(f"row {self.rows[-1]} does not fit into {n} rows")
        mask = np.zeros(n, np.bool_)
        mask[self.rows] = True
        return mask

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[int]:
        return iter(self.rows.tolist())

    def __contains__(self, row: object) -> bool:
        if not isinstance(row, int | np.integer):
            return False
        at = int(np.searchsorted(self.rows, row))
        return at < len(self.rows) and bool(self.rows[at] == row)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Selection) and np.array_equal(self.rows, other.rows)

    def __hash__(self) -> int:
        return hash(self.rows.tobytes())

    def __repr__(self) -> str:
        return f"Selection({len(self)} rows)"


@dataclass(frozen=True)
class Group:
    """A selection with a name; an expression calls it `@name`."""

    name: str
    selection: Selection


def combine(
    current: Selection, rows: Iterable[int] | NDArray[Any] | Selection, mode: CombineMode
) -> Selection:
    """The selection after a click or a lasso over `rows`.

    Raises:
        ValueError: an unknown mode, or rows that `Selection.of` refuses.
    """
    wanted = Selection.of(rows)
    if mode == "replace":
        return wanted
    if mode == "add":
        return current.union(wanted)
    if mode == "remove":
        return current.minus(wanted)
    if mode == "toggle":
        return current.toggled(wanted)
    raise ValueError(f"unknown mode {mode!r}")


def valid_group_name(name: str, existing: Collection[str]) -> str:
    """`name` without the spaces around it, if a group can have it.

    Raises:
        UserError: the name is empty, holds a quote or a line break, or is taken.
    """
    chosen = name.strip()
    if not chosen:
        raise UserError("A group needs a name; type at least one character.")
    if any(mark in chosen for mark in _QUOTES):
        raise UserError(f"The group name {chosen} holds a quotation mark; leave it out.")
    if not chosen.isprintable():
        raise UserError("A group name stands on one line; leave line breaks and tabs out.")
    if chosen in existing:
        raise UserError(f"There is a group “{chosen}” already; choose another name.")
    return chosen


def next_group_name(existing: Collection[str]) -> str:
    """The first free name of A, B, ... Z, AA, AB, ..."""
    taken = set(existing)
    return next(name for name in map(_letters, count()) if name not in taken)


def _letters(index: int) -> str:
    name, rest = "", index + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        name = chr(ord("A") + letter) + name
    return name
