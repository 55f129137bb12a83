"""Samples by the size of a number, such as the error of their reconstruction: anomalies first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.filling import Filling
from latentviewer.app.preview import Sources
from latentviewer.app.previews import Previews
from latentviewer.app.selecting import Selecting
from latentviewer.app.signal import Signal
from latentviewer.app.state import RowTarget, SessionState
from latentviewer.app.workspace import Workspace
from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability, Images
from latentviewer.domain.ranking import ranked
from latentviewer.domain.selection import Selection
from latentviewer.domain.space import Space
from latentviewer.domain.table import Numbers

ERROR_COLUMN = "recon_error"
ORDERS = ("largest", "smallest")
_ROWS_PER_CALL = 6


@dataclass(frozen=True, eq=False)
class Ranks:
    """A ranking.

    Attributes:
        column: what the samples are ranked by. order: `largest` or `smallest` first.
        rows: (m,) the samples in their order. values: (m,) theirs.
        within: how many selected samples it is restricted to, or None for all.
        left_out: how many of them have no value.
    """

    column: str
    order: str
    rows: NDArray[np.int64]
    values: NDArray[np.float64]
    within: int | None
    left_out: int


@dataclass(frozen=True, eq=False)
class Compared:
    """A sample and what became of it, (h, w, c) float32 each; None where it is not to be had.

    `difference` is decoded minus original.
    """

    original: Images | None
    decoded: Images | None
    difference: Images | None


class Ranking:
    """Ranks the samples and fetches their pictures, while somebody looks.

    It is restricted to what is selected; samples selected from the ranking itself do not
    narrow it, so that one can go on looking.

    Attributes:
        ranks: the ranking, or None before it is there.
        changed: it, or why there is none, changed.
        refreshed: pictures may look different now and are to be asked for again.
        fetched: emitted with rows and what was fetched for each.
    """

    def __init__(self, workspace: Workspace, previews: Previews, selecting: Selecting) -> None:
        self._workspace, self._previews, self._selecting = workspace, previews, selecting
        self.ranks: Ranks | None = None
        self._column: str | None = None
        self._order = ORDERS[0]
        self._scope: Selection | None = None
        self._own: Selection | None = None
        self._watched = False
        self._turn = 0
        self._sources: tuple[object, object] = (None, None)
        self.changed: Signal[[]] = Signal()
        self.refreshed: Signal[[]] = Signal()
        self.fetched: Signal[[Sequence[int], Sequence[Compared]]] = Signal()
        self._filling: Filling[Compared] = Filling(
            workspace, _ROWS_PER_CALL, lambda keys, values: self.fetched.emit(keys, values)
        )
        workspace.session.changed.connect(self._on_state)
        workspace.sources_changed.connect(self._on_sources)

    @property
    def columns(self) -> tuple[str, ...]:
        """What samples can be ranked by."""
        space = self._workspace.state.space
        return () if space is None else number_columns(space)

    @property
    def column(self) -> str | None:
        """What they are ranked by: the chosen column, else the error, else the first."""
        columns = self.columns
        for wanted in (self._column, ERROR_COLUMN):
            if wanted in columns:
                return wanted
        return columns[0] if columns else None

    @property
    def order(self) -> str:
        """Which come first: `largest` or `smallest`."""
        return self._order

    @property
    def lines(self) -> tuple[str, ...]:
        """What can be shown of a sample: some of `original`, `decoded`, `difference`."""
        data = self._workspace.data is not None
        decodes = self._workspace.can(Capability.DECODE)
        there = {"original": data, "decoded": decodes, "difference": data and decodes}
        return tuple(name for name, held in there.items() if held)

    def why_not(self) -> str | None:
        """Why there is no ranking, in one sentence; None where there is."""
        space = self._workspace.state.space
        if space is None:
            return "Open a space first."
        if not len(space):
            return f"{space.name} holds no samples."
        if not number_columns(space):
            return (
                f"{space.name} has no column of numbers; spaces that are encoded here bring "
                f"“{ERROR_COLUMN}”."
            )
        return None

    def what_is_missing(self) -> str:
        """Why some pictures are not shown, in one sentence; empty where all are."""
        workspace = self._workspace
        if workspace.missing_data is not None:
            return f"{workspace.missing_data} is not on this machine: no originals."
        if workspace.data is None:
            return "No data set: no originals."
        if not workspace.can(Capability.DECODE) and not workspace.model_expected:
            return "No decoder: originals only."
        return ""

    def watch(self, watched: bool) -> None:
        """Whether somebody looks; else nothing is ranked and fetched."""
        self._watched = watched
        if watched and self.ranks is None:
            self._rebuild()
        elif not watched:
            self._filling.want(())

    def want(self, rows: Sequence[int]) -> None:
        """Which samples are looked at and have no pictures yet."""
        if self._watched:
            self._filling.want(rows)

    def by(self, column: str) -> None:
        """Ranks by another column."""
        _numbers(self._workspace.space, column)
        self._column = column
        self._rebuild()

    def set_order(self, order: str) -> None:
        """`largest` or `smallest` first."""
        self._order = _checked(order)
        self._rebuild()

    def point(self, row: int) -> None:
        """Shows a sample in the preview."""
        self._previews.hover(RowTarget(row))

    def leave(self) -> None:
        """Shows again what is pinned."""
        self._previews.hover(None)

    def show(self, row: int) -> None:
        """Selects a sample of the ranking, and keeps it in the preview."""
        self._own = Selection.of(np.array([row], np.int64))
        self._selecting.point(row)

    def select_top(self, column: str, count: int, order: str = ORDERS[0]) -> None:
        """Selects so many of the largest or smallest values, of what the ranking is of."""
        space = self._workspace.space
        numbers = _numbers(space, column)
        largest = _checked(order) == ORDERS[0]
        if count < 1:
            raise UserError(f"Select at least 1 sample, not {count}.")
        rows = ranked(numbers.values, self._scope_rows(), largest)
        if not len(rows):
            raise UserError(f"No sample here has a value in “{column}”.")
        chosen = Selection.of(rows[:count])
        self._own = chosen
        if chosen != self._workspace.state.selection:
            title = f"Select {len(chosen)} {order} {column}"
            self._workspace.session.change(title, selection=chosen)
        if len(chosen) < count:
            self._workspace.say(f"Only {len(chosen):,} samples here have a value in “{column}”.")

    def _scope_rows(self) -> NDArray[np.int64] | None:
        return None if self._scope is None else self._scope.rows

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        if new.space is None or old.space is None or old.space.latent is not new.space.latent:
            self._column, self._own = None, None
            self._scope = new.selection if len(new.selection) else None
            self.ranks = None
            self._filling.ask(None)
            self._rebuild()
            return
        before = self._scope
        if new.selection != old.selection and new.selection != self._own:
            self._scope, self._own = (new.selection if len(new.selection) else None), None
        if self._scope != before or new.space.columns is not old.space.columns:
            self._rebuild()

    def _on_sources(self) -> None:
        sources = (self._workspace.model, self._workspace.data)
        if sources != self._sources:
            self._sources = sources
            self._ask()
            self.refreshed.emit()
        self.changed.emit()

    def _rebuild(self) -> None:
        self._turn += 1
        turn, column = self._turn, self.column
        if not self._watched or column is None or self.why_not() is not None:
            self.ranks = None
            self.changed.emit()
            return
        space, order, scope = self._workspace.space, self._order, self._scope_rows()
        values = _numbers(space, column).values

        def rank() -> Ranks:
            rows = ranked(values, scope, order == ORDERS[0])
            among = len(values) if scope is None else len(scope)
            within = None if scope is None else among
            return Ranks(column, order, rows, values[rows], within, among - len(rows))

        def done(ranks: Ranks) -> None:
            if turn == self._turn:
                self.ranks = ranks
                self._ask()
                self.changed.emit()

        self._workspace.call(rank, done)

    def _ask(self) -> None:
        if self._workspace.state.space is None or not self.lines:
            self._filling.ask(None)
            return
        sources = self._workspace.sources()
        self._filling.ask(lambda rows: compared(np.array(rows, np.int64), sources))


def compared(rows: NDArray[np.int64], sources: Sources) -> list[Compared]:
    """Originals, decoded and differences of some samples; runs on the worker's thread."""
    originals: Sequence[Images | None] = [None] * len(rows)
    decoded: Sequence[Images | None] = [None] * len(rows)
    if sources.data is not None:
        originals = list(sources.data.images(rows).astype(np.float32) / np.float32(255))
    model = sources.model
    if model is not None and Capability.DECODE in model.card.capabilities:
        decoded = list(model.decode(np.ascontiguousarray(sources.space.latent[rows])))
    return [
        Compared(was, made, _difference(was, made))
        for was, made in zip(originals, decoded, strict=True)
    ]


def number_columns(space: Space) -> tuple[str, ...]:
    """The columns of numbers."""
    return tuple(key for key, column in space.columns.items() if isinstance(column, Numbers))


def _difference(original: Images | None, decoded: Images | None) -> Images | None:
    if original is None or decoded is None or original.shape != decoded.shape:
        return None
    return decoded - original


def _numbers(space: Space, column: str) -> Numbers:
    found = space.columns.get(column)
    if not isinstance(found, Numbers):
        known = ", ".join(number_columns(space)) or "none"
        raise UserError(
            f"{space.name} has no column of numbers “{column}”; its columns of numbers: {known}."
        )
    return found


def _checked(order: str) -> str:
    if order not in ORDERS:
        raise UserError(f"Samples are ranked {' or '.join(ORDERS)} first, not “{order}”.")
    return order
