"""The nearest samples of what is shown: pictures in a row or words in a list, and by what."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from latentviewer.domain.metrics import METRIC_TITLES, METRICS
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.preview.cells import Cell
from latentviewer.ui.preview.image import Pixels, to_image
from latentviewer.ui.preview.strip import ImageStrip
from latentviewer.ui.preview.word_list import WordList
from latentviewer.ui.theme import Theme
from latentviewer.ui.wheel import guard_wheel

_UNITS = {
    "euclidean": "{} away",
    "cosine": "cosine distance {}",
    "correlation": "correlation distance {}",
    "dot": "dot product {}",
}


class NearestSection(QWidget):
    """A heading with the metric, and the samples.

    Attributes:
        chosen: emitted with the place of a sample in the list.
        by: the choice of the metric, hidden where `dispatch` is None.
        strip, words: the two ways to show them, of which one is there.
    """

    chosen = Signal(int)

    def __init__(
        self,
        name: str,
        dispatch: Dispatch | None,
        theme: Theme,
        side: int = 36,
        columns: int = 1,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.strip = ImageStrip(name, theme, side=side, lines=2)
        self.words = WordList(name, theme, columns=columns)
        self.words.hide()
        for part in (self.strip, self.words):
            part.chosen.connect(self.chosen)
        self.by = QComboBox()
        self.by.setAccessibleName("Nearest by")
        self.by.setToolTip("What makes two latents near")
        self.by.setProperty("role", "flat")
        for known in METRICS:
            self.by.addItem(METRIC_TITLES[known], known)
        if dispatch is None:
            self.by.hide()
        else:
            run = dispatch
            self.by.activated.connect(lambda at: run("latent.metric", name=self.by.itemData(at)))
        guard_wheel(self.by)
        heading = QLabel("Nearest samples")
        heading.setProperty("role", "heading")
        top = QHBoxLayout()
        top.addWidget(heading)
        top.addStretch(1)
        top.addWidget(self.by)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self.strip)
        column.addWidget(self.words)

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self.strip.set_theme(theme)
        self.words.set_theme(theme)

    def set_pictured(self, pictured: bool) -> None:
        """Whether samples have pictures; where they have none, there is more room for words."""
        self.strip.setVisible(pictured)
        self.words.setVisible(not pictured)

    def set_metric(self, name: str) -> None:
        """Which metric is chosen."""
        with QSignalBlocker(self.by):
            self.by.setCurrentIndex(self.by.findData(name))

    def clear(self) -> None:
        """Shows none."""
        for part in (self.strip, self.words):
            part.set_cells(())

    def set_stale(self) -> None:
        """Draws them weakly until the next ones come."""
        for part in (self.strip, self.words):
            part.set_stale()

    def set_samples(
        self,
        rows: NDArray[np.int64],
        labels: Sequence[str],
        distances: NDArray[np.float32],
        images: Pixels | None,
    ) -> None:
        """The nearest samples, (k,) each; images (k, h, w, c) or None."""
        cells = _cells(rows, labels, distances, images, str(self.by.currentData()))
        for part in (self.strip, self.words):
            part.set_cells(cells, "No others.")


def _cells(
    rows: NDArray[np.int64],
    labels: Sequence[str],
    distances: NDArray[np.float32],
    images: Pixels | None,
    metric: str,
) -> list[Cell]:
    """Cells with label and distance; without pictures and labels, the row's number."""
    cells = []
    for i, row in enumerate(rows):
        label, distance = labels[i], float(distances[i])
        # Smaller is nearer for all of them, so that the dot product comes with its sign turned.
        figure = -distance if metric == "dot" else distance
        name = f"#{int(row)} · {label}" if label else f"#{int(row)}"
        image = to_image(images[i], enlarge=True) if images is not None else None
        short = f"{figure:.2f}" if abs(figure) < 100 else f"{figure:.0f}"
        words = (label or f"#{int(row)}", short)
        cells.append(Cell(image, words, f"{name}, {_UNITS[metric].format(f'{figure:.3f}')}"))
    return cells
