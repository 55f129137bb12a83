"""For a VAE: how wide the posterior is, and what lies in it."""

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QToolButton, QVBoxLayout, QWidget

from latentviewer.domain.ports import Images
from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.preview.cells import Cell
from latentviewer.ui.preview.image import to_image
from latentviewer.ui.preview.strip import ImageStrip
from latentviewer.ui.preview.why_not import WhyNot
from latentviewer.ui.theme import Theme
from latentviewer.ui.wheel import guard_wheel

_STEPS_PER_SIGMA = 10
_LARGEST_SPREAD = 3
_SAMPLES = 6


class PosteriorSection(QWidget):
    """A slider from 0 to 3 standard deviations, a button, and pictures around the mean.

    Attributes:
        slider: tenths of a standard deviation. resample: the button. strip: the pictures.
        why_not: what stands there instead where there is no posterior.
    """

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dispatch = dispatch
        self._can = QWidget()
        self.why_not = WhyNot("Posterior")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._can)
        outer.addWidget(self.why_not)
        column = QVBoxLayout(self._can)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        line = QHBoxLayout()
        line.setSpacing(8)
        heading = QLabel("Posterior")
        heading.setProperty("role", "heading")
        name = QLabel("Spread")
        name.setProperty("role", "dim")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _LARGEST_SPREAD * _STEPS_PER_SIGMA)
        self.slider.setPageStep(5)
        self.slider.setAccessibleName("Posterior spread in standard deviations")
        self.slider.setToolTip("How far from the mean the shown sample is drawn, 0 to 3 σ")
        self.slider.valueChanged.connect(self._on_slider)
        guard_wheel(self.slider)
        self._value = QLabel()
        self._value.setProperty("role", "dim")
        self._value.setFixedWidth(36)
        self._value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.resample = QToolButton()
        self.resample.setAccessibleName("Sample around the mean")
        self.resample.setToolTip("Sample around the mean  S")
        self.resample.setFixedSize(28, 28)
        self.resample.clicked.connect(lambda: dispatch("preview.resample"))
        line.addWidget(heading)
        line.addStretch(1)
        line.addWidget(name)
        line.addWidget(self.slider, 3)
        line.addWidget(self._value)
        line.addWidget(self.resample)
        column.addLayout(line)
        self.strip = ImageStrip(
            "Samples of the posterior", theme, side=48, most=_SAMPLES, selectable=False
        )
        column.addWidget(self.strip)
        self.set_theme(theme)
        self.set_why_not("")
        self._show_value(0)

    def set_theme(self, theme: Theme) -> None:
        """Redraws the icon and the pictures."""
        self.resample.setIcon(icon("dices", theme, 16))
        self.strip.set_theme(theme)

    def set_why_not(self, sentence: str, title: str = "Posterior") -> None:
        """Why there is no posterior, under a title; empty where there is one."""
        self._can.setVisible(not sentence)
        self.why_not.say(sentence, title)

    def set_spread(self, spread: float) -> None:
        """Follows the session, except under the user's hand."""
        value = round(spread * _STEPS_PER_SIGMA)
        if value != self.slider.value() and not self.slider.isSliderDown():
            with QSignalBlocker(self.slider):
                self.slider.setValue(value)
            self._show_value(value)

    def set_samples(self, images: Images | None, has_posterior: bool) -> None:
        """(m, h, w, c) pictures around the mean; None until they are there."""
        if images is not None:
            self.strip.set_cells([Cell(to_image(image, enlarge=True)) for image in images])
        elif has_posterior:
            self.strip.set_stale()
        else:
            self.strip.set_cells((), "Only samples have a posterior.")

    def _on_slider(self, value: int) -> None:
        self._show_value(value)
        self._dispatch("preview.spread", spread=value / _STEPS_PER_SIGMA)

    def _show_value(self, value: int) -> None:
        self._value.setText(f"{value / _STEPS_PER_SIGMA:.1f} σ")
