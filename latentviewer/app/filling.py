"""Fetches what a view shows just now, bit by bit, so that nothing else has to wait."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from latentviewer.app.workspace import Workspace

V = TypeVar("V")


class Filling(Generic[V]):
    """Asks the worker for things by number, a few at a time; the latest wish wins.

    One batch is under way at any time, as a short call: a waiting preview goes before it, the
    steps of a job come after. What was scrolled away before its turn is never asked for.

    Args:
        batch: how many things are fetched in one call.
        came: is given what was fetched, unless the question was changed since.
    """

    def __init__(
        self,
        workspace: Workspace,
        batch: int,
        came: Callable[[Sequence[int], Sequence[V]], None],
    ) -> None:
        self._workspace = workspace
        self._batch = batch
        self._came = came
        self._fetch: Callable[[Sequence[int]], Sequence[V]] | None = None
        self._wanted: list[int] = []
        self._under_way: tuple[int, ...] = ()
        self._turn = 0
        self._turn_under_way = -1

    def ask(self, fetch: Callable[[Sequence[int]], Sequence[V]] | None) -> None:
        """Another question, or none: what was wanted before is forgotten.

        `fetch` runs on the worker's thread and gives one thing for each number.
        """
        self._turn += 1
        self._fetch = fetch
        self._wanted = []

    def want(self, keys: Sequence[int]) -> None:
        """What is missing now, in the order it is wanted; it replaces what was wanted before."""
        coming = self._under_way if self._turn == self._turn_under_way else ()
        self._wanted = [key for key in keys if key not in coming]
        self._next()

    def _next(self) -> None:
        fetch = self._fetch
        if self._under_way or fetch is None or not self._wanted:
            return
        keys = tuple(self._wanted[: self._batch])
        del self._wanted[: self._batch]
        turn, epoch = self._turn, self._workspace.epoch
        self._under_way, self._turn_under_way = keys, turn

        def done(values: Sequence[V]) -> None:
            self._under_way = ()
            if turn == self._turn and epoch == self._workspace.epoch:
                self._came(keys, values)
            self._next()

        def failed(error: BaseException) -> None:
            self._under_way = ()
            if turn == self._turn:
                # It would fail for the next ones as well.
                self._fetch = None
            self._next()
            self._workspace.fault(error, epoch)

        self._workspace.worker.call(lambda: fetch(keys), done, failed)
