"""How well a mixture tells the classes apart that it has never been shown."""

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.ports import DataSet
from latentviewer.engine.adapters.gaussian_mixture import GaussianMixtureModel
from latentviewer.engine.answers import true_answers
from latentviewer.engine.networks.attributes import Attribute
from latentviewer.engine.observed import read_numbers


def measuring_clusters(
    model: GaussianMixtureModel, data: DataSet
) -> Generator[float, None, dict[str, Any]]:
    """`log_likelihood_nats`, mean per sample, of the density over log10 of what is observed.

    Where the data set has a column with the truth, also `type_accuracy` (named after the
    question), the share told right after the best one-to-one matching of components with
    classes; `adjusted_rand_index`; and `by_class`, each class's share told right.

    Raises:
        UserError: a number is missing or not above 0, or the truth has other classes.
    """
    observation = model.observation
    mixture, question = observation.mixture, observation.question
    x = np.log10(read_numbers(data, observation.column, model.card.name))
    figures: dict[str, Any] = {"log_likelihood_nats": float(mixture.log_density(x).mean())}
    yield 0.5
    if question in data.columns:
        from sklearn.metrics import adjusted_rand_score  # takes a second to load

        classes = mixture.names
        truth = true_answers([Attribute(question, classes, question)], data)[question]
        inferred = mixture.posterior(x).argmax(axis=1)
        right = matched(truth, inferred, len(classes))[truth] == inferred
        figures[f"{question}_accuracy"] = float(right.mean())
        figures["adjusted_rand_index"] = float(adjusted_rand_score(truth, inferred))
        figures["by_class"] = {
            name: round(float(right[truth == code].mean()), 4)
            for code, name in enumerate(classes)
            if (truth == code).any()
        }
    yield 1.0
    return figures


def matched(truth: NDArray[np.int64], inferred: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """The component for each class, (k,): the one-to-one matching that agrees most often.

    Kuhn, "The Hungarian method for the assignment problem" (1955).

    Args:
        truth: (n,) classes.
        inferred: (n,) components.
    """
    from scipy.optimize import linear_sum_assignment

    together = np.zeros((k, k), np.int64)
    np.add.at(together, (truth, inferred), 1)
    _, components = linear_sum_assignment(together, maximize=True)
    return np.asarray(components, np.int64)
