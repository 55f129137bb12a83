"""The training tab: how the loss falls, and how the space organises itself."""

from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from latentviewer.domain.ports import Rasteriser
from latentviewer.ui.elided_label import ElidedLabel
from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.theme import Theme
from latentviewer.ui.training.live_map import LiveMap
from latentviewer.ui.training.loss_plot import LossPlot
from latentviewer.ui.wheel import guard_wheel

_WIDE_FROM_PX, _LEAST_PX = 620, 408
# From the right to the left; the first that is there is what most want next.
_BY_WEIGHT = ("stop", "go_on", "open", "try_again", "afresh", "choose")


class TrainingTab(QWidget):
    """Setters show a run; every control runs a command.

    Attributes:
        plot: the losses. map: the watched samples. scrubber: goes back over the pictures.
        replay, log: on the map and the plot. buttons: stop, go_on, try_again, afresh, open,
            choose, by name.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        rasteriser: Rasteriser,
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName("Training")
        self._dispatch, self._theme = dispatch, theme
        self._actions: frozenset[str] = frozenset()
        self._recipe, self._narrow, self._replaying = "", False, False
        self._name = QLabel()
        self._name.setProperty("role", "title")
        self._facts = ElidedLabel()
        self._facts.setProperty("role", "dim")
        self._facts.setAccessibleName("State of the training")
        self._sentence = QLabel()
        self._sentence.setWordWrap(True)
        self._sentence.setAccessibleName("How the training ended")
        self._sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.buttons: dict[str, QPushButton] = {}
        self._make_actions()
        self.plot = LossPlot(theme)
        self.map = LiveMap(rasteriser, theme)
        self._curves = QLabel()
        self._curves.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.log = QToolButton()
        self.log.setText("Log")
        self.log.setCheckable(True)
        self.log.setStyleSheet("padding: 1px 7px; font-size: 11px;")
        self.log.setAccessibleName("Loss on a log scale")
        self.log.clicked.connect(self._on_log)
        self.replay = QToolButton()
        self.replay.setFixedSize(28, 26)
        self.replay.clicked.connect(lambda: dispatch("train.replay"))
        self.scrubber = QSlider(Qt.Orientation.Horizontal)
        self.scrubber.setAccessibleName("Moment of the training")
        self.scrubber.setToolTip("Go back over the pictures of this training")
        self.scrubber.valueChanged.connect(
            lambda index: dispatch("train.show_snapshot", index=index)
        )
        self._moment = QLabel()
        self._moment.setProperty("role", "dim")
        self._moment.setFixedWidth(72)
        self._moment.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        guard_wheel(self.scrubber)
        self._build()
        self.set_theme(theme)
        self.set_snapshots(0, 0, "")

    def _make_actions(self) -> None:
        dispatch = self._dispatch
        for name, text, tip, work in (
            ("stop", "Stop", "Stop training; the last finished epoch is kept",
             lambda: dispatch("train.stop")),
            ("go_on", "Go on", "Go on training from the last finished epoch",
             lambda: dispatch("train.start", recipe=self._recipe)),
            ("try_again", "Try again", "Begin this training again",
             lambda: dispatch("train.start", recipe=self._recipe)),
            ("afresh", "Start afresh", "Throw the unfinished run away and train from the start",
             lambda: dispatch("train.start", recipe=self._recipe, begin="afresh")),
            ("open", "Open it", "Encode the test data with this model and open its space",
             lambda: dispatch("train.open")),
            ("choose", "Train a model…", "Choose what to train", lambda: dispatch("train.choose")),
        ):  # fmt: skip
            button = QPushButton(text)
            button.setAccessibleName(text.rstrip("…"))
            button.setToolTip(tip)
            button.clicked.connect(lambda _checked=False, w=work: w())
            self.buttons[name] = button
        for name in ("go_on", "try_again", "open"):
            self.buttons[name].setProperty("role", "primary")

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._name)
        head.addSpacing(4)
        head.addWidget(self._facts, 1)
        for name in reversed(_BY_WEIGHT):
            head.addWidget(self.buttons[name])
        over_plot = QHBoxLayout()
        over_plot.setSpacing(8)
        over_plot.addWidget(self._curves, 1)
        over_plot.addWidget(self.log)
        left = QVBoxLayout()
        left.setSpacing(3)
        left.addLayout(over_plot)
        left.addWidget(self.plot, 1)
        under_map = QHBoxLayout()
        under_map.setSpacing(6)
        for widget in (self.replay, self.scrubber, self._moment):
            under_map.addWidget(widget)
        right = QVBoxLayout()
        right.setSpacing(5)
        right.addWidget(self.map, 1)
        right.addLayout(under_map)
        body = QHBoxLayout()
        body.setSpacing(12)
        body.addLayout(left, 1)
        body.addLayout(right, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 6, 14, 8)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self._sentence)
        column.addLayout(body, 1)

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _WIDE_FROM_PX
        if narrow != self._narrow:
            self._narrow = narrow
            self._moment.setFixedWidth(68 if narrow else 72)
            self._show_curves()
            self.set_actions(self._actions)

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.plot.set_theme(theme)
        self.map.set_theme(theme)
        self._show_curves()
        self.set_replaying(self._replaying)

    def set_run(self, recipe: str, facts: str, sentence: str, fault: bool) -> None:
        """What is trained, where it stands in one line, and how it ended, or nothing."""
        self._recipe = recipe
        self._name.setText(recipe)
        self._facts.setText(facts)
        if self._sentence.text() != sentence:
            self._sentence.setText(sentence)
        role = "error" if fault else ""
        if self._sentence.property("role") != role:
            self._sentence.setProperty("role", role)
            self._sentence.style().unpolish(self._sentence)
            self._sentence.style().polish(self._sentence)
        self._sentence.setVisible(bool(sentence))

    @property
    def facts(self) -> str:
        """Where the run stands, as shown."""
        return self._facts.text()

    @property
    def sentence(self) -> str:
        """How the run ended, as shown."""
        return self._sentence.text()

    def set_actions(self, shown: frozenset[str]) -> None:
        """Which buttons are there; the focus goes on to the one that follows.

        A narrow tab leaves out what the menu has too, where there is something else to do.
        """
        self._actions = shown
        if self._narrow and len(shown) > 1:
            shown = shown - {"choose"}
        had_focus = any(b.hasFocus() for n, b in self.buttons.items() if n not in shown)
        for name, button in self.buttons.items():
            button.setVisible(name in shown)
        if had_focus:
            following = next(name for name in _BY_WEIGHT if name in shown)
            self.buttons[following].setFocus()

    def set_log(self, log: bool) -> None:
        """Whether the loss stands on a logarithmic scale."""
        can = self.plot.can_log
        self.log.setEnabled(can)
        self.log.setToolTip(
            "Loss on a log scale" if can else "No log scale: some losses are not above zero"
        )
        self.log.setChecked(log and can)
        if self.plot.log != log:
            self.plot.set_log(log)

    def set_snapshots(self, count: int, index: int, moment: str) -> None:
        """How many pictures there are, which is shown, and what it is of."""
        with QSignalBlocker(self.scrubber):
            self.scrubber.setRange(0, max(0, count - 1))
            self.scrubber.setValue(index)
        self._moment.setText(moment)
        self.scrubber.setEnabled(count > 1)
        self.replay.setEnabled(count > 1)

    def set_replaying(self, replaying: bool) -> None:
        """Whether the pictures follow one another by themselves."""
        self._replaying = replaying
        self.replay.setIcon(icon("pause" if replaying else "play", self._theme, 15))
        name = "Pause the replay" if replaying else "Replay the training"
        self.replay.setAccessibleName(name)
        self.replay.setToolTip(name)

    def _on_log(self) -> None:
        # The answer comes through set_log; until then the button shows what is.
        self.log.setChecked(not self.log.isChecked())
        self._dispatch("train.log_scale")

    def _show_curves(self) -> None:
        theme = self._theme
        parts = [
            (theme.text_faint, "━", "training"),
            (theme.accent, "━", "validation"),
            (theme.text, "○", "best"),
        ]
        if self._narrow:
            parts.pop()
        gap = "&nbsp;&nbsp;" if self._narrow else "&nbsp;&nbsp;&nbsp;&nbsp;"
        self._curves.setText(
            f"<span style='font-size:11px; color:{theme.text_dim}'>"
            + ("" if self._narrow else f"Loss:{gap}")
            + gap.join(f"<span style='color:{c}'>{mark}</span>&nbsp;{t}" for c, mark, t in parts)
            + "</span>"
        )
