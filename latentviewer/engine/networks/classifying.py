"""A convolutional classifier with one head for each attribute that it tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from latentviewer.domain.ports import ImageShape
from latentviewer.engine.networks.attributes import Attribute, attributes_from
from latentviewer.engine.networks.config import check_blocks, check_count, check_counts, fields_of
from latentviewer.engine.networks.convolutional import coarser


@dataclass(frozen=True)
class ClassifierConfig:
    """The architecture.

    Attributes:
        height, width: of the images in pixels, multiples of 2 to the number of levels.
        channels: 1 for grey, 3 for RGB.
        widths, blocks: channels and residual blocks of each level, from the finest.
        hidden: units of the last layer before the heads; the latent.
        heads: what it tells.
    """

    height: int
    width: int
    channels: int
    widths: tuple[int, ...]
    blocks: tuple[int, ...]
    hidden: int
    heads: tuple[Attribute, ...]

    def __post_init__(self) -> None:
        for name in ("height", "width", "hidden"):
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
        names = [head.name for head in self.heads]
        if not names or len(set(names)) < len(names):
            raise ValueError("“heads” must be one or more, each with a name of its own")

    @property
    def image(self) -> ImageShape:
        """The shape of its images."""
        return ImageShape(self.height, self.width, self.channels)

    @property
    def latent_dim(self) -> int:
        """Dimensions of the last layer before the heads."""
        return self.hidden


def classifier_config(fields: Mapping[str, Any]) -> ClassifierConfig:
    """The config from a JSON object.

    Raises:
        ValueError: a field is missing, unknown, or outside its range; the text names it.
    """
    values = fields_of(ClassifierConfig, fields)
    values["heads"] = attributes_from("heads", values["heads"])
    return ClassifierConfig(**values)


class ClassifierNet(nn.Module):
    """The network; its named layers are `level1`, `level2`, ..., then `dense`."""

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config = c = config
        self.layers = (*(f"level{i + 1}" for i in range(len(c.widths))), "dense")
        step = 2 ** len(c.widths)
        inputs = (c.channels, *c.widths)
        for i, (width, blocks) in enumerate(zip(c.widths, c.blocks, strict=True)):
            # (b, inputs[i], h, w) -> (b, width, h/2, w/2)
            self.add_module(
                f"level{i + 1}", nn.Sequential(*coarser(inputs[i], (width,), (blocks,)))
            )
        flat = c.widths[-1] * (c.height // step) * (c.width // step)
        self.dense = nn.Sequential(nn.Flatten(), nn.Linear(flat, c.hidden), nn.ReLU())
        answers = sum(len(head.classes) for head in c.heads)
        self.heads = nn.Linear(c.hidden, answers)  # (b, hidden) -> (b, all classes of all heads)

    def features(self, images: Tensor, layer: str) -> Tensor:
        """(b, c, h, w) in 0..1 to what the named layer gives."""
        x = images
        for name in self.layers:
            x = self.get_submodule(name)(x)
            if name == layer:
                features: Tensor = x.float()
                return features
        raise KeyError(layer)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """(b, c, h, w) in 0..1 to the logits of each head, (b, classes of the head)."""
        logits: Tensor = self.heads(self.features(images, "dense"))
        sizes = [len(head.classes) for head in self.config.heads]
        return tuple(torch.split(logits.float(), sizes, dim=1))
