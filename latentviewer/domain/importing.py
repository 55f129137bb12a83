"""What is found in a model file of the user's, what is asked about it, and how it does."""

from collections.abc import Mapping
from dataclasses import dataclass

from latentviewer.domain.ports import Capability, Images, ImageShape

Answers = Mapping[str, str]
"""What the user said, by a question's key; a question that is missing is answered by its guess."""


@dataclass(frozen=True)
class Question:
    """Something that the file itself does not say.

    Attributes:
        key: what the answer is kept under, such as `output_values`.
        title: what the window calls it, a few words.
        choices: what can be answered, and what the window calls that; empty where a whole
            number is asked for.
        guess: the answer taken until the user gives another.
        why: what the guess rests on, in one sentence.
    """

    key: str
    title: str
    choices: tuple[tuple[str, str], ...]
    guess: str
    why: str


@dataclass(frozen=True)
class Offer:
    """What a file is, as far as can be said without running anything from it.

    Attributes:
        path: where it lies, absolute.
        format: such as `onnx` or `state dict`.
        file_hash: SHA-256 of what would be opened, hexadecimal.
        found: sentences on what is in it, the most telling first.
        capabilities: what it will be able to do.
        latent_dim: dimensions of one latent; None where only opening it can tell.
        image: the shape of its images; None likewise.
        questions: what the file does not say, each with a guess.
        danger: why opening it can run code, in one sentence; None where it cannot.
        missing: sentences on what is not there; with one of them it cannot be opened.
    """

    path: str
    format: str
    file_hash: str
    found: tuple[str, ...]
    capabilities: frozenset[Capability]
    latent_dim: int | None
    image: ImageShape | None
    questions: tuple[Question, ...] = ()
    danger: str | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """One line of a model's self-check.

    Attributes:
        name: what was looked at, a few words.
        passed: whether it was as it should be; None where it could not be tried.
        text: what was measured, in one sentence.
    """

    name: str
    passed: bool | None
    text: str


@dataclass(frozen=True, eq=False)
class Trial:
    """A model that was opened with the answers so far, and tried.

    Attributes:
        offer: with what is left to ask.
        images: (b, h, w, c) float32 in 0..1, the samples it was tried on; None where it does
            not encode, or where there are none that fit.
        data: the data set that they are of.
        decoded: (b, h, w, c) float32 in 0..1, what it made of them, or of draws from its prior.
        checks: what was looked at.
        fault: why it could not be tried, in one sentence, or None.
    """

    offer: Offer
    images: Images | None = None
    data: str | None = None
    decoded: Images | None = None
    checks: tuple[Check, ...] = ()
    fault: str | None = None

    @property
    def opens(self) -> bool:
        """Whether it can be opened as it is."""
        return self.fault is None and not self.offer.missing


def answered(question: Question, answers: Answers) -> str:
    """The answer to a question; its guess where there is none, or one that is no choice."""
    given = answers.get(question.key, question.guess)
    if question.choices:
        return given if given in (value for value, _ in question.choices) else question.guess
    return given if given.isascii() and given.isdigit() and int(given) > 0 else question.guess
