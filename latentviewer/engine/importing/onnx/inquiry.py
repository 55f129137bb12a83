"""What was asked, found and missed on the way to a model."""

from latentviewer.domain.importing import Answers, Question, answered


class MissingError(Exception):
    """What keeps a network from being opened, as one sentence; other answers may mend it."""


class UnfitError(MissingError):
    """Two files that do not belong together."""


class Inquiry:
    """Collects the questions that come up, and answers them.

    Attributes:
        questions: that were asked, each once, in order.
        found: sentences on what was found.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self.questions: list[Question] = []
        self.found: list[str] = []

    @property
    def answers(self) -> Answers:
        """What the user said."""
        return self._answers

    def ask(self, question: Question) -> str:
        """The answer to a question, or its guess; one of the same key is asked once only."""
        for asked in self.questions:
            if asked.key == question.key:
                return answered(asked, self._answers)
        self.questions.append(question)
        return answered(question, self._answers)

    def number(self, key: str, title: str, guess: int, why: str) -> int:
        """The answer to a question for a whole number above 0."""
        return int(self.ask(Question(key, title, (), str(guess), why)))
