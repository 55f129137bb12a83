"""A plain convolutional autoencoder: one latent per image, and no prior.

Rumelhart, Hinton and Williams (1986); Hinton and Salakhutdinov, "Reducing the
dimensionality of data with neural networks" (2006).
"""

from torch import Tensor, nn

from latentviewer.domain.ports import Capability, Images, Posterior
from latentviewer.domain.space import Latents
from latentviewer.engine.adapters.torch_model import TorchModel, pictures
from latentviewer.engine.networks.convolutional import ConvConfig, decoder, encoder

FAMILY = "conv-ae"
CAPABILITIES = frozenset({Capability.ENCODE, Capability.DECODE})


class ConvAeNet(nn.Module):
    """The network; shapes are (b, c, h, w) with h and w those of the images."""

    def __init__(self, config: ConvConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = encoder(config, config.latent_dim)
        self.decoder = decoder(config)

    def encode(self, images: Tensor) -> Tensor:
        """(b, c, h, w) in 0..1 to latents (b, d)."""
        latents: Tensor = self.encoder(images)
        return latents.float()

    def decode(self, latents: Tensor) -> Tensor:
        """(b, d) to images (b, c, h, w), about 0..1.

        Squashed, mostly black images would stop learning: the squared error has no slope where
        a logistic function is flat.
        """
        images: Tensor = self.decoder(latents)
        return images.float()


class ConvAe(TorchModel):
    """A trained autoencoder behind the `Model` port."""

    def encode(self, images: Images) -> Posterior:
        """(b, h, w, c) float32 in 0..1 to latents (b, d), without a spread.

        Raises:
            UserError: the images have another shape, or are not floating point.
        """
        return Posterior(self._of_images(images, lambda x: (self._net.encode(x),))[0])

    def decode(self, latents: Latents) -> Images:
        """(b, d) float32 to images, (b, h, w, c) float32 in 0..1.

        Raises:
            UserError: the latents have another number of dimensions.
        """
        return self._of_latents(latents, lambda z: (pictures(self._net.decode(z).clamp(0, 1)),))[0]
