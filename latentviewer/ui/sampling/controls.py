"""Truncation, and for a diffusion model steps, guidance and what is asked for."""

from collections.abc import Mapping

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from latentviewer.app.sampling import SamplingSettings
from latentviewer.app.state import GUIDANCE, STEPS, TRUNCATION
from latentviewer.ui.wheel import guard_wheel

_STEPS_PER_UNIT = 20
_LABEL_PX, _VALUE_PX, _SPIN_PX = 74, 34, 62
_ANY = "anything"
Conditions = Mapping[str, tuple[str, ...]]


class SamplingControls(QWidget):
    """Shows settings; says what the user changes.

    Attributes:
        truncation: the slider, in twentieths. steps, guidance: for diffusion models.
        asked: a box of classes for each condition, by name.
        truncation_changed, steps_changed, guidance_changed: emitted with the number.
        asked_changed: emitted as `label=3`, or `label=` for any.
    """

    truncation_changed = Signal(float)
    steps_changed = Signal(int)
    guidance_changed = Signal(float)
    asked_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        low, high = (round(end * _STEPS_PER_UNIT) for end in TRUNCATION)
        self.truncation = QSlider(Qt.Orientation.Horizontal)
        self.truncation.setRange(low, high)
        self.truncation.setPageStep(4)
        self.truncation.setAccessibleName("Truncation")
        self.truncation.setToolTip(
            "The spread of the prior is multiplied by it: below 1 samples are more typical and "
            "more alike, at 0 all are the mean"
        )
        self.truncation.valueChanged.connect(self._on_truncation)
        self._truncation_text = QLabel()
        self._truncation_text.setProperty("role", "dim")
        self._truncation_text.setFixedWidth(_VALUE_PX)
        self._truncation_text.setAlignment(
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        )
        self.steps = QSpinBox()
        self.steps.setRange(*STEPS)
        self.steps.setAccessibleName("Denoising steps")
        self.steps.setToolTip("More steps follow the way from noise to data more closely")
        self.guidance = QDoubleSpinBox()
        self.guidance.setRange(*GUIDANCE)
        self.guidance.setSingleStep(0.5)
        self.guidance.setDecimals(1)
        self.guidance.setAccessibleName("Guidance")
        self.guidance.setToolTip(
            "1 follows what is asked for as it was learned, more overdoes it, 0 ignores it"
        )
        for box in (self.steps, self.guidance):
            box.setKeyboardTracking(False)
            box.setFixedWidth(_SPIN_PX)
            box.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.steps.valueChanged.connect(self.steps_changed.emit)
        self.guidance.valueChanged.connect(self.guidance_changed.emit)
        guard_wheel(self.truncation, self.steps, self.guidance)
        self.asked: dict[str, QComboBox] = {}
        self._conditions: Conditions | None = {}
        self._build()
        self.set_conditions(None)
        self.set_settings(SamplingSettings())

    def _build(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(8)
        first.addWidget(_name("Truncation", self.truncation))
        first.addWidget(self.truncation, 1)
        first.addWidget(self._truncation_text)
        self._denoising = QWidget()
        second = QHBoxLayout(self._denoising)
        second.setContentsMargins(0, 0, 0, 0)
        second.setSpacing(8)
        second.addWidget(_name("Steps", self.steps))
        second.addWidget(self.steps)
        second.addStretch(1)
        guidance = QLabel("Guidance")
        guidance.setProperty("role", "dim")
        guidance.setBuddy(self.guidance)
        second.addWidget(guidance)
        second.addWidget(self.guidance)
        self._grid_holder = QWidget()
        self._grid = QGridLayout(self._grid_holder)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(first)
        column.addWidget(self._denoising)
        column.addWidget(self._grid_holder)

    def set_conditions(self, conditions: Conditions | None) -> None:
        """What can be asked for; None where the model is no diffusion model."""
        if conditions == self._conditions:
            return
        self._conditions = None if conditions is None else dict(conditions)
        self._denoising.setVisible(conditions is not None)
        self._grid_holder.setVisible(bool(conditions))
        while (item := self._grid.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self.asked = {}
        for row, (name, classes) in enumerate((conditions or {}).items()):
            box = QComboBox()
            box.setAccessibleName(f"Ask for {name}")
            box.addItem(_ANY, "")
            for one in classes:
                box.addItem(one, one)
            box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            box.activated.connect(lambda _at, n=name, b=box: self._on_asked(n, b))
            guard_wheel(box)
            self._grid.addWidget(_name(name.replace("_", " "), box), row, 0)
            self._grid.addWidget(box, row, 1)
            self.asked[name] = box

    def set_settings(self, settings: SamplingSettings) -> None:
        """Follows the session, except under the user's hand."""
        with (
            QSignalBlocker(self.truncation), QSignalBlocker(self.steps),
            QSignalBlocker(self.guidance),
        ):  # fmt: skip
            if not self.truncation.isSliderDown():
                self.truncation.setValue(round(settings.truncation * _STEPS_PER_UNIT))
            self.steps.setValue(settings.steps)
            self.guidance.setValue(settings.guidance)
        self._show_truncation(settings.truncation)
        wanted = dict(settings.condition)
        for name, box in self.asked.items():
            box.setCurrentIndex(max(0, box.findData(wanted.get(name, ""))))

    @property
    def settings(self) -> SamplingSettings:
        """As they stand in the controls."""
        asked = {name: str(box.currentData() or "") for name, box in self.asked.items()}
        return SamplingSettings(
            self.truncation.value() / _STEPS_PER_UNIT,
            self.steps.value(),
            self.guidance.value(),
            tuple(sorted((name, wanted) for name, wanted in asked.items() if wanted)),
        )

    def _on_truncation(self, value: int) -> None:
        self._show_truncation(value / _STEPS_PER_UNIT)
        self.truncation_changed.emit(value / _STEPS_PER_UNIT)

    def _on_asked(self, name: str, box: QComboBox) -> None:
        self.asked_changed.emit(f"{name}={box.currentData() or ''}")

    def _show_truncation(self, value: float) -> None:
        self._truncation_text.setText(f"{value:.2f}")


def _name(text: str, buddy: QWidget) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "dim")
    label.setBuddy(buddy)
    label.setMinimumWidth(_LABEL_PX)
    return label
