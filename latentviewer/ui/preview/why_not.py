"""What stands where a model cannot do something: a heading and the reason."""

from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from latentviewer.ui.preview.pictures import breakable


class WhyNot(QWidget):
    """Hidden while there is nothing to say.

    Attributes:
        sentence: the reason.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentence = ""
        self._title, self._text = QLabel(title), QLabel()
        self._title.setProperty("role", "heading")
        self._text.setProperty("role", "dim")
        self._text.setWordWrap(True)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(self._title)
        column.addWidget(self._text)
        self.hide()

    def say(self, sentence: str, title: str) -> None:
        """Shows the reason; the empty text hides it."""
        self.sentence = sentence
        self._title.setText(title)
        self._text.setText(breakable(sentence))
        self.setVisible(bool(sentence))
