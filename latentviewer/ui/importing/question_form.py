"""What a model file does not say, asked one below the other."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QSizePolicy, QSpinBox, QWidget

from latentviewer.domain.importing import Question, answered
from latentviewer.ui.wheel import guard_wheel

_MOST = 1_000_000
_LABEL_PX = 132
_PATIENCE_MS = 350  # while a number is still being typed


class QuestionForm(QWidget):
    """One row for each question, with what the guess rests on below it.

    Attributes:
        answer: emitted with a question's key and what was chosen.
    """

    answer = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._questions: tuple[Question, ...] = ()
        self.fields: dict[str, QComboBox | QSpinBox] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnMinimumWidth(0, _LABEL_PX)
        self._grid.setColumnStretch(1, 1)

    def set_questions(self, questions: Sequence[Question], answers: Mapping[str, str]) -> None:
        """Asks; fields that stay keep the focus."""
        if tuple(questions) != self._questions:
            focused = next((key for key, f in self.fields.items() if f.hasFocus()), None)
            self._questions = tuple(questions)
            self._build()
            if focused in self.fields:
                self.fields[focused].setFocus()
        for question in self._questions:
            field, value = self.fields[question.key], answered(question, answers)
            blocked = field.blockSignals(True)
            if isinstance(field, QSpinBox):
                if not field.hasFocus():
                    field.setValue(int(value))
            else:
                field.setCurrentIndex(field.findData(value))
            field.blockSignals(blocked)

    def _build(self) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        self.fields = {}
        for place, question in enumerate(self._questions):
            field = self._number(question) if not question.choices else self._choice(question)
            field.setAccessibleName(question.title)
            field.setToolTip(question.why)
            guard_wheel(field)
            label = QLabel(question.title)
            label.setBuddy(field)
            why = QLabel(question.why)
            why.setProperty("role", "faint")
            why.setWordWrap(True)
            self._grid.addWidget(label, 2 * place, 0)
            self._grid.addWidget(field, 2 * place, 1)
            self._grid.addWidget(why, 2 * place + 1, 1)
            why.setContentsMargins(0, 0, 0, 6)
            self.fields[question.key] = field

    def _choice(self, question: Question) -> QComboBox:
        box = QComboBox()
        box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        box.setMinimumContentsLength(12)
        for value, text in question.choices:
            box.addItem(text, value)
        box.currentIndexChanged.connect(
            lambda _index: self.answer.emit(question.key, str(box.currentData()))
        )
        return box

    def _number(self, question: Question) -> QSpinBox:
        box = QSpinBox()
        box.setRange(1, _MOST)
        box.setAlignment(Qt.AlignmentFlag.AlignCenter)
        box.setKeyboardTracking(True)
        rest = QTimer(box)
        rest.setSingleShot(True)
        rest.setInterval(_PATIENCE_MS)
        rest.timeout.connect(lambda: self.answer.emit(question.key, str(box.value())))
        box.valueChanged.connect(lambda _value: rest.start())
        return box
