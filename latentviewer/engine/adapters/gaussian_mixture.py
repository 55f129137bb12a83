"""A Gaussian mixture: it sees one number of each sample and infers a hidden class.

The latent is the posterior over the classes, by Bayes' rule.
"""

from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.mixture import Mixture
from latentviewer.domain.observation import Observation
from latentviewer.domain.ports import Capability, Images, ModelCard
from latentviewer.domain.space import Latents
from latentviewer.engine.adapters.torch_model import TorchModel
from latentviewer.engine.model_folder import WEIGHTS_NAME
from latentviewer.engine.networks.mixture import MixtureConfig, MixtureNet

FAMILY = "gaussian-mixture"
CAPABILITIES = frozenset({Capability.OBSERVE})


class GaussianMixtureModel(TorchModel):
    """A fitted mixture behind the ports `Model` and `Observing`.

    Raises:
        UserError: the tensors are no mixture, such as a negative deviation.
    """

    def __init__(self, net: MixtureNet, card: ModelCard, device: str = "cpu") -> None:
        super().__init__(net, card, device)
        config: MixtureConfig = net.config
        tensors = (net.get_buffer(name).cpu().tolist() for name in _TENSORS)
        means, deviations, shares = (tuple(values) for values in tensors)
        try:
            mixture = Mixture(config.classes, means, deviations, shares)
        except ValueError as error:
            raise UserError(
                f"{card.path}/{WEIGHTS_NAME} is no mixture: {error}; train it again or take "
                "another copy."
            ) from error
        self._observation = Observation(config.column, config.unit, config.question, mixture)

    @property
    def observation(self) -> Observation:
        """Which number it sees, and what that says about the hidden class."""
        return self._observation

    def posterior(self, values: NDArray[np.float64]) -> Latents:
        """(n,) observed numbers above 0 to the classes' probabilities, (n, k)."""
        return self._observation.posterior(values)

    def encode(self, images: Images) -> NoReturn:
        """Refuses: it sees no images."""
        raise UserError(
            f"{self._card.name} sees a {self._observation.column}, not images; encode a data set "
            "that has one."
        )


_TENSORS = ("means", "deviations", "shares")
