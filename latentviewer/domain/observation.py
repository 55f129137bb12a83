"""A space whose latents are a posterior over hidden classes, given one observed number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.mixture import Mixture
from latentviewer.domain.space import Latents, Space

OBSERVATION = "observation"
"""In a provenance's `extra`: what was observed, and the mixture that tells the classes."""


@dataclass(frozen=True)
class Observation:
    """What was seen of each sample, and what that says about its class.

    Attributes:
        column: of the space, the observed number, such as `weight`.
        unit: such as `t`.
        question: what is inferred, such as `type`; a column of that name holds the truth.
        mixture: of the decimal logarithm of the number; its components are the classes.
    """

    column: str
    unit: str
    question: str
    mixture: Mixture

    def posterior(self, values: NDArray[np.float64]) -> Latents:
        """(n,) observed numbers above 0 to (n, k), rows sum to 1."""
        return self.mixture.posterior(np.log10(values)).astype(np.float32)

    def words(self, value: float) -> str:
        """An observed number as a person writes it, such as `1.35 t`."""
        return f"{_three_digits(value)} {self.unit}".rstrip()

    def as_json(self) -> dict[str, Any]:
        """JSON values that `observation_of` reads."""
        mixture = self.mixture
        return {
            "column": self.column,
            "unit": self.unit,
            "question": self.question,
            "classes": list(mixture.names),
            "means": list(mixture.means),
            "deviations": list(mixture.deviations),
            "shares": list(mixture.shares),
        }


def observation_of(space: Space) -> Observation | None:
    """What the space says of it; None where it says nothing that makes sense."""
    said = space.provenance.extra.get(OBSERVATION)
    if not isinstance(said, Mapping):
        return None
    try:
        numbers = [[float(v) for v in said[k]] for k in ("means", "deviations", "shares")]
        means, deviations, shares = (tuple(values) for values in numbers)
        names = tuple(str(name) for name in said["classes"])
        mixture = Mixture(names, means, deviations, shares)
        found = Observation(str(said["column"]), str(said["unit"]), str(said["question"]), mixture)
    except (KeyError, TypeError, ValueError):
        return None
    return found if len(names) == space.dim else None


@dataclass(frozen=True)
class ObservedInverse:
    """The way back from a map whose x axis is the observed number's logarithm."""

    observation: Observation

    @property
    def name(self) -> str:
        """What the badge says."""
        return "Bayes’ rule, exact"

    def latents(self, places: NDArray[np.float32]) -> Latents:
        """(m, 2 or 3) places to (m, k); the height above the axis plays no part."""
        return self.observation.mixture.posterior(places[:, 0].astype(np.float64)).astype(
            np.float32
        )


def _three_digits(value: float) -> str:
    if not np.isfinite(value) or value <= 0:
        return f"{value:.3g}"
    decimals = int(max(0, 2 - np.floor(np.log10(value))))
    return f"{value:.{min(decimals, 4)}f}"
