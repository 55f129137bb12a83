"""Which layer of a model the map shows: buttons, or a slider where there are many."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from latentviewer.ui.intent import Dispatch
from latentviewer.ui.wheel import guard_wheel

_MOST_BUTTONS = 8
_SLIDER_PX, _WIDEST_NAME_PX, _WIDEST_WORDS_PX = (44, 120), 160, 420
_MARGINS_PX = 28


class LayerStrip(QFrame):
    """Hidden where the model has no layers; says why where the others cannot be computed.

    Attributes:
        resized: emitted when it needs another size.
        buttons: by layer. slider: for many layers, or little room.
        sentence: why no other layer can be shown, or nothing.
    """

    resized = Signal()

    def __init__(self, dispatch: Dispatch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dispatch = dispatch
        self.setProperty("role", "card")
        self.setAccessibleName("Layers")
        self._names: tuple[str, ...] = ()
        self._current = ""
        self._pending: str | None = None
        self._room = 10_000
        self.buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self._row = QWidget()
        row = QHBoxLayout(self._row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Layer")
        self.slider.setToolTip("Which layer's features the map shows")
        self.slider.setPageStep(1)
        # Each step may take a while to compute: only where the hand rests is gone to.
        self.slider.setTracking(False)
        self.slider.sliderMoved.connect(self._show_name)
        self.slider.valueChanged.connect(self._on_slider)
        guard_wheel(self.slider)
        self._name = QLabel()
        self._slide = QWidget()
        slide = QHBoxLayout(self._slide)
        slide.setContentsMargins(6, 3, 6, 3)
        slide.setSpacing(8)
        slide.addWidget(self.slider)
        slide.addWidget(self._name)
        self._words = QLabel()
        self._words.setProperty("role", "dim")
        self._words.setWordWrap(True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(3, 3, 3, 3)
        column.setSpacing(2)
        column.addWidget(self._row)
        column.addWidget(self._slide)
        column.addWidget(self._words)
        self.hide()

    @property
    def sentence(self) -> str:
        """Why no other layer can be shown, or nothing."""
        return self._words.text()

    def set_layers(
        self, names: Sequence[str], current: str, pending: str | None, why_not: str
    ) -> None:
        """The layers from input to output, the shown one, and the one being computed."""
        if tuple(names) != self._names:
            self._names = tuple(names)
            self._make_buttons()
        self._current, self._pending = current, pending
        for name, button in self.buttons.items():
            button.setChecked(name == (pending or current))
            button.setText(f"{name} …" if name == pending else name)
            button.setEnabled(not why_not)
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, max(len(self._names) - 1, 0))
            if (pending or current) in self._names:
                self.slider.setValue(self._names.index(pending or current))
        self.slider.setEnabled(not why_not)
        self._show_name(self.slider.value())
        self._words.setText(why_not)
        self._words.setVisible(bool(why_not))
        self.setVisible(bool(self._names))
        self._fit()
        self.resized.emit()

    def set_room(self, width: int) -> None:
        """How wide it may be."""
        if width != self._room:
            self._room = width
            self._fit()

    def _fit(self) -> None:
        wanted = self._row.sizeHint().width() + 6
        slides = len(self._names) > _MOST_BUTTONS or wanted > self._room
        self._row.setVisible(not slides)
        self._slide.setVisible(slides)
        if slides and self._names:
            metrics = self._name.fontMetrics()
            longest = max(metrics.horizontalAdvance(f"{name} …") for name in self._names) + 2
            name = min(longest, _WIDEST_NAME_PX)
            least, most = _SLIDER_PX
            self.slider.setFixedWidth(min(max(self._room - _MARGINS_PX - name, least), most))
            self._name.setFixedWidth(
                max(min(name, self._room - _MARGINS_PX - self.slider.width()), least)
            )
            self._show_name(self.slider.value())
        if not self._words.isHidden():
            text = self._words.fontMetrics().horizontalAdvance(self._words.text()) + 8
            widest = min(_WIDEST_WORDS_PX, self._room - _MARGINS_PX)
            self._words.setFixedWidth(max(min(text, widest), 40))
        self.adjustSize()

    def _make_buttons(self) -> None:
        layout = self._row.layout()
        assert layout is not None
        for button in self.buttons.values():
            self._group.removeButton(button)
            layout.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons = {}
        if len(self._names) > _MOST_BUTTONS:
            return
        for name in self._names:
            button = QToolButton()
            button.setProperty("role", "flat")
            button.setText(name)
            button.setCheckable(True)
            button.setAccessibleName(f"Layer {name}")
            button.clicked.connect(lambda _checked=False, n=name: self._choose(n))
            self._group.addButton(button)
            layout.addWidget(button)
            self.buttons[name] = button

    def _choose(self, name: str) -> None:
        self._dispatch("map.layer", name=name)

    def _on_slider(self, value: int) -> None:
        if 0 <= value < len(self._names):
            self._choose(self._names[value])

    def _show_name(self, value: int) -> None:
        if 0 <= value < len(self._names):
            name = self._names[value]
            text = f"{name} …" if name == self._pending else name
            self._name.setToolTip(name)
            self._name.setText(
                self._name.fontMetrics().elidedText(
                    text, Qt.TextElideMode.ElideMiddle, self._name.width()
                )
            )
