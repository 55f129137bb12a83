"""The pictures of a training run, thinned evenly so that any run fits in memory."""

from latentviewer.app.recipes import Snapshot

MOST_KEPT = 240


class Snapshots:
    """Keeps at most `most` of any number of pictures, evenly spread, and always the newest."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._every = 1
        self._seen = 0
        self._kept: list[Snapshot] = []
        self._newest: Snapshot | None = None

    def add(self, snapshot: Snapshot) -> None:
        """Adds the next picture; the one before may be left out for it."""
        self._newest = snapshot
        if self._seen % self._every == 0:
            self._kept.append(snapshot)
            if len(self._kept) >= self._most:
                del self._kept[1::2]
                self._every *= 2
        self._seen += 1

    def __len__(self) -> int:
        return len(self._kept) + self._newest_is_extra

    def __getitem__(self, index: int) -> Snapshot:
        """The kept picture of that number, from 0; the last is the newest.

        Raises:
            IndexError: there are not so many.
        """
        if index == len(self._kept) and self._newest_is_extra and self._newest is not None:
            return self._newest
        if not 0 <= index < len(self._kept):
            raise IndexError(f"there are {len(self)} pictures, not {index + 1}")
        return self._kept[index]

    def nearest(self, epoch: float) -> int:
        """The number of the picture nearest in time; 0 without any."""
        there = range(len(self))
        return min(there, key=lambda i: abs(self[i].epoch - epoch), default=0)

    @property
    def _newest_is_extra(self) -> bool:
        return bool(self._kept) and self._newest is not self._kept[-1]
