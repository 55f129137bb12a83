"""What a classifier answers: bars for one question, a list for many."""

import math
from collections.abc import Mapping

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from latentviewer.app.readouts import RANKED, Told
from latentviewer.ui.preview.image_tile import small_font
from latentviewer.ui.theme import Theme

_HEADING_PX, _ROW_PX, _CELL_PX, _GAP_PX = 18, 19, 32, 12
_NAME_SHARE = 0.42
_PERCENT_PX = 36
_MOST_ROWS = 12
NOT_A_SAMPLE = "Only samples with their original are classified."


class ClassReadout(QWidget):
    """Hidden where nothing is asked; else as high as its questions need, whatever they answer.

    One question: its likeliest classes as bars. Several: two columns of answers with their
    probabilities; one that differs from what is known carries a mark.

    Attributes:
        told: what is shown, or None.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = theme
        self._questions: tuple[str, ...] = ()
        self._bars = 0
        self.told: tuple[Told, ...] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("What the classifier answers")
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.update()

    def set_questions(self, questions: Mapping[str, int]) -> None:
        """Each question with the number of its classes; none hides the readout."""
        self._questions = tuple(questions)
        if len(questions) == 1:
            self._bars = min(RANKED, *questions.values())
            high = _ROW_PX * self._bars
        else:
            self._bars = 0
            high = _CELL_PX * min(math.ceil(len(questions) / 2), _MOST_ROWS)
        self.setFixedHeight(_HEADING_PX + high)
        self.setVisible(bool(questions))

    def set_told(self, told: tuple[Told, ...] | None) -> None:
        """The answers; None where there is nothing to classify."""
        if told != self.told:
            self.told = told
            self.setAccessibleDescription(
                NOT_A_SAMPLE if told is None else "; ".join(words(one) for one in told)
            )
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, self.height())

    def told_at(self, x: float, y: float) -> Told | None:
        """The answer that is drawn there."""
        if self.told is None or y < _HEADING_PX:
            return None
        if self._bars:
            return self.told[0] if self.told else None
        for i, one in enumerate(self.told[: 2 * _MOST_ROWS]):
            if self._cell(i).contains(x, y):
                return one
        return None

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            one = self.told_at(event.pos().x(), event.pos().y())
            QToolTip.showText(event.globalPos(), words(one) if one is not None else "", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("panel"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(small_font(self.font(), QFont.Weight.DemiBold))
        painter.setPen(self._theme.colour("text_dim"))
        line = QRectF(0, 0, self.width(), _HEADING_PX)
        top = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        painter.drawText(line, int(top), self._title())
        self._paint_known(painter, line)
        if self.told is None:
            painter.setFont(self.font())
            painter.setPen(self._theme.colour("text_faint"))
            painter.drawText(QRectF(self.rect()).adjusted(0, 22, 0, 0), int(top), NOT_A_SAMPLE)
        elif self._bars:
            self._paint_bars(painter, self.told[0])
        else:
            for i, one in enumerate(self.told[: 2 * _MOST_ROWS]):
                self._paint_cell(painter, self._cell(i), one)
        painter.end()

    def _title(self) -> str:
        if self._bars:
            return f"Classifier · {self._questions[0]}"
        most = 2 * _MOST_ROWS
        count = len(self._questions)
        return f"Classifier · {most} of {count} questions" if count > most else "Classifier"

    def _paint_known(self, painter: QPainter, line: QRectF) -> None:
        """How many answers differ from what is known, at the right of the heading."""
        known = [one for one in self.told or () if one.truth is not None]
        if not known:
            return
        wrong = [one for one in known if one.differs]
        if self._bars:
            text = f"known to be {known[0].truth}" if wrong else "as known"
        else:
            text = f"{len(wrong)} not as known" if wrong else "all as known"
        painter.setPen(self._theme.colour("warning" if wrong else "text_faint"))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop
        painter.drawText(line, int(right), text)

    def _paint_bars(self, painter: QPainter, one: Told) -> None:
        if not one.answer:
            painter.setFont(self.font())
            painter.setPen(self._theme.colour("warning"))
            place = QRectF(0, _HEADING_PX, self.width(), _ROW_PX)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, words(one))
            return
        left = self.width() * _NAME_SHARE
        room = self.width() - left - _PERCENT_PX
        for i, (name, share) in enumerate(one.ranked[: self._bars]):
            line = QRectF(0, _HEADING_PX + i * _ROW_PX, self.width(), _ROW_PX)
            self._text(painter, line.adjusted(0, 0, left - line.width() - 6, 0), name, i == 0)
            self._bar(painter, QRectF(left, line.center().y() - 3, room, 6), share, i == 0)
            self._percent(painter, line, share)

    def _paint_cell(self, painter: QPainter, cell: QRectF, one: Told) -> None:
        theme = self._theme
        painter.setFont(small_font(self.font()))
        painter.setPen(theme.colour("text_dim"))
        upper = QRectF(cell.left(), cell.top(), cell.width(), 14)
        metrics = painter.fontMetrics()
        question = metrics.elidedText(
            one.question.replace("_", " "), Qt.TextElideMode.ElideRight, int(cell.width()) - 40
        )
        painter.drawText(upper, Qt.AlignmentFlag.AlignVCenter, question)
        self._percent(painter, upper, one.probability)
        lower = QRectF(cell.left(), cell.top() + 12, cell.width(), 15)
        name = f"≠ {one.answer}" if one.differs else one.answer or "no answer"
        painter.setPen(theme.colour("warning" if one.differs or not one.answer else "text"))
        font = QFont(self.font())
        font.setPixelSize(12)
        painter.setFont(font)
        shown = painter.fontMetrics().elidedText(
            name, Qt.TextElideMode.ElideRight, int(lower.width())
        )
        painter.drawText(lower, Qt.AlignmentFlag.AlignVCenter, shown)
        self._bar(
            painter, QRectF(cell.left(), cell.top() + 28, cell.width(), 2), one.probability, False
        )

    def _text(self, painter: QPainter, place: QRectF, text: str, strong: bool) -> None:
        font = QFont(self.font())
        font.setPixelSize(12)
        painter.setFont(font)
        painter.setPen(self._theme.colour("text" if strong else "text_dim"))
        shown = painter.fontMetrics().elidedText(
            text, Qt.TextElideMode.ElideRight, int(place.width())
        )
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, shown)

    def _percent(self, painter: QPainter, line: QRectF, share: float) -> None:
        painter.setFont(small_font(self.font()))
        painter.setPen(self._theme.colour("text_dim"))
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(line, int(flags), percent(share))

    def _bar(self, painter: QPainter, place: QRectF, share: float, strong: bool) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("border"))
        radius = place.height() / 2
        painter.drawRoundedRect(place, radius, radius)
        if math.isfinite(share) and share > 0:
            filled = QRectF(place)
            filled.setWidth(max(place.height(), place.width() * min(share, 1.0)))
            painter.setBrush(self._theme.colour("accent" if strong else "text_faint"))
            painter.drawRoundedRect(filled, radius, radius)

    def _cell(self, i: int) -> QRectF:
        wide = (self.width() - _GAP_PX) / 2
        # Down the first column, then down the second, as a list is read.
        rows = min(math.ceil(len(self._questions) / 2), _MOST_ROWS)
        column, row = divmod(i, max(rows, 1))
        return QRectF(column * (wide + _GAP_PX), _HEADING_PX + row * _CELL_PX, wide, _CELL_PX)


def percent(share: float) -> str:
    """A probability as people read it; what is not quite certain is not called 100 %."""
    if not math.isfinite(share):
        return "–"
    if 0.995 <= share < 1.0:
        return ">99 %"
    return "<1 %" if 0.0 < share < 0.005 else f"{100 * share:.0f} %"


def words(one: Told) -> str:
    """An answer as a sentence for tooltips and screen readers."""
    if not one.answer:
        return f"{one.question}: the model gives no number"
    text = f"{one.question}: {one.answer}, {percent(one.probability)}"
    return f"{text}; known to be {one.truth}" if one.differs else text
