"""What a method of projection is given, and what it gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.space import Latents
from latentviewer.projection.project import Value

Report = Callable[[float | None, str], None]
"""Told the fraction done, None where unknown, and the stage. It returns when work may go on:
while the user pauses it waits, so a layout calls it between two of its steps."""

Note = Callable[[str], None]
"""Told, in a sentence each, what was done otherwise than asked, and what to mind when reading."""


class Neighbourhoods(Protocol):
    """The nearest samples of every sample; kept from run to run, so that they are found once."""

    def __call__(
        self, k: int, metric: str, report: Report
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Rows and distances, (n, k) each, nearest first, the sample itself not among them.

        With fewer than k others there are fewer columns.
        """
        ...


@dataclass(frozen=True, eq=False)
class Task:
    """One map to be made.

    Attributes:
        latents: (n, d) float32, finite.
        embedding: (n, 2 or 3) float32, C-contiguous: where the map is laid out, in place; it
            is drawn all the time. Zeros at first, or `start`.
        options: of the method, checked and complete; see `Method.options`.
        neighbourhoods: finds neighbours.
        codes: (n,) int32, the class of each sample by the column that supervises, -1 where
            unknown; None without one.
        classes: what the codes stand for.
        start: (n, 2 or 3) float32, the present picture to go on from, or None for the
            method's own start.
        report, note: whom it tells.
    """

    latents: Latents
    embedding: Latents
    options: Mapping[str, Value]
    neighbourhoods: Neighbourhoods
    codes: NDArray[np.int32] | None = None
    classes: tuple[str, ...] = ()
    start: Latents | None = None
    report: Report = lambda _fraction, _stage: None
    note: Note = lambda _sentence: None

    @property
    def dims(self) -> int:
        """2 or 3."""
        return int(self.embedding.shape[1])

    def number(self, key: str) -> float:
        """An option that is a number."""
        value = self.options[key]
        assert isinstance(value, int | float)
        return float(value)

    def whole(self, key: str) -> int:
        """An option that is a whole number."""
        return int(self.number(key))


@dataclass(frozen=True, eq=False)
class Placed:
    """What a finished map leaves besides the places in `Task.embedding`.

    Attributes:
        axes: a title for each axis; empty where an axis has no meaning of its own.
        state: arrays by name, from which `Inverse` and places of new samples are made anew;
            empty for methods without a formula.
    """

    axes: tuple[str, ...] = ()
    state: Mapping[str, NDArray[Any]] = field(default_factory=dict)


class Run(Protocol):
    """A method; raises `UserError` for what it cannot lay out, and then the old map stays."""

    def __call__(self, task: Task) -> Placed: ...
