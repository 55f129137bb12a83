"""A generator and the discriminator that taught it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from latentviewer.domain.ports import ImageShape
from latentviewer.engine.networks.config import check_blocks, check_count, check_counts, fields_of
from latentviewer.engine.networks.convolutional import ConvConfig, coarser, conv_config, decoder


@dataclass(frozen=True)
class GanConfig:
    """The architecture.

    Attributes:
        generator: the decoder's half of it is the generator.
        widths, blocks: channels and residual blocks of each level of the discriminator, from
            the finest.
        hidden: units of the discriminator's last layer before the score.
    """

    generator: ConvConfig
    widths: tuple[int, ...]
    blocks: tuple[int, ...]
    hidden: int

    def __post_init__(self) -> None:
        check_counts("widths", self.widths)
        check_blocks("blocks", self.blocks)
        check_count("hidden", self.hidden)
        if len(self.blocks) != len(self.widths):
            raise ValueError("“blocks” and “widths” must have one number for each level")
        step = 2 ** len(self.widths)
        if self.generator.height % step or self.generator.width % step:
            raise ValueError(f"“height” and “width” must be multiples of {step}")

    @property
    def image(self) -> ImageShape:
        """The shape of its images."""
        return self.generator.image

    @property
    def latent_dim(self) -> int:
        """Dimensions of one latent."""
        return self.generator.latent_dim


def gan_config(fields: Mapping[str, Any]) -> GanConfig:
    """The config from a JSON object.

    Raises:
        ValueError: a field is missing, unknown, or outside its range; the text names it.
    """
    values = fields_of(GanConfig, fields)
    if not isinstance(values["generator"], dict):
        raise ValueError("“generator” must be an object")
    values["generator"] = conv_config(values["generator"])
    return GanConfig(**values)


class Discriminator(nn.Module):
    """(b, c, h, w) in 0..1 to a score, larger for what looks real, and to a guessed latent."""

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        image, step = config.image, 2 ** len(config.widths)
        flat = config.widths[-1] * (image.height // step) * (image.width // step)
        self.body = nn.Sequential(
            *coarser(image.channels, config.widths, config.blocks),
            nn.Flatten(),  # (b, flat)
            nn.Linear(flat, config.hidden),  # (b, hidden)
            nn.ReLU(),
        )
        self.score = nn.Linear(config.hidden, 1)
        self.guess = nn.Linear(config.hidden, 2 * config.latent_dim)

    def features(self, images: Tensor) -> Tensor:
        """The last layer before the score, (b, hidden)."""
        features: Tensor = self.body(images)
        return features.float()

    def judge(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(b,): the log odds that the images are real, as far as it can tell; and the mean
        and log variance, each (b, d), of the latents that they would be made from."""
        seen = self.body(images)
        mean, log_variance = self.guess(seen).float().chunk(2, dim=1)
        return self.score(seen).float().squeeze(1), mean, log_variance

    def forward(self, images: Tensor) -> Tensor:
        """(b,): the log odds that the images are real, as far as it can tell."""
        return self.judge(images)[0]


class GanNet(nn.Module):
    """Both players (Goodfellow et al., 2014)."""

    def __init__(self, config: GanConfig) -> None:
        super().__init__()
        self.config = config
        self.generator = decoder(config.generator)
        self.discriminator = Discriminator(config)

    def draw(self, latents: Tensor) -> Tensor:
        """(b, d) to logits (b, c, h, w)."""
        logits: Tensor = self.generator(latents)
        return logits.float()

    def generate(self, latents: Tensor) -> Tensor:
        """(b, d) to images (b, c, h, w) in 0..1."""
        return self.draw(latents).sigmoid()
