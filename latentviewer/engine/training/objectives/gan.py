"""Two players, each with a loss of its own, stepped at once."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from latentviewer.domain.ports import DataSet, ImageShape
from latentviewer.engine.adapters.conv_gan import FAMILY
from latentviewer.engine.networks.adversarial import GanConfig, GanNet
from latentviewer.engine.training.objective import Batch


@dataclass(frozen=True)
class GanObjective:
    """The non-saturating game (Goodfellow et al., 2014) with the R1 penalty.

    Attributes:
        architecture: the network.
        r1: weight of the squared gradient of the score at real images (Mescheder et al.,
            "Which training methods for GANs do actually converge?", 2018).
        r1_share: of each batch, which the penalty is computed on.
        discriminator_rate: the discriminator's learning rate as a multiple of the generator's
            (Heusel et al., 2017).
    """

    architecture: GanConfig
    r1: float
    r1_share: float
    discriminator_rate: float

    family = FAMILY
    unit = "nats per image"
    valid_figure = "valid_discriminator_nats"
    validates = False
    stages = (1.0,)

    @property
    def image(self) -> ImageShape:
        """The shape of the images that it learns from."""
        return self.architecture.image

    def build(self) -> GanNet:
        """A network with first weights."""
        return GanNet(self.architecture)

    def targets(self, data: DataSet) -> Mapping[str, Tensor]:
        """Images alone."""
        return {}

    def parameter_groups(self, net: GanNet, learning_rate: float) -> list[dict[str, Any]]:
        """One per player, without momentum, which would make them circle each other."""
        rates = (learning_rate, learning_rate * self.discriminator_rate)
        players = (net.generator, net.discriminator)
        return [
            {"params": list(player.parameters()), "lr": rate, "betas": (0.0, 0.99)}
            for player, rate in zip(players, rates, strict=True)
        ]

    def loss(self, net: GanNet, batch: Batch) -> Tensor:
        """The sum of both players' losses; neither's gradient reaches the other."""
        made = net.generate(batch.noise(self.architecture.latent_dim))
        with _frozen(net.discriminator):
            generator = F.softplus(-net.discriminator(made)).mean()
        both = torch.cat((batch.images, made.detach()))
        real, fake = net.discriminator(both).split(len(batch.images))
        discriminator = F.softplus(-real).mean() + F.softplus(fake).mean()
        return generator + discriminator + 0.5 * self.r1 * self._r1(net, batch.images)

    def validation(self, net: GanNet, batch: Batch) -> Tensor:
        """The discriminator's cross-entropy; 2 ln 2 where it can't tell at all."""
        made = net.generate(batch.noise(self.architecture.latent_dim))
        return F.softplus(-net.discriminator(batch.images)) + F.softplus(net.discriminator(made))

    def latents(self, net: GanNet, images: Tensor) -> Tensor:
        """What the discriminator sees in the images; a generator has no encoder."""
        return net.discriminator.features(images)

    def _r1(self, net: GanNet, images: Tensor) -> Tensor:
        some = images[: max(1, round(self.r1_share * len(images)))].detach().requires_grad_(True)
        score = net.discriminator(some).sum()
        (gradient,) = torch.autograd.grad(score, some, create_graph=True)
        return gradient.square().flatten(1).sum(dim=1).mean()


@contextmanager
def _frozen(net: nn.Module) -> Iterator[None]:
    """What is computed within passes gradients through `net`, but none to its weights."""
    net.requires_grad_(False)
    try:
        yield
    finally:
        net.requires_grad_(True)
