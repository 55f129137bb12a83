"""A mixture of Gaussians over the logarithm of one observed number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from latentviewer.domain.ports import NO_IMAGE, ImageShape
from latentviewer.engine.networks.config import fields_of

_MOST_CLASSES = 64


@dataclass(frozen=True)
class MixtureConfig:
    """The architecture.

    Attributes:
        column: of the data set, the number that is seen.
        unit: such as `t`.
        question: what is inferred, such as `type`.
        classes: names of the components in the order of the tensors.
    """

    column: str
    unit: str
    question: str
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in ("column", "unit", "question"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"“{name}” must be text")
        texts = isinstance(self.classes, tuple) and all(isinstance(c, str) for c in self.classes)
        if not texts or not 2 <= len(self.classes) <= _MOST_CLASSES:
            raise ValueError(f"“classes” must be 2 to {_MOST_CLASSES} names")
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("“classes” must have names of their own")

    @property
    def image(self) -> ImageShape:
        """None: it sees a number."""
        return NO_IMAGE

    @property
    def latent_dim(self) -> int:
        """One probability for each class."""
        return len(self.classes)


def mixture_config(fields: Mapping[str, Any]) -> MixtureConfig:
    """The config that a JSON object describes.

    Raises:
        ValueError: a field is missing, unknown or out of range; the text names it.
    """
    return MixtureConfig(**fields_of(MixtureConfig, fields))


class MixtureNet(nn.Module):
    """The numbers of a mixture of k components, of log10 of what is observed.

    Attributes:
        means, deviations, shares: (k,) each.
    """

    def __init__(self, config: MixtureConfig) -> None:
        super().__init__()
        self.config = config
        for name in ("means", "deviations", "shares"):
            self.register_buffer(name, torch.zeros(len(config.classes)))
