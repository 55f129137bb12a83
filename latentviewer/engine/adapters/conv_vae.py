"""A convolutional variational autoencoder for small grey or colour images.

Kingma and Welling, "Auto-Encoding Variational Bayes" (2014): a Gaussian posterior with
diagonal covariance, a standard normal prior, and here a Bernoulli likelihood on values in
0..1. Both halves work at a half and a quarter of the image's resolution only, which keeps
the decoder quick enough to answer under the cursor.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability, Images, ImageShape, ModelCard, Posterior
from latentviewer.domain.space import Latents

FAMILY = "conv-vae"
CAPABILITIES = frozenset(
    {Capability.ENCODE, Capability.DECODE, Capability.SAMPLE, Capability.POSTERIOR}
)
_CHUNK = 512  # images in one pass, so that memory does not grow with the batch
_WIDEST, _MOST_BLOCKS = 4096, 64  # a config that asks for more is taken for damaged


@dataclass(frozen=True)
class ConvVaeConfig:
    """The architecture; what `config.json` holds under `architecture`.

    Attributes:
        height, width: of the images in pixels, multiples of 4.
        channels: 1 for grey, 3 for RGB.
        latent_dim: dimensions of one latent.
        outer_channels: width of the layers at half resolution.
        inner_channels: width of the layers at quarter resolution.
        outer_blocks, inner_blocks: residual blocks at each of the two.
        bottleneck_channels: channels that remain where the image is flattened.
        hidden: units of the fully connected layer beside the latent.
    """

    height: int
    width: int
    channels: int
    latent_dim: int
    outer_channels: int
    inner_channels: int
    outer_blocks: int
    inner_blocks: int
    bottleneck_channels: int
    hidden: int

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            least, most = (0, _MOST_BLOCKS) if field.name.endswith("_blocks") else (1, _WIDEST)
            if type(value) is not int or not least <= value <= most:
                raise ValueError(f"“{field.name}” must be a whole number from {least} to {most}")
        if self.height % 4 or self.width % 4:
            raise ValueError("“height” and “width” must be multiples of 4")
        if self.channels not in (1, 3):
            raise ValueError("“channels” must be 1 or 3")

    @property
    def image(self) -> ImageShape:
        """The shape of its images."""
        return ImageShape(self.height, self.width, self.channels)


def config_from_json(fields: Mapping[str, Any]) -> ConvVaeConfig:
    """The config from the JSON object `architecture`.

    Raises:
        ValueError: a field is missing, unknown, or outside its range; the text names it.
    """
    known = [field.name for field in dataclasses.fields(ConvVaeConfig)]
    for name in known:
        if name not in fields:
            raise ValueError(f"“{name}” is missing")
    for name in fields:
        if name not in known:
            raise ValueError(f"“{name}” is not known")
    return ConvVaeConfig(**fields)


class _Residual(nn.Module):
    """x + conv(relu(conv(relu(x)))); the identity at the start of training."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:  # (b, c, h, w) -> (b, c, h, w)
        out: Tensor = x + self.second(F.relu(self.first(F.relu(x))))
        return out


class ConvVaeNet(nn.Module):
    """The network; shapes are (b, c, h, w) with h and w those of the images."""

    def __init__(self, config: ConvVaeConfig) -> None:
        super().__init__()
        self.config = c = config
        rows, columns = c.height // 4, c.width // 4
        flat = c.bottleneck_channels * rows * columns
        self.encoder = nn.Sequential(
            nn.Conv2d(c.channels, c.outer_channels, 4, 2, 1),  # (b, outer, h/2, w/2)
            *(_Residual(c.outer_channels) for _ in range(c.outer_blocks)),
            nn.ReLU(),
            nn.Conv2d(c.outer_channels, c.inner_channels, 4, 2, 1),  # (b, inner, h/4, w/4)
            *(_Residual(c.inner_channels) for _ in range(c.inner_blocks)),
            nn.ReLU(),
            nn.Conv2d(c.inner_channels, c.bottleneck_channels, 1),  # (b, bottleneck, h/4, w/4)
            nn.Flatten(),  # (b, flat)
            nn.Linear(flat, c.hidden),  # (b, hidden)
            nn.ReLU(),
            nn.Linear(c.hidden, 2 * c.latent_dim),  # (b, 2 d)
        )
        self.decoder = nn.Sequential(
            nn.Linear(c.latent_dim, c.hidden),  # (b, hidden)
            nn.ReLU(),
            nn.Linear(c.hidden, flat),  # (b, flat)
            nn.Unflatten(1, (c.bottleneck_channels, rows, columns)),
            nn.Conv2d(c.bottleneck_channels, c.inner_channels, 1),  # (b, inner, h/4, w/4)
            *(_Residual(c.inner_channels) for _ in range(c.inner_blocks)),
            nn.ReLU(),
            nn.Conv2d(c.inner_channels, 4 * c.outer_channels, 3, padding=1),
            nn.PixelShuffle(2),  # (b, outer, h/2, w/2)
            *(_Residual(c.outer_channels) for _ in range(c.outer_blocks)),
            nn.ReLU(),
            nn.Conv2d(c.outer_channels, 4 * c.channels, 3, padding=1),
            nn.PixelShuffle(2),  # (b, channels, h, w)
        )

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(b, c, h, w) in 0..1 to the posterior's mean and log variance, each (b, d)."""
        c = self.config
        assert images.shape[1:] == (c.channels, c.height, c.width), images.shape
        mean, log_variance = self.encoder(images).float().chunk(2, dim=1)
        return mean, log_variance

    def decode(self, latents: Tensor) -> Tensor:
        """(b, d) to logits (b, c, h, w)."""
        assert latents.shape[1:] == (self.config.latent_dim,), latents.shape
        logits: Tensor = self.decoder(latents)
        return logits.float()


def reconstruction_nats(images: Tensor, logits: Tensor) -> Tensor:
    """-log p(x|z) of each image, (b,), in nats: Bernoulli with grey values as probabilities."""
    per_value = F.binary_cross_entropy_with_logits(logits, images, reduction="none")
    return per_value.flatten(1).sum(dim=1)


def kl_nats(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL from the posterior to the prior per dimension, (b, d), in nats.

    Kingma and Welling (2014), appendix B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance)


class ConvVae:
    """A trained network behind the `Model` port."""

    def __init__(self, net: ConvVaeNet, card: ModelCard, device: str = "cpu") -> None:
        self._net = net.to(device=device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
        self._net.requires_grad_(False)
        self._card = card
        self._device = torch.device(device)

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        return self._card

    @property
    def device(self) -> str:
        """Where it runs, such as `cpu`."""
        return str(self._device)

    def encode(self, images: Images) -> Posterior:
        """(b, h, w, c) float32 in 0..1 to the posterior's mean and deviation, each (b, d).

        Raises:
            UserError: the images have another shape, or are not floating point.
        """
        self._check_images(images)
        mean = np.empty((len(images), self._card.latent_dim), np.float32)
        std = np.empty_like(mean)
        with torch.inference_mode():
            for start in range(0, len(images), _CHUNK):
                part = np.ascontiguousarray(images[start : start + _CHUNK], np.float32)
                # The permuted view of (b, h, w, c) is what torch calls channels_last.
                batch = torch.from_numpy(part).to(self._device).permute(0, 3, 1, 2)
                centre, log_variance = self._net.encode(batch)
                mean[start : start + _CHUNK] = centre.cpu().numpy()
                std[start : start + _CHUNK] = (0.5 * log_variance).exp().cpu().numpy()
        return Posterior(mean, std)

    def decode(self, latents: Latents) -> Images:
        """(b, d) float32 to the likelihood's mean, (b, h, w, c) float32 in 0..1.

        Raises:
            UserError: the latents have another number of dimensions.
        """
        return self._decode(latents, probabilities=True)

    def decode_logits(self, latents: Latents) -> Images:
        """Like `decode`, before the logistic function; what the likelihood is computed from."""
        return self._decode(latents, probabilities=False)

    def sample(self, count: int, seed: int) -> Latents:
        """(count, d) latents from the standard normal prior; same seed, same latents."""
        if count < 0:
            raise UserError(
                f"{self._card.name}: {count} samples cannot be drawn; ask for 0 or more."
            )
        shape = (count, self._card.latent_dim)
        return np.random.default_rng(seed).standard_normal(shape, np.float32)

    def _decode(self, latents: Latents, probabilities: bool) -> Images:
        d = self._card.latent_dim
        if latents.ndim != 2 or latents.shape[1] != d:
            raise UserError(
                f"{self._card.name} decodes latents of {d} dimensions, "
                f"not an array of shape {latents.shape}; give it (n, {d})."
            )
        shape = self._card.image
        images = np.empty((len(latents), shape.height, shape.width, shape.channels), np.float32)
        with torch.inference_mode():
            for start in range(0, len(latents), _CHUNK):
                # torch warns of arrays it may not write to, such as a mapped file's.
                part = np.require(latents[start : start + _CHUNK], np.float32, ["C", "W"])
                out = self._net.decode(torch.from_numpy(part).to(self._device))
                if probabilities:
                    out = out.sigmoid()
                images[start : start + _CHUNK] = out.permute(0, 2, 3, 1).cpu().numpy()
        return images

    def _check_images(self, images: NDArray[Any]) -> None:
        shape = self._card.image
        wanted = (shape.height, shape.width, shape.channels)
        if images.ndim != 4 or images.shape[1:] != wanted:
            raise UserError(
                f"{self._card.name} encodes images of {shape.height} x {shape.width} pixels and "
                f"{shape.channels} channel{'s' if shape.channels > 1 else ''}, not an array of "
                f"shape {images.shape}; choose a data set that fits."
            )
        if images.dtype.kind != "f":
            raise UserError(
                f"{self._card.name} encodes floating-point images in 0..1, "
                f"not {images.dtype}; divide by the largest value first."
            )
