"""A convolutional variational autoencoder for small grey or colour images.

Kingma and Welling, "Auto-Encoding Variational Bayes" (2014): a Gaussian posterior with
diagonal covariance and a standard normal prior. With a weight on the KL term while training
it is the beta-VAE of Higgins et al. (2017); the model is the same.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from latentviewer.domain.ports import Capability, Images, ImageShape, Posterior
from latentviewer.domain.space import Latents
from latentviewer.engine.adapters.torch_model import TorchModel, pictures
from latentviewer.engine.networks.config import fields_of
from latentviewer.engine.networks.convolutional import ConvConfig, conv_config, decoder, encoder

FAMILY = "conv-vae"
CAPABILITIES = frozenset(
    {Capability.ENCODE, Capability.DECODE, Capability.SAMPLE, Capability.POSTERIOR}
)


@dataclass(frozen=True)
class ConvVaeConfig:
    """What `config.json` holds under `architecture`.

    Attributes:
        network: of encoder and decoder.
        pixel_std: standard deviation of a Gaussian likelihood of each value in 0..1; None
            for a Bernoulli likelihood with values as probabilities.
    """

    network: ConvConfig
    pixel_std: float | None

    def __post_init__(self) -> None:
        std = self.pixel_std
        if std is not None and not (isinstance(std, float) and 1e-3 <= std <= 1.0):
            raise ValueError("“pixel_std” must be a number from 0.001 to 1, or null")

    @property
    def image(self) -> ImageShape:
        """The shape of its images."""
        return self.network.image

    @property
    def latent_dim(self) -> int:
        """Dimensions of one latent."""
        return self.network.latent_dim


def config_from_json(fields: Mapping[str, Any]) -> ConvVaeConfig:
    """The config from the JSON object `architecture`.

    Raises:
        ValueError: a field is missing, unknown, or outside its range; the text names it.
    """
    values = fields_of(ConvVaeConfig, fields)
    if not isinstance(values["network"], dict):
        raise ValueError("“network” must be an object")
    return ConvVaeConfig(conv_config(values["network"]), values["pixel_std"])


class ConvVaeNet(nn.Module):
    """The network; shapes are (b, c, h, w) with h and w those of the images."""

    def __init__(self, config: ConvVaeConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = encoder(config.network, 2 * config.latent_dim)
        self.decoder = decoder(config.network)

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(b, c, h, w) in 0..1 to the posterior's mean and log variance, each (b, d)."""
        c = self.config.network
        assert images.shape[1:] == (c.channels, c.height, c.width), images.shape
        mean, log_variance = self.encoder(images).float().chunk(2, dim=1)
        return mean, log_variance

    def decode(self, latents: Tensor) -> Tensor:
        """(b, d) to logits (b, c, h, w) of the likelihood's mean."""
        assert latents.shape[1:] == (self.config.latent_dim,), latents.shape
        logits: Tensor = self.decoder(latents)
        return logits.float()


def reconstruction_nats(images: Tensor, logits: Tensor, pixel_std: float | None = None) -> Tensor:
    """-log p(x|z) of each image, (b,), in nats.

    Args:
        images: (b, c, h, w) in 0..1.
        logits: of the likelihood's mean, the same shape.
        pixel_std: of a Gaussian density; None for Bernoulli with values as probabilities.
    """
    if pixel_std is None:
        per_value = F.binary_cross_entropy_with_logits(logits, images, reduction="none")
    else:
        scaled = (images - logits.sigmoid()) / pixel_std
        per_value = 0.5 * scaled.square() + math.log(pixel_std * math.sqrt(2 * math.pi))
    return per_value.flatten(1).sum(dim=1)


def kl_nats(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL from the posterior to the prior per dimension, (b, d), in nats.

    Kingma and Welling (2014), appendix B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance)


class ConvVae(TorchModel):
    """A trained network behind the `Model` port."""

    @property
    def pixel_std(self) -> float | None:
        """Of a Gaussian likelihood; None for a Bernoulli one."""
        config: ConvVaeConfig = self._net.config
        return config.pixel_std

    def encode(self, images: Images) -> Posterior:
        """(b, h, w, c) float32 in 0..1 to the posterior's mean and deviation, each (b, d).

        Raises:
            UserError: the images have another shape, or are not floating point.
        """

        def posterior(batch: Tensor) -> tuple[Tensor, ...]:
            mean, log_variance = self._net.encode(batch)
            return mean, (0.5 * log_variance).exp()

        return Posterior(*self._of_images(images, posterior))

    def decode(self, latents: Latents) -> Images:
        """(b, d) float32 to the likelihood's mean, (b, h, w, c) float32 in 0..1.

        Raises:
            UserError: the latents have another number of dimensions.
        """
        return self._of_latents(latents, lambda z: (pictures(self._net.decode(z).sigmoid()),))[0]

    def decode_logits(self, latents: Latents) -> Images:
        """Like `decode`, before the logistic function; what the likelihood is computed from."""
        return self._of_latents(latents, lambda z: (pictures(self._net.decode(z)),))[0]

    def sample(self, count: int, seed: int) -> Latents:
        """(count, d) latents from the standard normal prior; same seed, same latents."""
        return self._normal(count, seed)
