"""How often a classifier is right."""

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import DataSet
from latentviewer.engine.adapters.conv_classifier import ConvClassifier
from latentviewer.engine.answers import true_answers
from latentviewer.engine.batches import unit_images


def measuring_accuracy(
    model: ConvClassifier, data: DataSet, batch: int = 250
) -> Generator[float, None, dict[str, Any]]:
    """`accuracy` and `balanced_accuracy`, means over the questions; `by_question` has each.

    The balanced accuracy is the mean over the classes of the share of their samples that are
    told right, so that a rare class counts as much as a frequent one.

    Raises:
        UserError: the data set is empty, does not fit, or lacks a column with the truth.
    """
    if len(data) == 0:
        raise UserError(f"{data.name} holds no samples, so nothing can be measured on it.")
    truth = true_answers(model.heads, data)
    told: dict[str, list[NDArray[np.int64]]] = {name: [] for name in truth}
    for rows, images in unit_images(data, batch):
        for name, probabilities in model.probabilities(images).items():
            told[name].append(probabilities.argmax(axis=1))
        yield (int(rows[-1]) + 1) / len(data)
    right = {name: np.concatenate(told[name]) == truth[name] for name in truth}
    balanced = {name: balanced_accuracy(truth[name], right[name]) for name in truth}
    return {
        "accuracy": float(np.mean([share.mean() for share in right.values()])),
        "balanced_accuracy": float(np.mean(list(balanced.values()))),
        "by_question": {name: round(value, 4) for name, value in balanced.items()},
    }


def balanced_accuracy(truth: NDArray[np.int64], right: NDArray[np.bool_]) -> float:
    """The mean over the classes that occur of the share that is right.

    Args:
        truth: (n,) true classes.
        right: (n,) whether each was told.
    """
    return float(np.mean([right[truth == code].mean() for code in np.unique(truth)]))
