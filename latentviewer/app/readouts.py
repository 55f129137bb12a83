"""What a classifier answers about a sample, beside what is known of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.ports import Classifier, Images
from latentviewer.domain.space import Space
from latentviewer.domain.table import Numbers

RANKED = 5


@dataclass(frozen=True)
class Told:
    """One question's answer.

    Attributes:
        question: such as `glasses`.
        answer: the likeliest class; empty where the model gives no number.
        probability: of the answer, 0 to 1; NaN where there is none.
        truth: the class by the column of the question's name; None where no such column tells.
        ranked: the likeliest classes with their probabilities, at most `RANKED`.
    """

    question: str
    answer: str
    probability: float
    truth: str | None
    ranked: tuple[tuple[str, float], ...]

    @property
    def differs(self) -> bool:
        """Whether the model answered, and otherwise than is known."""
        return bool(self.answer) and self.truth is not None and self.truth != self.answer


def classify(model: Classifier, image: Images, space: Space, row: int) -> tuple[Told, ...]:
    """Every question about a sample's image (h, w, c) in 0..1, in the model's order."""
    probabilities = model.probabilities(image[None])
    return tuple(
        _told(
            question,
            classes,
            probabilities[question][0],
            _truth(question, classes, model.thresholds, space, row),
        )
        for question, classes in model.classes.items()
    )


def _told(
    question: str, classes: tuple[str, ...], shares: NDArray[np.float32], truth: str | None
) -> Told:
    if not np.isfinite(shares).all():
        return Told(question, "", math.nan, truth, ())
    order = np.argsort(-shares, kind="stable")[:RANKED]
    ranked = tuple((classes[i], float(shares[i])) for i in order)
    answer, probability = ranked[0]
    return Told(question, answer, probability, truth, ranked)


def _truth(
    question: str,
    classes: tuple[str, ...],
    thresholds: Mapping[str, float],
    space: Space,
    row: int,
) -> str | None:
    column = space.columns.get(question)
    if column is None:
        return None
    if isinstance(column, Numbers):
        value = float(column.values[row])
        if question not in thresholds or math.isnan(value):
            return None
        return classes[int(value >= thresholds[question])]
    text = column.text(row)
    # Another data set's column may have the same name and other classes.
    return text if text in classes else None
