"""Where the ranked samples and their pictures stand."""

import math
from dataclasses import dataclass

NAMES_PX = 68
WORDS_PX = 32
GAP_PX = 3
_BETWEEN_PX = 8
_NARROWEST_PX = 46
_SMALLEST_SIDE_PX, _LARGEST_SIDE_PX = 20, 120


@dataclass(frozen=True)
class RankingLayout:
    """One column for each sample: its pictures below one another, then words.

    Attributes:
        count: samples. lines: pictures of each.
        width, height: of the view in logical pixels; the lines' names stay at its left.
        scrolled: how much of the columns lies left of the view.
    """

    count: int
    lines: int
    width: int
    height: int
    scrolled: int = 0

    @property
    def side(self) -> int:
        """Of a picture."""
        room = (self.height - WORDS_PX) / max(self.lines, 1) - GAP_PX
        return int(min(max(room, _SMALLEST_SIDE_PX), _LARGEST_SIDE_PX))

    @property
    def step(self) -> int:
        """From one sample to the next."""
        return max(self.side, _NARROWEST_PX) + _BETWEEN_PX

    @property
    def beyond(self) -> int:
        """How far the samples can be scrolled."""
        return max(0, NAMES_PX + self.count * self.step - self.width)

    def left(self, index: int) -> int:
        """Where a sample's column begins in the view."""
        return NAMES_PX + index * self.step - self.scrolled

    def top(self, line: int) -> int:
        """Where a line of pictures begins."""
        return line * (self.side + GAP_PX)

    @property
    def words_top(self) -> int:
        """Where the words begin."""
        return self.top(self.lines)

    def seen(self) -> range:
        """The samples of which anything is in the view."""
        first = max(0, self.scrolled // self.step)
        last = math.ceil((self.scrolled + self.width - NAMES_PX) / self.step)
        return range(first, max(first, min(last, self.count)))

    def at(self, x: float, y: float) -> int | None:
        """The sample at a place of the view; the gap after a column belongs to it."""
        if x < NAMES_PX or not 0 <= y < self.words_top + WORDS_PX:
            return None
        index = int((x - NAMES_PX + self.scrolled) // self.step)
        return index if index < self.count else None
