"""Asks for which real images latents are to be searched."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from latentviewer.app.sampling import MOST_SAMPLES, MOST_SEARCH_STEPS, USUAL_SEARCH_STEPS
from latentviewer.ui.sampling.asking import buttons, sentence
from latentviewer.ui.wheel import guard_wheel

_USUAL_COUNT = 64


class InvertDialog(QDialog):
    """Attributes:
    data: the data set, chosen or written. count, steps: how many images, how long each.
    """

    def __init__(
        self, model: str, names: Sequence[str], chosen: str | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Find latents for real images")
        self.data = QComboBox()
        self.data.setEditable(True)
        self.data.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.data.setAccessibleName("Data set")
        self.data.setToolTip("A data set by name, or the path of a folder or file of images")
        self.data.addItems(list(names))
        self.data.setCurrentText(chosen or (names[0] if names else ""))
        self.count, self.steps = QSpinBox(), QSpinBox()
        self.count.setRange(1, MOST_SAMPLES)
        self.count.setValue(_USUAL_COUNT)
        self.count.setGroupSeparatorShown(True)
        self.count.setAccessibleName("Number of images")
        self.steps.setRange(1, MOST_SEARCH_STEPS)
        self.steps.setValue(USUAL_SEARCH_STEPS)
        self.steps.setGroupSeparatorShown(True)
        self.steps.setAccessibleName("Steps of the search")
        self.steps.setToolTip("More steps come nearer to the image and take longer")
        guard_wheel(self.data, self.count, self.steps)
        for box in (self.count, self.steps):
            box.setAlignment(Qt.AlignmentFlag.AlignCenter)
            box.setFixedWidth(104)
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        grid.setColumnMinimumWidth(0, 74)
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Data set", self.data), ("Images", self.count), ("Steps", self.steps),
        )  # fmt: skip
        for row, (text, field) in enumerate(rows):
            label = QLabel(text)
            label.setProperty("role", "dim")
            label.setBuddy(field)
            grid.addWidget(label, row, 0)
            spin = isinstance(field, QSpinBox)
            grid.addWidget(
                field, row, 1, Qt.AlignmentFlag.AlignLeft if spin else Qt.AlignmentFlag(0)
            )
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addWidget(
            sentence(
                f"{model} has no encoder: for each image the latent whose picture comes nearest "
                "is searched, and what is found opens as a new space."
            )
        )
        column.addLayout(grid)
        column.addSpacing(4)
        column.addLayout(buttons(self, "Find latents"))
        self.setFixedWidth(420)

    @property
    def arguments(self) -> dict[str, Any]:
        """What `model.invert_data` takes."""
        return {
            "data": self.data.currentText().strip(),
            "count": self.count.value(),
            "steps": self.steps.value(),
        }
