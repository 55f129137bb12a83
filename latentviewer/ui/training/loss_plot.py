"""The loss over the epochs: training, validation, and the best so far."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFont, QPen
from PySide6.QtWidgets import QWidget

from latentviewer.ui.theme import Theme

_POINTS_UP_TO = 24


class LossPlot(pyqtgraph.PlotWidget):  # type: ignore[misc]
    """Curves with a reading under the mouse; the mouse changes nothing.

    Attributes:
        log: whether the losses stand on a logarithmic scale.
        training, validation, best, now: the plotted items.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Loss over the epochs")
        self.setMenuEnabled(False)
        self.setMouseEnabled(False, False)
        self.hideButtons()
        self.setFrameStyle(0)
        self.setMinimumSize(150, 90)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.log = False
        self._unit = ""
        self._history: tuple[tuple[float, float], ...] = ()
        self._trace: tuple[tuple[float, float], ...] = ()
        self.training = self.plot([], [], antialias=True)
        self.trace = self.plot([], [], antialias=True)
        self.validation = self.plot([], [], antialias=True)
        self.best = pyqtgraph.ScatterPlotItem(size=11, pxMode=True)
        self.now = pyqtgraph.ScatterPlotItem(size=7, pxMode=True)
        self.addItem(self.best)
        self.addItem(self.now)
        self._reading = pyqtgraph.InfiniteLine(angle=90, movable=False)
        self._words = pyqtgraph.TextItem(anchor=(0, 0))
        for item in (self._reading, self._words):
            item.setVisible(False)
            self.addItem(item, ignoreBounds=True)
        self.scene().sigMouseMoved.connect(self._on_mouse)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.setBackground(theme.colour("panel"))
        font = QFont(self.font())
        font.setPixelSize(11)
        grid = theme.colour("border")
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.setPen(QPen(grid, 1))
            axis.setTextPen(theme.colour("text_dim"))
            axis.setTickFont(font)
            axis.setStyle(tickLength=-4, tickTextOffset=5)
        self.showGrid(x=False, y=True, alpha=0.25)
        self._label()
        training, validation = theme.colour("text_faint"), theme.colour("accent")
        self.training.setPen(_pen(training, 1.5))
        self.trace.setPen(_pen(training, 1.0))
        self.validation.setPen(_pen(validation, 2.0))
        self.training.setSymbolBrush(training)
        self.validation.setSymbolBrush(validation)
        self.now.setBrush(theme.colour("text_dim"))
        self.now.setPen(None)
        self.best.setBrush(None)
        self.best.setPen(_pen(theme.colour("text"), 1.5))
        self._reading.setPen(QPen(theme.colour("text_faint"), 1, Qt.PenStyle.DashLine))
        self._words.setColor(theme.colour("text"))
        self._words.fill = pyqtgraph.mkBrush(theme.colour("raised"))
        self._words.border = pyqtgraph.mkPen(theme.colour("border"))

    def set_log(self, log: bool) -> None:
        """A logarithmic scale, where every loss is above zero."""
        self.log = log
        self._draw()

    @property
    def can_log(self) -> bool:
        """Whether every loss is above zero."""
        values = [value for pair in self._history for value in pair]
        return all(value > 0 for value in [*values, *(loss for _, loss in self._trace)])

    def set_losses(
        self,
        history: Sequence[tuple[float, float]],
        trace: Sequence[tuple[float, float]],
        unit: str,
        epochs: int,
    ) -> None:
        """Shows a run.

        Args:
            history: training and validation loss of each finished epoch.
            trace: within the epoch under way: epochs done with a fraction, mean loss.
            unit: of the losses.
            epochs: how many there are at most; the axis goes at least a tenth of the way.
        """
        self._history, self._trace = tuple(history), tuple(trace)
        if unit != self._unit:
            self._unit = unit
            self._label()
        far = max(len(history) + 1, epochs / 10)
        self.setXRange(0, min(max(far, 1), max(epochs, 1)), padding=0.04)
        self._draw()

    def _label(self) -> None:
        style = {"color": self._theme.text_dim, "font-size": "11px"}
        self.setLabel("left", self._unit or "Loss", **style)
        self.setLabel("bottom", "Epoch", **style)
        # Else the new words stand where the old ones had their middle.
        self.getAxis("left").resizeEvent(None)

    def _draw(self) -> None:
        log = self.log and self.can_log
        self.setLogMode(x=False, y=log)
        epochs = np.arange(1, len(self._history) + 1)
        losses = np.array(self._history, np.float64).reshape(-1, 2)
        symbol = "o" if len(epochs) <= _POINTS_UP_TO else None
        for item, column in ((self.training, 0), (self.validation, 1)):
            item.setData(epochs, losses[:, column], symbol=symbol, symbolSize=4, symbolPen=None)
        # The epoch under way begins where the one before has ended.
        joined = [(float(len(epochs)), float(losses[-1, 0]))] if len(epochs) else []
        trace = np.array([*joined, *self._trace] if self._trace else [], np.float64).reshape(-1, 2)
        self.trace.setData(trace[:, 0], trace[:, 1])
        dots = trace[-1:].copy()
        best = np.zeros((0, 2))
        if len(epochs):
            row = int(losses[:, 1].argmin())
            best = np.array([[row + 1.0, losses[row, 1]]])
        if log:
            dots[:, 1], best[:, 1] = np.log10(dots[:, 1]), np.log10(best[:, 1])
        self.now.setData(dots[:, 0], dots[:, 1])
        self.best.setData(best[:, 0], best[:, 1])

    def reading_at(self, epoch: float) -> str:
        """The losses of the epoch nearest to a place on the axis; empty without any."""
        if not self._history:
            return ""
        row = min(max(round(epoch) - 1, 0), len(self._history) - 1)
        training, validation = self._history[row]
        return f"epoch {row + 1}   training {training:.4g}   validation {validation:.4g}"

    def _on_mouse(self, at: QPointF) -> None:
        box = self.getViewBox()
        inside = bool(self._history) and box.sceneBoundingRect().contains(at)
        for item in (self._reading, self._words):
            item.setVisible(inside)
        if not inside:
            return
        place = box.mapSceneToView(at)
        epoch = min(max(round(place.x()), 1), len(self._history))
        (left, right), (_, top) = box.viewRange()
        self._reading.setPos(epoch)
        self._words.setText(self.reading_at(epoch))
        self._words.setAnchor((0, 0) if epoch < (left + right) / 2 else (1, 0))
        self._words.setPos(epoch, top)

    def leaveEvent(self, event: object) -> None:
        for item in (self._reading, self._words):
            item.setVisible(False)
        super().leaveEvent(event)


def _pen(colour: object, width: float) -> QPen:
    pen: QPen = pyqtgraph.mkPen(colour, width=width)
    pen.setCosmetic(True)
    return pen
