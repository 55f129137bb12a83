"""A row of short texts to click."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

_HEIGHT_PX = 28


class ChipRow(QWidget):
    """Those that do not fit are left out, never squeezed.

    Attributes:
        chosen: emitted with the text of a clicked chip.
    """

    chosen = Signal(str)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(_HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._chips: list[QPushButton] = []
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(6)
        self._title = QLabel(title)
        self._title.setProperty("role", "faint")
        self._title.hide()
        self._line.addWidget(self._title)
        self._line.addStretch(1)

    @property
    def chips(self) -> tuple[QPushButton, ...]:
        """The buttons."""
        return tuple(self._chips)

    def set_texts(self, texts: Sequence[str]) -> None:
        """Replaces the chips."""
        for chip in self._chips:
            self._line.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self._chips = []
        for text in texts:
            # An ampersand would become a mnemonic.
            chip = QPushButton(text.replace("&", "&&"))
            chip.setAccessibleName(f"Example {text}")
            chip.setToolTip(f"Fill in {text}")
            chip.setStyleSheet("padding: 3px 9px; font-size: 12px;")
            chip.setCursor(Qt.CursorShape.PointingHandCursor)
            chip.clicked.connect(lambda _checked=False, t=text: self.chosen.emit(t))
            self._line.insertWidget(self._line.count() - 1, chip)
            self._chips.append(chip)
        self._title.setVisible(bool(texts))
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(300, _HEIGHT_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, _HEIGHT_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        x = self._title.sizeHint().width()
        for chip in self._chips:
            x += self._line.spacing() + chip.sizeHint().width()
            chip.setVisible(x <= self.width())
