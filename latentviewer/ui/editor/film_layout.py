"""Where the frames of a film stand in its strip."""

import math
from dataclasses import dataclass

GAP_PX = 3


@dataclass(frozen=True)
class FilmLayout:
    """Square frames in a row, `GAP_PX` apart.

    Attributes:
        count: frames.
        side: of a frame in logical pixels.
        scrolled: how much of the row lies left of the view.
    """

    count: int
    side: float
    scrolled: float = 0.0

    @property
    def step(self) -> float:
        """From one frame to the next."""
        return self.side + GAP_PX

    @property
    def width(self) -> float:
        """Of the whole row."""
        return max(0.0, self.count * self.step - GAP_PX)

    def left(self, index: int) -> float:
        """Where a frame begins in the view."""
        return index * self.step - self.scrolled

    def index(self, x: float) -> int | None:
        """The frame at a place of the view, or the nearest one; None without frames."""
        if self.count == 0:
            return None
        at = math.floor((x + self.scrolled + GAP_PX / 2) / self.step)
        return min(max(at, 0), self.count - 1)

    def between(self, left: float, right: float) -> range:
        """The frames that are seen between two places of the view."""
        first = max(0, math.floor((left + self.scrolled) / self.step))
        last = min(self.count, math.floor((right + self.scrolled) / self.step) + 1)
        return range(first, max(first, last))
