"""Two players, each with a loss of its own, stepped at once."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from latentviewer.domain.ports import DataSet, ImageShape
from latentviewer.engine.adapters.conv_gan import FAMILY
from latentviewer.engine.adapters.conv_vae import kl_nats, reconstruction_nats
from latentviewer.engine.networks.adversarial import Discriminator, GanConfig, GanNet
from latentviewer.engine.training.objective import Batch


@dataclass(frozen=True)
class GanObjective:
    """First a variational autoencoder of both players, then their game.

    The game is played over pairs of a real and a made picture, with a penalty on steep scores:
    Jolicoeur-Martineau, "The relativistic discriminator" (2019), with the penalties R1 and R2
    of Mescheder et al., "Which training methods for GANs do actually converge?" (2018), as
    Huang et al., "The GAN is dead; long live the GAN!" (2024) join them.

    Two things keep the generator from making only a few pictures. It begins as the decoder
    of all of them (Mariani et al., "BAGAN", 2018). And the discriminator goes on guessing the
    latent, by which both lose what the guess misses (Chen et al., "InfoGAN", 2016).

    Attributes:
        architecture: the network.
        autoencoder_share: fraction of all steps before the game.
        pixel_std: standard deviation of the Gaussian likelihood of a pixel value until then.
        recognition: weight of the guess in the game.
        penalty: weight of the squared gradient of the score, at real and at made images.
        penalty_share: of each batch, which the penalty is computed on.
        discriminator_rate: the discriminator's learning rate as a multiple of the generator's
            (Heusel et al., 2017).
        widening: how many times wider than in the game the prior is at last; see `finish`.
    """

    architecture: GanConfig
    autoencoder_share: float
    pixel_std: float
    recognition: float
    penalty: float
    penalty_share: float
    discriminator_rate: float
    widening: float = 1.0

    family = FAMILY
    unit = "nats"
    valid_figure = "valid_discriminator_nats"
    validates = False

    @property
    def image(self) -> ImageShape:
        """The shape of the images that it learns from."""
        return self.architecture.image

    @property
    def stages(self) -> tuple[float, ...]:
        """Fractions of the run at which a stage ends."""
        return (self.autoencoder_share, 1.0)

    def build(self) -> GanNet:
        """A network with first weights."""
        net = GanNet(self.architecture)
        _begin(net.generator)
        _begin(net.discriminator)
        return net

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
        """The autoencoder's bound per pixel value, or the sum of both players' losses."""
        if batch.done < self.autoencoder_share:
            return self._autoencoder(net, batch).mean()
        return self._game(net, batch)

    def validation(self, net: GanNet, batch: Batch) -> Tensor:
        """The same bound, or the discriminator's cross-entropy over pairs; ln 2 where it can't
        tell at all."""
        if batch.done < self.autoencoder_share:
            return self._autoencoder(net, batch)
        made = net.generate(batch.noise(self.architecture.latent_dim))
        real, fake = net.discriminator(batch.images), net.discriminator(made)
        nats: Tensor = F.softplus(fake - real)
        return nats

    def _autoencoder(self, net: GanNet, batch: Batch) -> Tensor:
        _score, mean, log_variance = net.discriminator.judge(batch.images)
        noise = batch.noise(self.architecture.latent_dim)
        logits = net.draw(mean + (0.5 * log_variance).exp() * noise)
        nats = reconstruction_nats(batch.images, logits, self.pixel_std)
        kl = kl_nats(mean, log_variance).sum(dim=1)
        return (nats + kl) / batch.images[0].numel()

    def _game(self, net: GanNet, batch: Batch) -> Tensor:
        """Of the score neither player's gradient reaches the other."""
        latents = batch.noise(self.architecture.latent_dim)
        made = net.generate(latents)
        still, count = made.detach(), len(latents)
        scores, mean, log_variance = net.discriminator.judge(torch.cat((batch.images, still)))
        real, fake = scores.chunk(2)
        discriminator = F.softplus(fake - real).mean() + _apart(net.discriminator, real, fake)
        missed = _surprise(latents, mean[count:], log_variance[count:])
        with _frozen(net.discriminator):
            score, mean, log_variance = net.discriminator.judge(made)
        generator = F.softplus(real.detach() - score).mean()
        hidden = _surprise(latents, mean, log_variance)
        steepness = self._steepness(net, batch.images) + self._steepness(net, still)
        return (
            generator
            + discriminator
            + self.recognition * (hidden + missed)
            + 0.5 * self.penalty * steepness
        )

    def finish(self, net: GanNet) -> None:
        """Makes the prior wider, and writes that into the weights: it stays a standard normal.

        What is there or not, such as a hat, the generator has to join by a slope between the
        two, and what it makes of latents on the slope is neither. Short training leaves the
        slopes gentle. Steeper ones are the opposite of the truncation that trades recall for
        precision (Brock et al., 2019). The discriminator's guess is brought to the same scale.
        """
        d, first = self.architecture.latent_dim, net.generator[0]
        assert isinstance(first, nn.Linear), first
        with torch.no_grad():
            first.weight.mul_(self.widening)
            net.discriminator.guess.weight[:d].div_(self.widening)
            net.discriminator.guess.bias[:d].div_(self.widening)
            net.discriminator.guess.bias[d:].sub_(2 * math.log(self.widening))

    def latents(self, net: GanNet, images: Tensor) -> Tensor:
        """What the discriminator sees in the images; a generator has no encoder."""
        return net.discriminator.features(images)

    def _steepness(self, net: GanNet, images: Tensor) -> Tensor:
        """The score's squared gradient at some images, a mean over them."""
        some = images[: max(1, round(self.penalty_share * len(images)))]
        some = some.detach().requires_grad_(True)
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


def _apart(discriminator: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
    """What the score's bias learns from; no difference of scores depends on it.

    The best score over pairs is the log odds of being real, up to a constant. The
    cross-entropy of each score alone has its minimum where the bias is that constant.
    """
    bias = discriminator.score.bias
    shift = bias - bias.detach()
    return F.softplus(-(real.detach() + shift)).mean() + F.softplus(fake.detach() + shift).mean()


def _surprise(latents: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """-log q(z) of a Gaussian guess in nats, up to a constant: a mean over dimensions."""
    squares = (latents - mean).square() / log_variance.exp()
    return 0.5 * (squares + log_variance).mean()


def _begin(player: nn.Module) -> None:
    """First weights that keep the size of what passes (He et al., 2015).

    Torch's own shrink it from layer to layer, until biases outweigh the latent and all
    pictures are one. Residual blocks begin as the identity, as they are built.
    """
    for module in player.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            if module.weight.any():
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            nn.init.zeros_(module.bias)  # type: ignore[arg-type]
