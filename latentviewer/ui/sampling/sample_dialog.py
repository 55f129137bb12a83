"""Asks how many samples of a prior are to make a space, and how they are drawn."""

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from latentviewer.app.sampling import MOST_SAMPLES, SamplingSettings
from latentviewer.ui.sampling.asking import buttons, sentence
from latentviewer.ui.sampling.controls import Conditions, SamplingControls
from latentviewer.ui.wheel import guard_wheel

_USUAL_COUNT, _GREATEST_SEED = 1_000, 2_147_483_647


class SampleDialog(QDialog):
    """Attributes:
    count, seed: the numbers. controls: how the prior is sampled.
    """

    def __init__(
        self,
        model: str,
        conditions: Conditions | None,
        settings: SamplingSettings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Sample a space from the prior")
        self._diffusion = conditions is not None
        self.count, self.seed = QSpinBox(), QSpinBox()
        self.count.setRange(1, MOST_SAMPLES)
        self.count.setValue(_USUAL_COUNT)
        self.count.setGroupSeparatorShown(True)
        self.count.setAccessibleName("Number of samples")
        self.seed.setRange(0, _GREATEST_SEED)
        self.seed.setAccessibleName("Seed")
        self.seed.setToolTip("The same seed gives the same samples on the same machine")
        self.controls = SamplingControls()
        self.controls.set_conditions(conditions)
        self.controls.set_settings(settings)
        guard_wheel(self.count, self.seed)
        numbers = QHBoxLayout()
        numbers.setSpacing(8)
        for text, box in (("Samples", self.count), ("Seed", self.seed)):
            label = QLabel(text)
            label.setProperty("role", "dim")
            label.setBuddy(box)
            box.setFixedWidth(104)
            box.setAlignment(Qt.AlignmentFlag.AlignCenter)
            if box is self.count:
                label.setMinimumWidth(74)
            else:
                numbers.addStretch(1)
            numbers.addWidget(label)
            numbers.addWidget(box)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(12)
        column.addWidget(
            sentence(f"Draws latents from the prior of {model} and opens them as a new space.")
        )
        column.addLayout(numbers)
        column.addWidget(self.controls)
        column.addSpacing(4)
        column.addLayout(buttons(self, "Sample"))
        self.setFixedWidth(420)
        self.count.selectAll()

    @property
    def arguments(self) -> dict[str, Any]:
        """What `model.sample_space` takes."""
        settings = self.controls.settings
        asked: dict[str, Any] = {
            "count": self.count.value(),
            "seed": self.seed.value(),
            "truncation": settings.truncation,
        }
        if self._diffusion:
            asked["steps"], asked["guidance"] = settings.steps, settings.guidance
            asked["condition"] = dict(settings.condition)
        return asked
