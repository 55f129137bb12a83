"""Decoded, original and difference, the first one large."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from latentviewer.domain.ports import Images
from latentviewer.ui.preview.image_tile import LEGEND_PX, TITLE_PX, ImageTile, legend_text
from latentviewer.ui.theme import Theme

_GAP_PX = 10
_LARGEST_SIDE_PX = 300

NO_DECODER = "This space has no decoder; open its model to see latents decoded."
NO_DECODER_SHORT = "No decoder here."
LOADING = "Loading the decoder…"
NOT_HERE = "The original is not on this machine."
NO_ORIGINAL = "Not a sample."
NO_DIFFERENCE = "Needs the original."
FAR = "far from data"


class Pictures(QWidget):
    """Three tiles. Without a decoder the original is the large one.

    Attributes:
        original, decoded, difference: the tiles.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.original = ImageTile("Original", theme, parent=self)
        self.decoded = ImageTile("Decoded", theme, parent=self)
        self.difference = ImageTile("Difference", theme, legend=True, parent=self)
        self.difference.setToolTip(legend_text())
        self._decoder = True
        self._without = NO_DECODER_SHORT
        self._why = NO_DECODER
        self._original_missing = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def tiles(self) -> tuple[ImageTile, ImageTile, ImageTile]:
        """In reading order."""
        return self.original, self.decoded, self.difference

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        for tile in self.tiles:
            tile.set_theme(theme)

    def set_decoder_available(self, available: bool, loading: bool = False, why: str = "") -> None:
        """Which tile is the large one, and what stands there while the decoder is loaded.

        Args:
            why: one sentence on why nothing is decoded; empty for the usual one.
        """
        self._why = why or NO_DECODER
        self._without = LOADING if loading else NO_DECODER_SHORT
        if available != self._decoder:
            self._decoder = available
            self._place()
        self.clear()

    def set_original_missing(self, missing: bool) -> None:
        """Whether the data set is known but not on this machine."""
        self._original_missing = missing
        if self.original.image is None:
            self.original.set_message(NOT_HERE if missing else "")

    def clear(self) -> None:
        """No pictures yet."""
        for tile in self.tiles:
            tile.set_image(None)
            tile.set_warning("")
        self.original.set_message(NOT_HERE if self._original_missing else "")
        self.decoded.set_message(
            "" if self._decoder and self._without != LOADING else self._without
        )
        self.difference.set_message("")

    def show_pictures(
        self,
        original: Images | None,
        decoded: Images | None,
        difference: NDArray[np.float32] | None,
        is_sample: bool,
        far: bool,
    ) -> None:
        """(h, w, c) float32 each, or None where there is none.

        The decoded picture is painted at once, the others with the window's next paint.
        """
        self.decoded.set_image(decoded)
        self.decoded.set_warning(FAR if far and decoded is not None else "")
        if decoded is None:
            self.decoded.set_message(self._without)
        else:
            self.decoded.repaint()
        self.original.set_image(original)
        self.difference.set_difference(difference)
        if original is None:
            missing = is_sample and self._original_missing
            if not self._decoder:
                self.original.set_message(NOT_HERE if missing else self._why)
            elif is_sample:
                self.original.set_message(NOT_HERE if missing else "No picture.")
            else:
                self.original.set_message(NO_ORIGINAL)
        if difference is None:
            self.difference.set_message(NO_DIFFERENCE if is_sample else "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        large, small = sides(self.width())
        first, second = (
            (self.decoded, self.original) if self._decoder else (self.original, self.decoded)
        )
        first.setGeometry(QRect(0, 0, large, large + TITLE_PX))
        x = large + _GAP_PX
        second.setGeometry(QRect(x, 0, small, small + TITLE_PX))
        self.difference.setGeometry(
            QRect(x, small + TITLE_PX + _GAP_PX, small, small + TITLE_PX + LEGEND_PX)
        )
        self.difference.setVisible(self._decoder)
        if self.height() != large + TITLE_PX:
            self.setFixedHeight(large + TITLE_PX)


def sides(width: int) -> tuple[int, int]:
    """The large and the small side so that two small tiles stand as high as the large one."""
    beside = TITLE_PX + LEGEND_PX + _GAP_PX
    small = max((width - beside - _GAP_PX) // 3, 24)
    large = 2 * small + beside
    if large > _LARGEST_SIDE_PX:
        large = _LARGEST_SIDE_PX
        small = (large - beside) // 2
    return large, small
