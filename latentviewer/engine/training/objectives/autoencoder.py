"""Squared error of the reconstruction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from latentviewer.domain.ports import DataSet, ImageShape
from latentviewer.engine.adapters.conv_ae import FAMILY, ConvAeNet
from latentviewer.engine.networks.convolutional import ConvConfig
from latentviewer.engine.training.objective import Batch, all_parameters


@dataclass(frozen=True)
class AutoencoderObjective:
    """Squared error of each image, summed over its values.

    Attributes:
        architecture: the network.
        latent_decay: weight of the latents' squared length, which keeps the space of a
            readable size; an autoencoder has no prior that would.
    """

    architecture: ConvConfig
    latent_decay: float

    family = FAMILY
    unit = "squared error per image"
    valid_figure = "valid_squared_error"
    validates = True
    stages = (1.0,)

    @property
    def image(self) -> ImageShape:
        """The shape of the images that it learns from."""
        return self.architecture.image

    def build(self) -> ConvAeNet:
        """A network with first weights."""
        return ConvAeNet(self.architecture)

    def targets(self, data: DataSet) -> Mapping[str, Tensor]:
        """Images alone."""
        return {}

    def parameter_groups(self, net: ConvAeNet, learning_rate: float) -> list[dict[str, Any]]:
        """All in one."""
        return all_parameters(net, learning_rate)

    def loss(self, net: ConvAeNet, batch: Batch) -> Tensor:
        """The mean squared error, with the latents' length."""
        latents = net.encode(batch.images)
        decay = self.latent_decay * latents.square().sum(dim=1)
        return (_squared_error(batch.images, net.decode(latents)) + decay).mean()

    def validation(self, net: ConvAeNet, batch: Batch) -> Tensor:
        """The squared error alone, of what is shown."""
        decoded = net.decode(net.encode(batch.images)).clamp(0, 1)
        return _squared_error(batch.images, decoded)

    def finish(self, net: ConvAeNet) -> None:
        """Nothing: the kept weights are the model."""

    def latents(self, net: ConvAeNet, images: Tensor) -> Tensor:
        """The latents."""
        return net.encode(images)


def _squared_error(images: Tensor, decoded: Tensor) -> Tensor:
    return (images - decoded).square().flatten(1).sum(dim=1)
