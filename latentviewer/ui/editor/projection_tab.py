"""The shown projection: its options, its run, and how far it can be trusted."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from latentviewer.domain.projection import Parameter, Value
from latentviewer.ui.editor.caption_line import CaptionLine
from latentviewer.ui.editor.judgement_list import Figure, JudgementList
from latentviewer.ui.editor.option_form import OptionForm
from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.overlay_scroll import OverlayScrollArea
from latentviewer.ui.theme import Theme

_QUALITY_PX, _NARROW_QUALITY_PX = 420, 200
_WIDE_FROM_PX, _LEAST_PX = 760, 380


class ProjectionTab(QWidget):
    """Setters show; every control runs a command.

    Attributes:
        looked_at: emitted with whether the tab is to be seen.
        caption: the method, and what it does. form: its options. no_options: said in their place.
        compute, go_on, pause, cancel, reset: the buttons of its run.
        quality: the figures. faults, control, learn: the buttons under them.
    """

    looked_at = Signal(bool)

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Projection")
        self._theme, self._narrow = theme, False
        self._icons: list[tuple[QPushButton, str]] = []
        self._words: dict[QPushButton, str] = {}
        self.caption = CaptionLine(theme)
        self.form = OptionForm()
        self.form.chosen.connect(lambda name, value: dispatch("map.option", name=name, value=value))
        self.no_options = QLabel()
        self.no_options.setProperty("role", "dim")
        self.no_options.setWordWrap(True)
        self.compute = self._button("Compute", "play", "map.compute", dispatch)
        self.compute.setToolTip("Lay the map out anew with these options  Ctrl+U")
        self.go_on = self._button("Go on", "refresh-cw", "map.go_on", dispatch)
        self.go_on.setToolTip("Take the options over from the present picture  Ctrl+Shift+U")
        self.pause = self._button("Pause", "pause", "map.pause", dispatch)
        self.pause.setToolTip("Have the forming map wait, or go on")
        self.cancel = self._button("Cancel", "x", "jobs.cancel", dispatch)
        self.cancel.setToolTip("End it; the map from before stays  Ctrl+.")
        self.reset = self._button("Usual options", "rotate-ccw", "map.reset_options", dispatch)
        self.reset.setToolTip("Usual options: set every one of this method back")
        self.reset.setText("")
        self._words[self.reset] = ""  # four more may stand in its line
        self.quality = JudgementList(theme)
        self.faults = self._button("Lost neighbours", "eye", "map.faults", dispatch)
        self.faults.setToolTip(
            "Two columns: how far each sample's neighbours were lost on the map, and how many "
            "of those beside it are false"
        )
        self.control = self._button("Shuffled control", "dices", "map.control", dispatch)
        self.control.setToolTip(
            "The same projection of the same numbers with every column shuffled by itself: what "
            "you see there is the method's own doing"
        )
        self.learn = self._button("Learn way back", "sparkles", "map.learn_back", dispatch)
        self.learn.setToolTip(
            "Train a small network that leads from a place to its latent; it is kept where it "
            "misses by less than weighted neighbours do"
        )
        self._build()
        self.set_theme(theme)

    def _build(self) -> None:
        options = QWidget()
        lines = QVBoxLayout(options)
        lines.setContentsMargins(0, 0, 8, 0)
        lines.addWidget(self.form)
        lines.addWidget(self.no_options)
        lines.addStretch(1)
        area = OverlayScrollArea()
        area.setWidget(options)
        run = QHBoxLayout()
        run.setSpacing(8)
        for button in (self.compute, self.go_on, self.pause, self.cancel):
            run.addWidget(button)
        run.addStretch(1)
        run.addWidget(self.reset)
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(area, 1)
        left.addLayout(run)
        checks = QHBoxLayout()
        checks.setSpacing(8)
        checks.addWidget(self.faults)
        checks.addWidget(self.control)
        checks.addWidget(self.learn)
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self.quality, 1, Qt.AlignmentFlag.AlignTop)
        right.addLayout(checks)
        self._judged = QWidget()
        self._judged.setLayout(right)
        right.setContentsMargins(0, 0, 0, 0)
        self._judged.setFixedWidth(_QUALITY_PX)
        halves = QHBoxLayout()
        halves.setSpacing(20)
        halves.addLayout(left, 1)
        halves.addWidget(self._judged)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 6, 14, 8)
        column.setSpacing(4)
        column.addWidget(self.caption)
        column.addLayout(halves, 1)

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.caption.set_theme(theme)
        self.quality.set_theme(theme)
        for button, name in self._icons:
            button.setIcon(icon(name, theme, 15))

    def set_method(
        self,
        title: str,
        about: str,
        repeatable: str,
        parameters: Sequence[Parameter],
        values: Mapping[str, Value],
        columns: Sequence[str],
        none: str,
    ) -> None:
        """A method with its options; `none` is said where it has none."""
        self.caption.set_texts(about or title, "", f"{title}\n{about}\n{repeatable}".strip())
        self.form.set_options(parameters, values, columns)
        self.form.setVisible(bool(parameters))
        self.no_options.setVisible(not parameters)
        self.no_options.setText(none)
        self.reset.setVisible(bool(parameters))

    def set_run(self, computes: bool, forming: bool, paused: bool) -> None:
        """What can be done with its run."""
        self.compute.setVisible(computes)
        self.go_on.setVisible(computes)
        self.pause.setVisible(forming)
        self.cancel.setVisible(forming)
        self._words[self.pause] = "Resume" if paused else "Pause"
        self.pause.setAccessibleName(self._words[self.pause])
        self._fit()

    def set_quality(self, head: str, figures: Sequence[Figure], checkable: bool) -> None:
        """The figures, and whether more can be asked of the map."""
        self.quality.set_figures(head, figures)
        self.learn.setEnabled(checkable)
        self.faults.setEnabled(checkable)
        self.control.setEnabled(checkable)

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _WIDE_FROM_PX
        if narrow != self._narrow:
            self._narrow = narrow
            self._judged.setFixedWidth(_NARROW_QUALITY_PX if narrow else _QUALITY_PX)
            self._fit()

    def _fit(self) -> None:
        """In a narrow window the buttons are pictures only."""
        for button, words in self._words.items():
            button.setText("" if self._narrow else words)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.looked_at.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.looked_at.emit(False)

    def _button(self, text: str, picture: str, command: str, dispatch: Dispatch) -> QPushButton:
        button = QPushButton(text)
        button.setAccessibleName(text)
        button.clicked.connect(lambda _checked=False: dispatch(command))
        self._icons.append((button, picture))
        self._words[button] = text
        return button
