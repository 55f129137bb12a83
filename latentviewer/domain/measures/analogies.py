"""How many analogies a space of words completes: a is to b as c is to d."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Latents

ANALOGY_METRICS = ("cosine", "dot", "euclidean")
_SCORES_AT_ONCE = 8_000_000
_PARTS = 4


@dataclass(frozen=True)
class Section:
    """Analogies of one kind, such as capitals: four words each."""

    name: str
    questions: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Score:
    """How a section went.

    Attributes:
        correct: where d was the nearest of all words but a, b and c.
        asked: where all four words are there. there: all of them.
    """

    name: str
    correct: int
    asked: int
    there: int

    @property
    def accuracy(self) -> float:
        """Correct of asked; NaN where none was."""
        return self.correct / self.asked if self.asked else float("nan")


def parse_sections(text: str, where: str) -> tuple[Section, ...]:
    """A file of analogies: `: name` begins a section, every other line has four words.

    Args:
        where: the file, for sentences.

    Raises:
        UserError: a line of another length, or one before the first section.
    """
    sections: list[tuple[str, list[tuple[str, ...]]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(":"):
            sections.append((line[1:].strip(), []))
            continue
        words = tuple(line.split())
        if not words:
            continue
        if len(words) != _PARTS or not sections:
            fault = "stands before the first section" if not sections else f"has {len(words)} words"
            raise UserError(
                f"{where}, line {number:,} {fault}; write four words a line below a line such as "
                "“: capitals”."
            )
        sections[-1][1].append(words)
    return tuple(Section(name, tuple(questions)) for name, questions in sections)


def analogy_scores(
    latents: Latents, words: Sequence[str], sections: Sequence[Section], metric: str = "cosine"
) -> tuple[Score, ...]:
    """Each section's score by b - a + c, the three words themselves left out as answers.

    With `cosine` the words' vectors are first scaled to length 1: 3CosAdd of Mikolov, Yih and
    Zweig (2013) as Levy and Goldberg (2014) name it. `dot` takes the largest inner product with
    the vectors as they are, `euclidean` the nearest vector. Upper and lower case are the same;
    of words that differ in nothing else the first counts, in these files the most frequent.

    Args:
        latents: (n, d). words: n of them.

    Raises:
        UserError: an unknown metric.
    """
    if metric not in ANALOGY_METRICS:
        raise UserError(
            f"Analogies are not measured by “{metric}”; there are {', '.join(ANALOGY_METRICS)}."
        )
    row_of: dict[str, int] = {}
    for row, word in enumerate(words):
        row_of.setdefault(word.casefold(), row)
    vectors = _unit(latents) if metric == "cosine" else latents
    halves = (
        np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64) / 2
        if metric == "euclidean"
        else np.zeros(len(vectors))
    ).astype(np.float32)
    scores = []
    for section in sections:
        rows = [[row_of.get(word.casefold(), -1) for word in q] for q in section.questions]
        asked = np.array([r for r in rows if -1 not in r], np.int64).reshape(-1, _PARTS)
        correct = sum(
            int((_answers(vectors, halves, some[:, :3]) == some[:, 3]).sum())
            for some in _batches(asked, len(vectors))
        )
        scores.append(Score(section.name, correct, len(asked), len(rows)))
    return tuple(scores)


def _answers(
    vectors: Latents, halves: NDArray[np.float32], given: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The best row for each of (m, 3) given rows, which are left out."""
    a, b, c = (vectors[given[:, part]] for part in range(3))
    scores = (b - a + c) @ vectors.T - halves
    np.put_along_axis(scores, given, -np.inf, axis=1)
    return np.asarray(scores.argmax(axis=1), np.int64)


def _batches(rows: NDArray[np.int64], words: int) -> Iterator[NDArray[np.int64]]:
    at_once = max(1, _SCORES_AT_ONCE // max(1, words))
    return (rows[start : start + at_once] for start in range(0, len(rows), at_once))


def _unit(latents: Latents) -> Latents:
    norms = np.linalg.norm(latents.astype(np.float64), axis=1, keepdims=True)
    return np.asarray(latents / np.where(norms > 0, norms, 1), np.float32)
