"""The evidence lower bound, with a weight on its KL term."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from latentviewer.domain.ports import DataSet, ImageShape
from latentviewer.engine.adapters.conv_vae import (
    FAMILY,
    ConvVaeConfig,
    ConvVaeNet,
    kl_nats,
    reconstruction_nats,
)
from latentviewer.engine.training.objective import Batch, all_parameters


@dataclass(frozen=True)
class VaeObjective:
    """Negative ELBO per image, one posterior sample (Kingma and Welling, 2014).

    Attributes:
        architecture: the network.
        kl_warmup: fraction of all steps in which the weight of the KL term grows to `beta`.
        beta: that weight; 1 is the bound itself (Higgins et al., "beta-VAE", 2017).
    """

    architecture: ConvVaeConfig
    kl_warmup: float
    beta: float = 1.0

    family = FAMILY
    unit = "nats per image"
    valid_figure = "valid_nelbo_nats"
    validates = True
    stages = (1.0,)

    @property
    def image(self) -> ImageShape:
        """The shape of the images that it learns from."""
        return self.architecture.image

    def build(self) -> ConvVaeNet:
        """A network with first weights."""
        return ConvVaeNet(self.architecture)

    def targets(self, data: DataSet) -> Mapping[str, Tensor]:
        """Images alone."""
        return {}

    def parameter_groups(self, net: ConvVaeNet, learning_rate: float) -> list[dict[str, Any]]:
        """All in one."""
        return all_parameters(net, learning_rate)

    def loss(self, net: ConvVaeNet, batch: Batch) -> Tensor:
        """The mean of the bound, its KL term weighted."""
        return self._nelbo(net, batch, self.kl_weight(batch.done)).mean()

    def validation(self, net: ConvVaeNet, batch: Batch) -> Tensor:
        """The bound with the KL term's final weight."""
        return self._nelbo(net, batch, self.beta)

    def finish(self, net: ConvVaeNet) -> None:
        """Nothing: the kept weights are the model."""

    def latents(self, net: ConvVaeNet, images: Tensor) -> Tensor:
        """The posterior's means."""
        return net.encode(images)[0]

    def kl_weight(self, done: float) -> float:
        """Grows from 0 to `beta`, so that latents are in use before the KL term prices them.

        Sønderby et al., "Ladder variational autoencoders" (2016), section 2.3.
        """
        if self.kl_warmup <= 0:
            return self.beta
        return self.beta * min(1.0, done / self.kl_warmup)

    def _nelbo(self, net: ConvVaeNet, batch: Batch, kl_weight: float) -> Tensor:
        noise = batch.noise(self.architecture.latent_dim)
        mean, log_variance = net.encode(batch.images)
        logits = net.decode(mean + (0.5 * log_variance).exp() * noise)
        kl = kl_nats(mean, log_variance).sum(dim=1)
        nats = reconstruction_nats(batch.images, logits, self.architecture.pixel_std)
        return nats + kl_weight * kl
