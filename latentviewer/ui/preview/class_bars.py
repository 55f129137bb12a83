"""The posterior over hidden classes as bars with their names."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from latentviewer.domain.palette import category_colours
from latentviewer.domain.space import Latents
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.preview.image_tile import small_font
from latentviewer.ui.theme import Theme

_ROW_PX = 24
_BAR_PX = 12
_VALUE_PX = 38
_WIDEST_NAME = 0.4
_TRUTH = "truth"


class ClassBars(QWidget):
    """A row for each class: name, bar, probability. The hidden truth is marked.

    Attributes:
        names: of the classes. values: (k,) their probabilities. truth: a name, or empty.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = theme
        self.names: tuple[str, ...] = ()
        self.values: Latents = np.zeros(0, np.float32)
        self.truth = ""
        self._colours: NDArray[np.uint8] = category_colours(0, theme.dark)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Posterior over the classes")

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme, with that theme's colours of the classes."""
        self._theme = theme
        self._colours = category_colours(len(self.names), theme.dark)
        self.update()

    def set_names(self, names: Sequence[str]) -> None:
        """The classes, in the order of the latent's dimensions."""
        self.names = tuple(names)
        self.values, self.truth = np.zeros(len(names), np.float32), ""
        self._colours = category_colours(len(self.names), self._theme.dark)
        self.setFixedHeight(max(len(self.names), 1) * _ROW_PX)
        self.update()

    def set_posterior(self, values: Latents, truth: str) -> None:
        """(k,) probabilities, and the hidden class where it is known."""
        if len(values) == len(self.names):
            self.values, self.truth = np.array(values, np.float32), truth
            self.setAccessibleDescription(", ".join(self.readout(i) for i in range(len(values))))
            self.update()

    def readout(self, index: int) -> str:
        """A class in words, such as `car 0.93`."""
        return f"{self.names[index]} {self.values[index]:.2f}".replace("-", "−")

    def sizeHint(self) -> QSize:
        return QSize(280, max(len(self.names), 1) * _ROW_PX)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, max(len(self.names), 1) * _ROW_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("panel"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = painter.fontMetrics()
        longest = max((metrics.horizontalAdvance(name) for name in self.names), default=0)
        named = min(longest + 12.0, _WIDEST_NAME * self.width())
        best = int(self.values.argmax()) if len(self.values) else -1
        for i in range(len(self.names)):
            self._paint_row(painter, i, named, i == best)
        painter.end()

    def _paint_row(self, painter: QPainter, i: int, named: float, best: bool) -> None:
        theme, top = self._theme, i * _ROW_PX
        font = QFont(self.font())
        if best:
            font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(theme.colour("text" if best else "text_dim"))
        text = painter.fontMetrics().elidedText(
            self.names[i], Qt.TextElideMode.ElideRight, int(named) - 8
        )
        line = QRectF(0, top, named, _ROW_PX)
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, text)
        track = QRectF(
            named, top + (_ROW_PX - _BAR_PX) / 2, self.width() - named - _VALUE_PX, _BAR_PX
        )
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("map"))
        painter.drawRoundedRect(track, 3, 3)
        share = min(max(float(self.values[i]), 0.0), 1.0)
        if share * track.width() > 0.5:
            bar = QRectF(track.left(), track.top(), track.width() * share, _BAR_PX)
            painter.setBrush(QColor(*(int(v) for v in self._colours[i])))
            painter.drawRoundedRect(bar, min(3, bar.width() / 2), 3)
        painter.setPen(theme.colour("text" if best else "text_dim"))
        value = f"{self.values[i]:.2f}".replace("-", "−")
        place = QRectF(self.width() - _VALUE_PX, top, _VALUE_PX, _ROW_PX)
        painter.drawText(
            place, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight), value
        )
        if self.names[i] == self.truth:
            self._paint_truth(painter, track)

    def _paint_truth(self, painter: QPainter, track: QRectF) -> None:
        painter.setFont(small_font(self.font(), QFont.Weight.DemiBold))
        wide = painter.fontMetrics().horizontalAdvance(_TRUTH) + 12
        tag = QRectF(track.right() - wide - 3, track.center().y() - 9, wide, 18)
        painter.setPen(QPen(self._theme.colour("text_dim"), 1))
        painter.setBrush(self._theme.colour("panel"))
        painter.drawRoundedRect(tag, 9, 9)
        painter.setPen(self._theme.colour("text"))
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, _TRUTH)


class ClassSection(QWidget):
    """The bars under their heading, and a button that uncovers the truth on the map.

    Attributes:
        bars: the posterior. uncover: the button.
    """

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._columns = ("", "")
        self._coloured = ""
        self.bars = ClassBars(theme)
        self._heading = QLabel()
        self._heading.setProperty("role", "heading")
        # A long name must not make the panel wider than its place.
        self._heading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.uncover = QPushButton()
        self.uncover.clicked.connect(
            lambda _checked=False: dispatch("map.colour_by", column=self._other())
        )
        self.uncover.setStyleSheet("padding: 3px 8px;")
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self._heading, 1)
        line.addWidget(self.uncover)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(line)
        column.addWidget(self.bars)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self.bars.set_theme(theme)

    def set_question(
        self, names: Sequence[str], question: str, seen: str, truth: str, inferred: str
    ) -> None:
        """The classes; what is asked, given what is seen; the columns with truth and answer.

        No names hide it all, and without both columns there is no button.
        """
        self.bars.set_names(names)
        self._heading.setText(f"{question.capitalize()}, given the {seen}")
        self._columns = (truth, inferred)
        self.uncover.setVisible(bool(truth and inferred))
        self.setVisible(bool(names))
        self.set_coloured_by(self._coloured)

    def set_coloured_by(self, column: str) -> None:
        """Which column colours the map now."""
        self._coloured = column
        truth = self._columns[0]
        shown = column == truth
        self.uncover.setText("Hide the truth" if shown else "Show the truth")
        self.uncover.setToolTip(f"Colours the map by {self._other()}")

    def _other(self) -> str:
        truth, inferred = self._columns
        return inferred if self._coloured == truth else truth
