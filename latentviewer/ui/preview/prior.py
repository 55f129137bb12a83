"""For a model that samples: how its prior is sampled, and buttons that do."""

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from latentviewer.app.sampling import SamplingSettings
from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.preview.why_not import WhyNot
from latentviewer.ui.sampling.controls import Conditions, SamplingControls
from latentviewer.ui.theme import Theme


class PriorSection(QWidget):
    """Controls and buttons, or the reason why there is no prior.

    Attributes:
        controls: truncation, steps, guidance, classes. one: samples into the preview.
        many: asks for a space of samples. why_not: what stands there instead.
    """

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.controls = SamplingControls()
        self.controls.truncation_changed.connect(
            lambda value: dispatch("preview.truncation", value=value)
        )
        self.controls.steps_changed.connect(lambda count: dispatch("denoise.steps", count=count))
        self.controls.guidance_changed.connect(
            lambda value: dispatch("denoise.guidance", value=value)
        )
        self.controls.asked_changed.connect(lambda asked: dispatch("denoise.ask", what=asked))
        self.many = QPushButton("New space…")
        self.many.setAccessibleName("Sample a space from the prior")
        self.many.setToolTip("Sample a space from the prior")
        self.many.setStyleSheet("padding: 3px 8px; font-size: 12px;")
        self.many.clicked.connect(lambda: dispatch("model.sample"))
        self.one = QToolButton()
        self.one.setAccessibleName("Sample from the prior")
        self.one.setToolTip("Sample from the prior  Ctrl+P")
        self.one.setFixedSize(28, 28)
        self.one.clicked.connect(lambda: dispatch("latent.sample_prior"))
        self.why_not = WhyNot("Prior")
        self._can = QWidget()
        heading = QLabel("Prior")
        heading.setProperty("role", "heading")
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(heading)
        line.addStretch(1)
        line.addWidget(self.many)
        line.addWidget(self.one)
        column = QVBoxLayout(self._can)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(line)
        column.addWidget(self.controls)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._can)
        outer.addWidget(self.why_not)
        self.set_why_not("")
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Redraws the icon."""
        self.one.setIcon(icon("sparkles", theme, 16))

    def set_why_not(self, sentence: str) -> None:
        """Why there is no prior; empty where there is one."""
        self._can.setVisible(not sentence)
        self.why_not.say(sentence, "Prior")

    def set_conditions(self, conditions: Conditions | None) -> None:
        """What a diffusion model can be asked for; None for any other model."""
        self.controls.set_conditions(conditions)

    def set_settings(self, settings: SamplingSettings) -> None:
        """Follows the session."""
        self.controls.set_settings(settings)
