"""A mixture of Gaussians in one dimension: densities, and the posterior over its components.

Bishop, Pattern Recognition and Machine Learning (2006), section 9.2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_GOLDEN = 0.6180339887498949
_REACH = 4.2  # deviations from a mean, where hardly anything is left
_SUM_WITHIN = 1e-4  # shares are kept as float32

Numbers64 = NDArray[np.float64]


@dataclass(frozen=True)
class Mixture:
    """p(x) = Σ share · N(x; mean, deviation²).

    Attributes:
        names: of the k components.
        means, deviations, shares: k each; deviations above 0, shares from 0 to 1 with sum 1.

    Raises:
        ValueError: anything else; the text names the component.
    """

    names: tuple[str, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        for what in ("means", "deviations", "shares"):
            values = getattr(self, what)
            if len(values) != len(self.names) or not self.names:
                raise ValueError(
                    f"“{what}” holds {len(values)} numbers for {len(self.names)} components"
                )
            for name, value in zip(self.names, values, strict=True):
                if not np.isfinite(value):
                    raise ValueError(f"“{what}” holds {value} for “{name}”")
        for name, deviation in zip(self.names, self.deviations, strict=True):
            if deviation <= 0:
                raise ValueError(
                    f"“deviations” holds {deviation:.4g} for “{name}”, and must be above 0"
                )
        for name, share in zip(self.names, self.shares, strict=True):
            if share < 0:
                raise ValueError(
                    f"“shares” holds {share:.4g} for “{name}”, and must not be negative"
                )
        if abs(sum(self.shares) - 1.0) > _SUM_WITHIN:
            raise ValueError(f"“shares” sum to {sum(self.shares):.4g}, and must sum to 1")

    def joint(self, x: Numbers64) -> Numbers64:
        """(n,) to (n, k): each component's share of the density, per unit of x."""
        return np.asarray(np.exp(self._log_joint(x)))

    def density(self, x: Numbers64) -> Numbers64:
        """(n,) to the whole density, (n,)."""
        return np.asarray(self.joint(x).sum(axis=1))

    def log_density(self, x: Numbers64) -> Numbers64:
        """(n,) to its logarithm in nats, (n,); far from all components it stays finite."""
        log_joint = self._log_joint(x)
        largest = log_joint.max(axis=1, keepdims=True)
        return np.asarray(
            largest[:, 0] + np.log(np.exp(log_joint - largest).sum(axis=1)), np.float64
        )

    def posterior(self, x: Numbers64) -> Numbers64:
        """(n,) to (n, k) by Bayes' rule; rows sum to 1, however far x lies from all means."""
        log_joint = self._log_joint(x)
        likely = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
        return np.asarray(likely / likely.sum(axis=1, keepdims=True))

    def _log_joint(self, x: Numbers64) -> Numbers64:
        means, deviations = np.array(self.means), np.array(self.deviations)
        with np.errstate(divide="ignore"):
            log_shares = np.log(np.array(self.shares) / sum(self.shares))
        z = (np.asarray(x, np.float64)[:, None] - means) / deviations
        return np.asarray(
            log_shares - np.log(deviations) - 0.5 * np.log(2.0 * np.pi) - 0.5 * np.square(z)
        )


def entropy_bits(probabilities: NDArray[np.floating]) -> Numbers64:
    """(n, k) rows that sum to 1 to their entropy in bits, (n,): 0 where one is sure."""
    p = np.asarray(probabilities, np.float64)
    return np.asarray(-(p * np.log2(np.where(p > 0, p, 1.0))).sum(axis=1) + 0.0)


def curve_of(mixture: Mixture, count: int = 600) -> Numbers64:
    """Numbers x, (count,) ascending and even, across all that the mixture makes likely."""
    means, deviations = np.array(mixture.means), np.array(mixture.deviations)
    low, high = (means - _REACH * deviations).min(), (means + _REACH * deviations).max()
    return np.linspace(low, high, count)


def places_below(mixture: Mixture, x: Numbers64, height: float = 1.0) -> NDArray[np.float32]:
    """(n,) numbers to (n, 2) places: x, and a height below `height` times the density there.

    Heights are a set share of the density, so that the places fill the area under the curve
    evenly: the golden ratio's multiples, in the order of x, keep neighbours apart. The same
    numbers always get the same places.
    """
    rank = np.empty(len(x), np.float64)
    rank[np.argsort(x, kind="stable")] = np.arange(len(x))
    share = np.mod(0.5 + rank * _GOLDEN, 1.0)
    return np.column_stack([x, height * share * mixture.density(x)]).astype(np.float32)
