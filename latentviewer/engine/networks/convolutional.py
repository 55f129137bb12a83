"""An encoder and a decoder of convolutions, for small grey or colour images.

Each level halves the resolution; all layers work at the halved ones only, which keeps the
decoder quick enough to answer under the cursor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from latentviewer.domain.ports import ImageShape
from latentviewer.engine.networks.config import check_blocks, check_count, check_counts, fields_of


@dataclass(frozen=True)
class ConvConfig:
    """The architecture of both halves.

    Attributes:
        height, width: of the images in pixels, multiples of 2 to the number of levels.
        channels: 1 for grey, 3 for RGB.
        latent_dim: dimensions of one latent.
        widths: channels of each level, from the finest (half resolution) to the coarsest.
        blocks: residual blocks of each level.
        bottleneck_channels: channels that remain where the coarsest level is flattened.
        hidden: units of the fully connected layer beside the latent.
    """

    height: int
    width: int
    channels: int
    latent_dim: int
    widths: tuple[int, ...]
    blocks: tuple[int, ...]
    bottleneck_channels: int
    hidden: int

    def __post_init__(self) -> None:
        for name in ("height", "width", "latent_dim", "bottleneck_channels", "hidden"):
            check_count(name, getattr(self, name))
        check_counts("widths", self.widths)
        check_blocks("blocks", self.blocks)
        if len(self.blocks) != len(self.widths):
            raise ValueError("“blocks” and “widths” must have one number for each level")
        step = 2 ** len(self.widths)
        if self.height % step or self.width % step:
            raise ValueError(f"“height” and “width” must be multiples of {step}")
        if self.channels not in (1, 3):
            raise ValueError("“channels” must be 1 or 3")

    @property
    def image(self) -> ImageShape:
        """The shape of its images."""
        return ImageShape(self.height, self.width, self.channels)

    @property
    def coarsest(self) -> tuple[int, int]:
        """Rows and columns of the last level."""
        step = 2 ** len(self.widths)
        return self.height // step, self.width // step


def conv_config(fields: Mapping[str, Any]) -> ConvConfig:
    """The config from a JSON object.

    Raises:
        ValueError: a field is missing, unknown, or outside its range; the text names it.
    """
    return ConvConfig(**fields_of(ConvConfig, fields))


class Residual(nn.Module):
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


def coarser(channels: int, widths: tuple[int, ...], blocks: tuple[int, ...]) -> list[nn.Module]:
    """Layers from (b, channels, h, w) to (b, widths[-1], h/2^l, w/2^l) of l levels."""
    layers: list[nn.Module] = []
    for before, width, count in zip((channels, *widths), widths, blocks, strict=False):
        layers += [
            nn.Conv2d(before, width, 4, 2, 1),  # half the height and width
            *(Residual(width) for _ in range(count)),
            nn.ReLU(),
        ]
    return layers


def finer(channels: int, widths: tuple[int, ...], blocks: tuple[int, ...]) -> list[nn.Module]:
    """Layers from (b, widths[-1], h/2^l, w/2^l) to (b, channels, h, w) of l levels."""
    after = (channels, *widths)
    layers: list[nn.Module] = []
    for index in reversed(range(len(widths))):
        layers += [
            *(Residual(widths[index]) for _ in range(blocks[index])),
            nn.ReLU(),
            nn.Conv2d(widths[index], 4 * after[index], 3, padding=1),
            nn.PixelShuffle(2),  # twice the height and width
        ]
    return layers


def encoder(c: ConvConfig, outputs: int) -> nn.Sequential:
    """(b, channels, height, width) in 0..1 to (b, outputs); l is the number of levels."""
    rows, columns = c.coarsest
    return nn.Sequential(
        *coarser(c.channels, c.widths, c.blocks),  # (b, coarsest width, h/2^l, w/2^l)
        nn.Conv2d(c.widths[-1], c.bottleneck_channels, 1),  # (b, bottleneck, h/2^l, w/2^l)
        nn.Flatten(),  # (b, bottleneck h/2^l w/2^l)
        nn.Linear(c.bottleneck_channels * rows * columns, c.hidden),  # (b, hidden)
        nn.ReLU(),
        nn.Linear(c.hidden, outputs),  # (b, outputs)
    )


def decoder(c: ConvConfig) -> nn.Sequential:
    """(b, latent_dim) to (b, channels, height, width), before any squashing."""
    rows, columns = c.coarsest
    flat = c.bottleneck_channels * rows * columns
    return nn.Sequential(
        nn.Linear(c.latent_dim, c.hidden),  # (b, hidden)
        nn.ReLU(),
        nn.Linear(c.hidden, flat),  # (b, flat)
        nn.Unflatten(1, (c.bottleneck_channels, rows, columns)),
        nn.Conv2d(c.bottleneck_channels, c.widths[-1], 1),  # (b, coarsest width, h/2^l, w/2^l)
        *finer(c.channels, c.widths, c.blocks),  # (b, channels, h, w)
    )
