"""A recipe that is fitted by expectation-maximisation, without gradients."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.ports import DataSet
from latentviewer.engine.adapters.gaussian_mixture import FAMILY
from latentviewer.engine.networks.mixture import MixtureConfig
from latentviewer.engine.observed import read_numbers


@dataclass(frozen=True)
class MixtureRecipe:
    """Everything that decides what comes out, apart from the data.

    Attributes:
        name: what the command line calls it, and the model's folder.
        title: one line for the model card.
        data, test_data: data sets by name; the second is used for figures only.
        architecture: what is seen, and the classes in their order.
        seed: of the first guess and the split.
        epochs: steps of expectation-maximisation, at most; each looks at all samples.
        holdout: samples kept out of the fit, for a figure.
        tolerance: it has converged where a step gains less, in nats per sample.
    """

    name: str
    title: str
    data: str
    test_data: str
    architecture: MixtureConfig
    seed: int
    epochs: int
    holdout: int
    tolerance: float

    family = FAMILY
    unit = "nats per sample"
    valid_figure = "valid_negative_log_likelihood_nats"

    def seen(self, data: DataSet) -> NDArray[np.float64]:
        """What it looks at in place of images, (n,).

        Raises:
            UserError: a column is missing or holds no numbers above 0.
        """
        return read_numbers(data, self.architecture.column, self.name)

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return dataclasses.asdict(self) | {"family": self.family}

    def apart(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The architecture, and how it is fitted, as config.json has them."""
        described = dataclasses.asdict(self)
        return described.pop("architecture"), described

    def facts(self, training: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """What the model card says of a finished run."""
        question = self.architecture.question
        return (
            (
                "data held out",
                f"{self.holdout:,} for a figure; the {question} is never looked at while fitting",
            ),
            (
                "fitted by",
                f"`sklearn.mixture.GaussianMixture`, scikit-learn {training['scikit_learn']}: "
                f"{training['epochs_done']} steps of expectation-maximisation of at most "
                f"{self.epochs:,}",
            ),
            (
                "names of the components",
                f"by the one-to-one matching with the training data's {question}s that agrees "
                "most often; the only use of the truth",
            ),
            ("arithmetic", "float64 while fitting, float32 in the file"),
        )
