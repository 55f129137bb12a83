"""The line in which expressions are written: completion, history, faults at their character."""

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPointF, QRect, QStringListModel, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFont,
    QFontDatabase,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QTextLayout,
)
from PySide6.QtWidgets import QCompleter, QLineEdit, QListView, QWidget

from latentviewer.domain.expression import completion_start
from latentviewer.ui.theme import Theme

Complete = Callable[[str, int], list[str]]

PLACEHOLDER = 'mean(label == "3") - mean(label == "8") + #12'
_WIDEST_POPUP_PX = 320
_ROWS_SHOWN = 9


class ExpressionBar(QLineEdit):
    """Enter evaluates, Up and Down recall, typing offers completions.

    Attributes:
        evaluated: emitted with the text on Enter.
        history: earlier expressions, newest last.
        fault: the character at fault, or None.
    """

    evaluated = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._complete: Complete | None = None
        self._recalled: int | None = None
        self._draft = ""
        self._replaced_from = 0
        self.history: list[str] = []
        self.fault: int | None = None
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(14)
        font.setStyleHint(QFont.StyleHint.Monospace)
        self.setFont(font)
        self.setMinimumHeight(36)
        self.setPlaceholderText(PLACEHOLDER)
        self.setAccessibleName("Expression")
        self._offers = QStringListModel(self)
        self._completer = QCompleter(self._offers, self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setMaxVisibleItems(_ROWS_SHOWN)
        self._completer.setWidget(self)
        self._completer.activated.connect(self.insert_completion)
        self.textEdited.connect(self._on_edited)

    @property
    def popup(self) -> QListView:
        """The list of completions."""
        made = self._completer.popup()
        assert isinstance(made, QListView)
        return made

    @property
    def offers(self) -> list[str]:
        """The completions offered now."""
        return list(self._offers.stringList())

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.update()

    def set_completer(self, complete: Complete) -> None:
        """Who knows what could stand at the cursor."""
        self._complete = complete

    def set_fault(self, position: int | None) -> None:
        """Marks the character at fault; the text's length marks the end."""
        self.fault = None if position is None else min(max(position, 0), len(self.text()))
        self.setProperty("fault", self.fault is not None)
        self.style().unpolish(self)
        self.style().polish(self)
        self.update()

    def x_of(self, position: int) -> float:
        """Where a character begins, in pixels of this widget, scrolled as the text is."""
        layout = QTextLayout(self.text(), self.font())
        layout.beginLayout()
        line = layout.createLine()
        layout.endLayout()
        if not line.isValid():
            return float(self.cursorRect().center().x())
        here = line.cursorToX(self.cursorPosition())[0]  # type: ignore[index]
        there = line.cursorToX(position)[0]  # type: ignore[index]
        # The cursor's rectangle is nine pixels and the cursor's own width wide.
        at = self.cursorRect().x() + (self.cursorRect().width() - 1) / 2
        return float(at + there - here)

    def insert_completion(self, completion: str) -> None:
        """Puts a completion in place of the unfinished word."""
        text, cursor = self.text(), self.cursorPosition()
        start = completion_start(text, cursor)
        self.setText(text[:start] + completion + text[cursor:])
        self.setCursorPosition(start + len(completion))
        self.set_fault(None)
        self.textEdited.emit(self.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        open_now = self.popup.isVisible()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if open_now and self.popup.currentIndex().isValid():
                event.ignore()
                return
            self.popup.hide()
            self._recalled = None
            self.evaluated.emit(self.text())
        elif key == Qt.Key.Key_Tab and open_now:
            chosen = self.popup.currentIndex()
            self.popup.hide()
            self.insert_completion(str(chosen.data()) if chosen.isValid() else self.offers[0])
        elif open_now and key == Qt.Key.Key_Escape:
            self.popup.hide()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and not open_now:
            self._recall(-1 if key == Qt.Key.Key_Up else 1)
        elif key == Qt.Key.Key_Space and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._offer()
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:  # noqa: N802
        # Tab takes the first completion while they are offered.
        return False if self.popup.isVisible() else super().focusNextPrevChild(forward)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self.popup.hide()
        super().focusOutEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.fault is None:
            return
        left = self.x_of(self.fault)
        at_end = self.fault >= len(self.text())
        right = left + 8 if at_end else max(self.x_of(self.fault + 1), left + 4)
        if right < 4 or left > self.width() - 4:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = self._theme.colour("error")
        y = self.cursorRect().bottom() - 1
        painter.setPen(QPen(colour, 2))
        painter.drawLine(QPointF(left, y), QPointF(right, y))
        middle, bottom = (left + right) / 2, float(self.height() - 1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon(
            QPolygonF(
                [
                    QPointF(middle - 5, bottom),
                    QPointF(middle + 5, bottom),
                    QPointF(middle, bottom - 6),
                ]
            )
        )
        painter.end()

    def _on_edited(self, _text: str) -> None:
        if self.fault is not None:
            self.set_fault(None)
        self._recalled = None
        self._offer()

    def _offer(self) -> None:
        if self._complete is None or not self.hasFocus():
            return
        offers = self._complete(self.text(), self.cursorPosition()) if self.text() else []
        self._offers.setStringList(offers)
        if not offers:
            self.popup.hide()
            return
        start = completion_start(self.text(), self.cursorPosition())
        popup = self.popup
        widest = max(popup.fontMetrics().horizontalAdvance(offer) for offer in offers)
        popup.setCurrentIndex(QModelIndex())
        place = QRect(round(self.x_of(start)) - 8, 0, min(widest + 48, _WIDEST_POPUP_PX), 0)
        place.setHeight(self.height())
        self._completer.complete(place)
        popup.setCurrentIndex(QModelIndex())

    def _recall(self, step: int) -> None:
        if not self.history:
            return
        if self._recalled is None:
            if step > 0:
                return
            self._draft, self._recalled = self.text(), len(self.history)
        to = self._recalled + step
        if to < 0:
            return
        if to >= len(self.history):
            self._recalled = None
            self.setText(self._draft)
        else:
            self._recalled = to
            self.setText(self.history[to])
        self.set_fault(None)
