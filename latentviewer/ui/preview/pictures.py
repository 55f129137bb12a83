"""Decoded, original and difference, the first one large; and why, where one is missing."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from latentviewer.app.preview import StandIn
from latentviewer.domain.ports import Images
from latentviewer.ui.preview.image_tile import LEGEND_PX, TITLE_PX, ImageTile, legend_text
from latentviewer.ui.theme import Theme

_GAP_PX = 10
_LARGEST_SIDE_PX = 300

NO_DECODER = "This space has no decoder, so places between samples have no picture."
LOADING = "Loading the model…"
NOT_HERE = "The original is not on this machine."
NO_ORIGINAL = "Not a sample."
NO_DIFFERENCE = "Needs the original."
FAR = "far from data"


class Pictures(QWidget):
    """Three tiles, or one and a sentence that says why the others are not there.

    Without a decoder the original is the large one, and for a place between samples the
    nearest sample's original stands in. Which tiles there are depends on the space alone, so
    that nothing moves while the cursor does.

    Attributes:
        original, decoded, difference: the tiles.
        note: the sentence.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.original = ImageTile("Original", theme, parent=self)
        self.decoded = ImageTile("Decoded", theme, parent=self)
        self.difference = ImageTile("Difference", theme, legend=True, parent=self)
        self.difference.setToolTip(legend_text())
        self.note = QLabel(self)
        self.note.setProperty("role", "dim")
        self.note.setWordWrap(True)
        self.note.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._decoded: Images | None = None
        self._no_decoder, self._no_original = "", ""
        self._loading = False
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

    def set_why_not(self, decoder: str, original: str, loading: bool = False) -> None:
        """Why there is no decoder, and why there are no originals; empty where there are.

        Args:
            loading: whether the decoder is on its way.
        """
        self._no_decoder, self._no_original, self._loading = decoder, original, loading
        self._place()
        self.clear()

    def set_original_missing(self, missing: bool) -> None:
        """Whether the data set is known but not on this machine."""
        self._original_missing = missing
        if self.original.image is None:
            self.original.set_message(NOT_HERE if missing else "")

    def clear(self) -> None:
        """No pictures yet."""
        self._decoded = None
        for tile in self.tiles:
            tile.set_image(None)
            tile.set_warning("")
        self.original.set_title("Original")
        self.original.set_message(NOT_HERE if self._original_missing else "")
        self.decoded.set_message(LOADING if self._loading else "")
        self.difference.set_message("")

    def show_decoded(self, decoded: Images, far: bool) -> None:
        """(h, w, c) float32, painted at once; nothing is done for the very array that is shown."""
        if decoded is not self._decoded:
            self._decoded = decoded
            self.decoded.set_image(decoded)
            self.decoded.set_warning(FAR if far else "")
            self.decoded.repaint()

    def show_pictures(
        self,
        original: Images | None,
        decoded: Images | None,
        difference: NDArray[np.float32] | None,
        is_sample: bool,
        far: bool,
        stand_in: StandIn | None = None,
    ) -> None:
        """(h, w, c) float32 each, or None where there is none.

        The decoded picture is painted at once, the others with the window's next paint.
        """
        if decoded is None:
            self._decoded = None
            self.decoded.set_image(None)
            self.decoded.set_warning("")
            self.decoded.set_message(LOADING if self._loading else "")
        else:
            self.show_decoded(decoded, far)
        stands_in = stand_in is not None and bool(self._no_decoder)
        if stand_in is not None and stands_in:
            label = f" · {stand_in.label}" if stand_in.label else ""
            self.original.set_title(f"Nearest sample, #{stand_in.row}{label}")
            self.original.set_image(stand_in.image)
        else:
            self.original.set_title("Original")
            self.original.set_image(original)
        self.original.set_warning(FAR if far and stands_in else "")
        self.difference.set_difference(difference)
        if original is None:
            missing = self._original_missing and (is_sample or bool(self._no_decoder))
            nothing = NO_ORIGINAL if not is_sample else "No picture."
            self.original.set_message(NOT_HERE if missing else nothing)
        if difference is None:
            self.difference.set_message(NO_DIFFERENCE if is_sample else "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        large, small = sides(self.width())
        decodes, originals = not self._no_decoder, not self._no_original
        first, second = (self.decoded, self.original) if decodes else (self.original, self.decoded)
        first.setGeometry(QRect(0, 0, large, large + TITLE_PX))
        x = large + _GAP_PX
        second.setGeometry(QRect(x, 0, small, small + TITLE_PX))
        self.difference.setGeometry(
            QRect(x, small + TITLE_PX + _GAP_PX, small, small + TITLE_PX + LEGEND_PX)
        )
        first.setVisible(decodes or originals)
        second.setVisible(decodes and originals)
        self.difference.setVisible(decodes and originals)
        self.note.setVisible(not (decodes and originals))
        self.note.setText(breakable(self._no_decoder or self._no_original))
        height = large + TITLE_PX
        if decodes or originals:
            self.note.setGeometry(x, TITLE_PX, self.width() - x, large)
        else:
            height = self.note.heightForWidth(self.width())
            self.note.setGeometry(0, 0, self.width(), height)
        if self.height() != height:
            self.setFixedHeight(height)


def breakable(sentence: str) -> str:
    """Long names in it may be broken where they have a mark."""
    for mark in "-_/:":
        sentence = sentence.replace(mark, f"{mark}\u200b")
    return sentence


def sides(width: int) -> tuple[int, int]:
    """The large and the small side so that two small tiles stand as high as the large one."""
    beside = TITLE_PX + LEGEND_PX + _GAP_PX
    small = max((width - beside - _GAP_PX) // 3, 24)
    large = 2 * small + beside
    if large > _LARGEST_SIDE_PX:
        large = _LARGEST_SIDE_PX
        small = (large - beside) // 2
    return large, small
