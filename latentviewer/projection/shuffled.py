"""The control for a map: the same numbers in each dimension, and nothing that ties them."""

import numpy as np

from latentviewer.domain.space import Latents
from latentviewer.projection.task import Report

_VALUES_AT_ONCE = 2_000_000


def shuffled(
    latents: Latents, seed: int, report: Report = lambda _fraction, _stage: None
) -> Latents:
    """Latents (n, d) with each column in an order of its own, drawn at random.

    Each dimension keeps its values, and with them its mean, spread and shape; what the
    dimensions had to do with each other is gone. Groups that a map shows of these are made by
    the method, or by single dimensions.

    Args:
        seed: the same seed gives the same order.
        report: told the fraction done, between blocks of columns.

    Returns:
        (n, d) float32, a copy.
    """
    n, d = latents.shape
    made = np.empty((n, d), np.float32)
    at_once = max(1, _VALUES_AT_ONCE // max(1, n))
    for start in range(0, d, at_once):
        part = slice(start, start + at_once)
        # Turned, so that a column lies together; going through one by one costs the cache.
        columns = np.array(latents[:, part].T, order="C")
        for column, values in enumerate(columns, start):
            # Of its own, so that the order does not depend on how many go at once.
            np.random.default_rng([seed, column]).shuffle(values)
        made[:, part] = columns.T
        report(min(1.0, (start + at_once) / d), "shuffling")
    return made
