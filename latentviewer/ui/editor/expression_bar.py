"""The line in which expressions are written: completion, history, faults at their character."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFont,
    QFontDatabase,
    QHideEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QTextLayout,
)
from PySide6.QtWidgets import QLineEdit, QWidget

from latentviewer.domain.expression import completion_start
from latentviewer.ui.editor.offers import Offers
from latentviewer.ui.theme import Theme

Complete = Callable[[str, int], list[str]]

PLACEHOLDER = 'mean(label == "3") - mean(label == "8") + #12'


class ExpressionBar(QLineEdit):
    """Enter evaluates, Up and Down recall, typing offers completions.

    Attributes:
        evaluated: emitted with the text on Enter.
        offers: the list of completions.
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
        self.history: list[str] = []
        self.fault: int | None = None
        font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        font.setPixelSize(14)
        font.setStyleHint(QFont.StyleHint.Monospace)
        self.setFont(font)
        self.setMinimumHeight(36)
        self.setPlaceholderText(PLACEHOLDER)
        self.setAccessibleName("Expression")
        self.offers = Offers(theme, self)
        self.offers.taken.connect(self.insert_completion)
        self.textEdited.connect(self._on_edited)

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.offers.set_theme(theme)
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
        self.offers.hide()
        self.set_fault(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        offered = self.offers.isVisible()
        chosen = self.offers.chosen if offered else None
        vertical = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(key)
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if chosen is not None:
                self.insert_completion(chosen)
                return
            self.offers.hide()
            self._recalled = None
            self.evaluated.emit(self.text())
        elif key == Qt.Key.Key_Tab and offered:
            self.insert_completion(chosen if chosen is not None else self.offers.texts[0])
        elif key == Qt.Key.Key_Escape and offered:
            self.offers.hide()
        elif vertical is not None and offered:
            self.offers.step(vertical)
        elif vertical is not None:
            self._recall(vertical)
        elif key == Qt.Key.Key_Space and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._offer()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and self.offers.isVisible():
            key = Qt.Key(event.key())
            if event.type() == QEvent.Type.ShortcutOverride and key == Qt.Key.Key_Escape:
                # The first Escape closes the offers; only the next is the window's.
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress and key == Qt.Key.Key_Tab:
                self.keyPressEvent(event)
                return True
        return super().event(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.offers.hide()
        super().focusOutEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self.offers.hide()
        super().hideEvent(event)

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
        text, cursor = self.text(), self.cursorPosition()
        offers = self._complete(text, cursor) if text else []
        self.offers.offer(offers, self, self.x_of(completion_start(text, cursor)))

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
