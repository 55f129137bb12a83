"""Denoising: what is asked for, and the steps from noise to data."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from latentviewer.ui.editor.condition_form import ConditionForm
from latentviewer.ui.editor.filmstrip import Filmstrip
from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.preview.image import Pixels
from latentviewer.ui.theme import Theme
from latentviewer.ui.wheel import guard_wheel

_WIDE_FROM_PX, _LEAST_PX = 700, 408
_GUIDANCE_STEPS = 10
_GUIDANCE_TIP = "How strongly what is asked for leads: 0 ignores it, 1 as learned, more overdoes it"
_NOTHING_ASKED_TIP = "Guidance leads towards what is asked for; ask for a class first"


class DenoisingTab(QWidget):
    """Setters show the session's settings and its run; every control runs a command.

    Attributes:
        looked: emitted when it comes into view.
        play, seed, new_noise, sample, steps, guidance, noisy, under_cursor, find_noise, again: the
            controls. form: what is asked for. strip: the steps. slider: scrubs them.
    """

    looked = Signal()

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dispatch, self._theme = dispatch, theme
        self._playing, self._narrow = False, False
        self._note = ("", "")
        self._sample = ""
        self.setAccessibleName("Denoising editor")
        self.play = self._tool("Play denoising", "", lambda: dispatch("denoise.play"))
        self.play.setProperty("role", "primary")
        self.play.setFixedSize(34, 30)
        self.seed = self._spin(0, 9_999, "Noise seed", "Which noise it begins with")
        self.seed.setPrefix("seed ")
        self.seed.valueChanged.connect(lambda seed: dispatch("denoise.seed", seed=seed))
        self.new_noise = self._tool(
            "New noise", "Denoise new noise  Ctrl+Shift+D", lambda: dispatch("denoise.new_noise")
        )
        self.sample = QPushButton()
        self.sample.setAccessibleName("Noise of a sample")
        self.sample.setToolTip("It begins with the noise of this sample; click for the seed's")
        self.sample.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self.sample.setStyleSheet("padding: 5px 7px;")
        self.sample.clicked.connect(lambda: dispatch("denoise.release"))
        self.steps = self._spin(1, 100, "Denoising steps", "Steps from noise to data, 1 to 100")
        self.steps.setSuffix(" steps")
        self.steps.valueChanged.connect(lambda count: dispatch("denoise.steps", count=count))
        self.guidance = QSlider(Qt.Orientation.Horizontal)
        self.guidance.setRange(0, 8 * _GUIDANCE_STEPS)
        self.guidance.setPageStep(5)
        self.guidance.setAccessibleName("Guidance")
        self.guidance.valueChanged.connect(self._on_guidance)
        self._guidance_name, self._guidance_value = QLabel("Guidance"), QLabel()
        for label in (self._guidance_name, self._guidance_value):
            label.setProperty("role", "dim")
        self._guidance_value.setFixedWidth(24)
        self.noisy = self._switch("Noisy latents", "denoise.noisy")
        self.noisy.setToolTip("Show the noisy latents themselves, not what they will become")
        self.under_cursor = self._switch("Denoise under the cursor", "denoise.under_cursor")
        self.under_cursor.setToolTip(
            "The preview denoises what lies under the cursor, half noised  Ctrl+D"
        )
        self.find_noise = QPushButton()
        self.find_noise.setAccessibleName("Find the noise of this sample")
        self.find_noise.setToolTip(
            "Find the noise that the shown sample is made from  Ctrl+Shift+F"
        )
        self.find_noise.clicked.connect(lambda: dispatch("denoise.find_noise"))
        self.form = ConditionForm(dispatch)
        self.strip = Filmstrip(theme, fitted=True)
        self.strip.setAccessibleName("Steps of denoising")
        self.strip.scrubbed.connect(lambda index: dispatch("denoise.show_step", index=index))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Denoising step")
        self.slider.valueChanged.connect(lambda index: dispatch("denoise.show_step", index=index))
        self.caption = QLabel()
        self.caption.setProperty("role", "dim")
        self.caption.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.again = QPushButton("Run again")
        self.again.setProperty("role", "flat")
        self.again.setAccessibleName("Denoise again")
        self.again.setToolTip("It was stopped before the last step; denoise from the beginning")
        self.again.setStyleSheet("padding: 1px 6px;")
        self.again.clicked.connect(lambda: dispatch("denoise.run"))
        guard_wheel(self.seed, self.steps, self.guidance, self.slider)
        self._build()
        self.set_theme(theme)
        self.set_settings(0, 20, 2.0, {}, None, False, False)
        self.set_steps(None, 0, ())
        self.set_note("", "", False)
        self._fit()

    def _build(self) -> None:
        controls = QHBoxLayout()
        controls.setSpacing(5)
        for widget in (
            self.play, self.seed, self.sample, self.new_noise, self.steps, self._guidance_name,
            self.guidance, self._guidance_value,
        ):  # fmt: skip
            controls.addWidget(widget)
        controls.addStretch(1)
        for button in (self.noisy, self.under_cursor, self.find_noise):
            controls.addWidget(button)
        below = QHBoxLayout()
        below.setSpacing(10)
        below.addWidget(self.slider, 1)
        below.addWidget(self.caption)
        below.addWidget(self.again)
        right = QVBoxLayout()
        right.setSpacing(2)
        right.addWidget(self.strip, 1)
        right.addLayout(below)
        body = QHBoxLayout()
        body.setSpacing(10)
        body.addWidget(self.form)
        body.addLayout(right, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 6, 14, 8)
        column.setSpacing(6)
        column.addLayout(controls)
        column.addLayout(body, 1)

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.looked.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _WIDE_FROM_PX
        if narrow != self._narrow:
            self._narrow = narrow
            self._fit()

    def _fit(self) -> None:
        """In a narrow window words give way to icons and tooltips."""
        narrow = self._narrow
        self.seed.setPrefix("" if narrow else "seed ")
        self.seed.setFixedWidth(54 if narrow else 90)
        self.steps.setSuffix("" if narrow else " steps")
        self.steps.setFixedWidth(44 if narrow else 84)
        self.guidance.setFixedWidth(50 if narrow else 88)
        self.sample.setFixedWidth(64 if narrow else 130)
        self._show_sample()
        self._guidance_name.setVisible(not narrow)
        for button, text in ((self.noisy, "Noisy"), (self.under_cursor, "Under cursor")):
            button.setText("" if narrow else text)
            style = Qt.ToolButtonStyle
            button.setToolButtonStyle(
                style.ToolButtonIconOnly if narrow else style.ToolButtonTextBesideIcon
            )
            button.setFixedWidth(32 if narrow else button.sizeHint().width())
        self.find_noise.setText("" if narrow else "Find noise")
        self.find_noise.setFixedWidth(32 if narrow else self.find_noise.sizeHint().width())
        self.find_noise.setStyleSheet("padding: 5px;" if narrow else "padding: 5px 9px;")
        self.form.setFixedWidth(self.form.width_for(narrow))
        self.caption.setText(self._note[narrow])

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.strip.set_theme(theme)
        self.new_noise.setIcon(icon("dices", theme, 16))
        self.noisy.setIcon(icon("scatter-chart", theme, 15))
        self.under_cursor.setIcon(icon("sparkles", theme, 15))
        self.find_noise.setIcon(icon("rotate-ccw", theme, 15))
        self.sample.setIcon(icon("x", theme, 13))
        self.again.setIcon(icon("refresh-cw", theme, 14))
        self.set_playing(self._playing)

    def set_conditions(self, conditions: Mapping[str, tuple[str, ...]]) -> None:
        """What the model can be asked for."""
        self.form.set_conditions(conditions)
        self.form.setFixedWidth(self.form.width_for(self._narrow))

    def set_settings(
        self,
        seed: int,
        steps: int,
        guidance: float,
        asked: Mapping[str, str],
        sample: str | None,
        noisy: bool,
        under_cursor: bool,
    ) -> None:
        """Shows the session's settings; `sample` is whose noise it is, or None for the seed's."""
        for spin, value in ((self.seed, seed), (self.steps, steps)):
            with QSignalBlocker(spin):
                spin.setValue(value)
        if not self.guidance.isSliderDown():
            with QSignalBlocker(self.guidance):
                self.guidance.setValue(round(guidance * _GUIDANCE_STEPS))
        self._guidance_value.setText(f"{guidance:.1f}")
        self.guidance.setEnabled(bool(asked))
        tip = _GUIDANCE_TIP if asked else _NOTHING_ASKED_TIP
        self.guidance.setToolTip(tip)
        self._guidance_value.setToolTip(tip)
        self.form.set_asked(asked)
        self.seed.setVisible(sample is None)
        self.sample.setVisible(sample is not None)
        self._sample = sample or ""
        self._show_sample()
        self.noisy.setChecked(noisy)
        self.under_cursor.setChecked(under_cursor)

    def set_steps(self, images: Pixels | None, done: int, captions: Sequence[str]) -> None:
        """(n, h, w, c) pictures of the steps, the first `done` ready, with a word on each."""
        self.strip.set_frames(images, done)
        self.strip.set_captions(captions)
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, max(0, self.strip.count - 1))
        self.slider.setEnabled(done > 0)
        self.play.setEnabled(done > 1)

    def set_current(self, index: int | None) -> None:
        """Which step is shown."""
        self.strip.set_current(index)
        if index is not None and not self.slider.isSliderDown():
            with QSignalBlocker(self.slider):
                self.slider.setValue(index)

    def set_note(self, text: str, short: str, stopped: bool, tip: str = "") -> None:
        """What is said of the step and the run, and whether it was stopped before its end."""
        self._note = (text, short)
        self.caption.setText(self._note[self._narrow])
        self.caption.setToolTip(tip)
        self.again.setVisible(stopped)

    def set_playing(self, playing: bool) -> None:
        """Whether the steps run."""
        self._playing = playing
        self.play.setIcon(icon("pause" if playing else "play", self._theme, 16, "accent"))
        name = "Pause denoising" if playing else "Play denoising"
        self.play.setAccessibleName(name)
        self.play.setToolTip(name)

    def _show_sample(self) -> None:
        room = self.sample.width() - 34
        words = self._sample.partition(" · ")[0] if self._narrow else self._sample
        metrics = self.sample.fontMetrics()
        text = metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
        self.sample.setText(text.replace("&", "&&"))

    def _on_guidance(self, value: int) -> None:
        self._guidance_value.setText(f"{value / _GUIDANCE_STEPS:.1f}")
        self._dispatch("denoise.guidance", value=value / _GUIDANCE_STEPS)

    def _tool(self, name: str, tip: str, run: object) -> QToolButton:
        button = QToolButton()
        button.setFixedSize(32, 30)
        button.setAccessibleName(name)
        button.setToolTip(tip or name)
        button.clicked.connect(run)
        return button

    def _switch(self, name: str, command: str) -> QToolButton:
        button = QToolButton()
        button.setCheckable(True)
        button.setFixedHeight(30)
        button.setAccessibleName(name)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)

        def switch() -> None:
            # The session answers with set_settings; until then it shows what it says.
            button.setChecked(not button.isChecked())
            self._dispatch(command)

        button.clicked.connect(switch)
        return button

    def _spin(self, low: int, high: int, name: str, tip: str) -> QSpinBox:
        spin = QSpinBox()
        spin.setRange(low, high)
        spin.setAccessibleName(name)
        spin.setToolTip(tip)
        spin.setKeyboardTracking(False)
        spin.setAlignment(Qt.AlignmentFlag.AlignCenter)
        return spin
