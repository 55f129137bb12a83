"""Latent diffusion: an autoencoder with a spatial latent, and a denoiser in that latent.

Rombach et al., "High-resolution image synthesis with latent diffusion models" (2022), with
the v-parametrisation of Salimans and Ho, "Progressive distillation" (2022), appendix D.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from latentviewer.domain.ports import ImageShape
from latentviewer.engine.networks.attributes import Attribute, attributes_from
from latentviewer.engine.networks.config import check_blocks, check_count, check_counts, fields_of
from latentviewer.engine.networks.convolutional import coarser, finer

_HEADS = 2  # of attention
_FREQUENCIES = 32  # pairs of sine and cosine that tell the time


@dataclass(frozen=True)
class DiffusionConfig:
    """The architecture.

    Attributes:
        height, width: of the images in pixels, multiples of 2 to the number of levels.
        channels: 1 for grey, 3 for RGB.
        latent_channels: of the spatial latent.
        widths, blocks: channels and residual blocks of each level of the autoencoder, from
            the finest.
        denoiser_width: channels of the denoiser, even.
        denoiser_blocks: how many blocks it has.
        conditions: what can be asked for.
        pixel_std: standard deviation of the autoencoder's Gaussian likelihood of a value in
            0..1; None for a Bernoulli likelihood with values as probabilities, for pictures
            that are mostly black, where the other one saturates.
    """

    height: int
    width: int
    channels: int
    latent_channels: int
    widths: tuple[int, ...]
    blocks: tuple[int, ...]
    denoiser_width: int
    denoiser_blocks: int
    conditions: tuple[Attribute, ...]
    pixel_std: float | None

    def __post_init__(self) -> None:
        for name in ("height", "width", "latent_channels", "denoiser_width"):
            check_count(name, getattr(self, name))
        check_counts("widths", self.widths)
        check_blocks("blocks", self.blocks)
        check_count("denoiser_blocks", self.denoiser_blocks, 1, 64)
        if len(self.blocks) != len(self.widths):
            raise ValueError("“blocks” and “widths” must have one number for each level")
        step = 2 ** len(self.widths)
        if self.height % step or self.width % step:
            raise ValueError(f"“height” and “width” must be multiples of {step}")
        if self.channels not in (1, 3):
            raise ValueError("“channels” must be 1 or 3")
        if self.denoiser_width % _HEADS:
            raise ValueError(f"“denoiser_width” must be a multiple of {_HEADS}")
        std = self.pixel_std
        if std is not None and not (isinstance(std, float) and 1e-3 <= std <= 1.0):
            raise ValueError("“pixel_std” must be a number from 0.001 to 1, or null")
        names = [condition.name for condition in self.conditions]
        if len(set(names)) < len(names):
            raise ValueError("“conditions” must each have a name of its own")

    @property
    def image(self) -> ImageShape:
        """The shape of its images."""
        return ImageShape(self.height, self.width, self.channels)

    @property
    def spatial(self) -> tuple[int, int, int]:
        """Channels, rows and columns of one latent."""
        step = 2 ** len(self.widths)
        return self.latent_channels, self.height // step, self.width // step

    @property
    def latent_dim(self) -> int:
        """Numbers in one latent."""
        return math.prod(self.spatial)


def diffusion_config(fields: Mapping[str, Any]) -> DiffusionConfig:
    """The config from a JSON object.

    Raises:
        ValueError: a field is missing, unknown, or outside its range; the text names it.
    """
    values = fields_of(DiffusionConfig, fields)
    values["conditions"] = attributes_from("conditions", values["conditions"])
    return DiffusionConfig(**values)


def signal_and_noise(time: Tensor) -> tuple[Tensor, Tensor]:
    """How much of the latent and of the noise is there at a time in 0..1.

    The cosine schedule: the squares sum to one (Nichol and Dhariwal, 2021).
    """
    return (time * (math.pi / 2)).cos(), (time * (math.pi / 2)).sin()


class _Modulated(nn.Module):
    """Convolutions and attention, scaled and shifted by time and condition."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.modulation = nn.Linear(width, 2 * width)
        self.norm = nn.GroupNorm(1, width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.attention_norm = nn.GroupNorm(1, width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        for layer in (self.modulation, self.second, self.attended):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """(b, width, h, w) and (b, width) to (b, width, h, w)."""
        scale, shift = self.modulation(context)[:, :, None, None].chunk(2, dim=1)
        inner = F.silu(self.norm(x) * (1 + scale) + shift)
        x = x + self.second(F.silu(self.first(inner)))
        b, c, h, w = x.shape
        tokens = self.attention_norm(x).flatten(2).transpose(1, 2)  # (b, h w, c)
        parts = self.queries_keys_values(tokens).view(b, h * w, 3, _HEADS, c // _HEADS)
        query, key, value = parts.permute(2, 0, 3, 1, 4)  # each (b, heads, h w, c / heads)
        mixed = F.scaled_dot_product_attention(query, key, value).transpose(1, 2)
        out: Tensor = x + self.attended(mixed.reshape(b, h * w, c)).transpose(1, 2).view_as(x)
        return out


class Denoiser(nn.Module):
    """(b, c, h, w) noisy latent, (b,) time, (b, conditions) classes to the velocity v."""

    def __init__(self, config: DiffusionConfig) -> None:
        super().__init__()
        channels, rows, columns = config.spatial
        width = config.denoiser_width
        self.place = nn.Parameter(torch.zeros(width, rows, columns))  # where a token lies
        self.first = nn.Conv2d(channels, width, 3, padding=1)
        self.time = nn.Sequential(
            nn.Linear(2 * _FREQUENCIES, width), nn.SiLU(), nn.Linear(width, width)
        )
        # The last entry stands for: nothing asked.
        self.conditions = nn.ModuleList(
            nn.Embedding(len(condition.classes) + 1, width) for condition in config.conditions
        )
        self.blocks = nn.ModuleList(_Modulated(width) for _ in range(config.denoiser_blocks))
        self.norm = nn.GroupNorm(1, width)
        self.last = nn.Conv2d(width, channels, 3, padding=1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, latents: Tensor, time: Tensor, classes: Tensor) -> Tensor:
        """The velocity, signal x noise - noise x latent."""
        frequencies = torch.exp(
            torch.linspace(0.0, math.log(1000.0), _FREQUENCIES, device=time.device)
        )
        angles = time[:, None] * frequencies
        context = self.time(torch.cat((angles.sin(), angles.cos()), dim=1))
        for index, embedding in enumerate(self.conditions):
            context = context + embedding(classes[:, index])
        context = F.silu(context)
        x = self.first(latents) + self.place
        for block in self.blocks:
            x = block(x, context)
        velocity: Tensor = self.last(F.silu(self.norm(x)))
        return velocity.float()


class DiffusionNet(nn.Module):
    """The autoencoder and the denoiser."""

    def __init__(self, config: DiffusionConfig) -> None:
        super().__init__()
        self.config = c = config
        self.encoder = nn.Sequential(
            *coarser(c.channels, c.widths, c.blocks),  # (b, coarsest width, h/2^l, w/2^l)
            nn.Conv2d(c.widths[-1], 2 * c.latent_channels, 1),  # (b, 2 c, h/2^l, w/2^l)
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(c.latent_channels, c.widths[-1], 3, padding=1),
            *finer(c.channels, c.widths, c.blocks),  # (b, channels, h, w)
        )
        # What the encoder's means are brought to mean 0 and deviation 1 by, per channel.
        self.offset = nn.Parameter(torch.zeros(c.latent_channels, 1, 1), requires_grad=False)
        self.scale = nn.Parameter(torch.ones(c.latent_channels, 1, 1), requires_grad=False)
        self.denoiser = Denoiser(config)

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(b, c, h, w) to the mean and log variance of the spatial latent, not yet scaled."""
        mean, log_variance = self.encoder(images).float().chunk(2, dim=1)
        return mean, log_variance

    def encode(self, images: Tensor) -> Tensor:
        """(b, c, h, w) in 0..1 to latents (b, *spatial) of mean 0 and deviation 1."""
        scaled: Tensor = (self.posterior(images)[0] - self.offset) / self.scale
        return scaled

    def decode_unscaled(self, latents: Tensor) -> Tensor:
        """(b, *spatial) as the posterior has them to logits (b, c, h, w)."""
        logits: Tensor = self.decoder(latents)
        return logits.float()

    def decode(self, latents: Tensor) -> Tensor:
        """(b, *spatial) to images (b, c, h, w) in 0..1."""
        return self.decode_unscaled(latents * self.scale + self.offset).sigmoid()

    def velocity(self, latents: Tensor, time: Tensor, classes: Tensor, guidance: float) -> Tensor:
        """The denoiser's answer, led towards the classes.

        Ho and Salimans, "Classifier-free diffusion guidance" (2022), equation 6, written so
        that a guidance of 1 is the conditional answer and 0 the unconditional one.
        """
        if guidance == 1.0:
            asked: Tensor = self.denoiser(latents, time, classes)
            return asked
        nothing = self.nothing_asked(len(latents)).to(latents.device)
        both = self.denoiser(
            torch.cat((latents, latents)), torch.cat((time, time)), torch.cat((classes, nothing))
        )
        asked, free = both.chunk(2)
        led: Tensor = free + guidance * (asked - free)
        return led

    def nothing_asked(self, count: int) -> Tensor:
        """(count, conditions): the class of each condition that stands for nothing asked."""
        last = [len(condition.classes) for condition in self.config.conditions]
        return torch.tensor(last, dtype=torch.int64).expand(count, len(last))
