"""Where the dimensions and their pictures stand."""

import math
from dataclasses import dataclass

HEAD_PX = 20
GAP_PX = 3
_BELOW_PX = 7
_NARROWEST_WORDS_PX, _WIDEST_WORDS_PX = 112, 340
_WORDS_GAP_PX = 14
_SMALLEST_SIDE_PX, _LARGEST_SIDE_PX = 24, 72
_ROWS_TO_SEE = 3


@dataclass(frozen=True)
class TraversalLayout:
    """One row for each dimension: words at the left, then square pictures.

    Attributes:
        rows: dimensions. steps: pictures in each row.
        width, height: of the view, in logical pixels; a head of `HEAD_PX` stays above the rows.
        scrolled: how much of the rows lies above the view.
    """

    rows: int
    steps: int
    width: int
    height: int
    scrolled: int = 0

    @property
    def side(self) -> int:
        """Of a picture: as large as lets a few rows be seen, and all pictures of a row."""
        across = (self.width - _NARROWEST_WORDS_PX - _WORDS_GAP_PX) / max(self.steps, 1) - GAP_PX
        down = (self.height - HEAD_PX) / _ROWS_TO_SEE - _BELOW_PX
        return int(min(max(min(across, down), _SMALLEST_SIDE_PX), _LARGEST_SIDE_PX))

    @property
    def words(self) -> int:
        """The width of what is said of a dimension."""
        free = self.width - self.steps * (self.side + GAP_PX) - _WORDS_GAP_PX
        return min(max(free, _NARROWEST_WORDS_PX), _WIDEST_WORDS_PX)

    @property
    def row_height(self) -> int:
        """From one row to the next."""
        return self.side + _BELOW_PX

    @property
    def beyond(self) -> int:
        """How far the rows can be scrolled."""
        return max(0, self.rows * self.row_height + HEAD_PX - self.height)

    def top(self, row: int) -> int:
        """Where a row begins in the view."""
        return HEAD_PX + row * self.row_height - self.scrolled

    def left(self, step: int) -> int:
        """Where a picture begins."""
        return self.words + _WORDS_GAP_PX + step * (self.side + GAP_PX)

    def x_of(self, share: float) -> float:
        """The middle of the picture that stands at a share of the way, 0 to 1."""
        return self.left(0) + self.side / 2 + share * (self.steps - 1) * (self.side + GAP_PX)

    def seen(self) -> range:
        """The rows of which anything is in the view."""
        first = max(0, self.scrolled // self.row_height)
        last = math.ceil((self.scrolled + self.height - HEAD_PX) / self.row_height)
        return range(first, max(first, min(last, self.rows)))

    def at(self, x: float, y: float) -> tuple[int, int] | None:
        """Row and picture at a place of the view; None beside the pictures.

        The gaps after a picture belong to it, so that the preview does not blink between two.
        """
        if y < HEAD_PX:
            return None
        row = int((y - HEAD_PX + self.scrolled) // self.row_height)
        step = int((x - self.left(0)) // (self.side + GAP_PX))
        return (row, step) if 0 <= row < self.rows and 0 <= step < self.steps else None
