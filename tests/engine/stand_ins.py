"""Models and data sets whose answers a test can work out by hand."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from latentviewer.domain.ports import Capability, Images, ImageShape, ModelCard, Posterior
from latentviewer.domain.space import Latents
from latentviewer.domain.table import Column
from latentviewer.engine.adapters.conv_classifier import CAPABILITIES, FAMILY, ConvClassifier
from latentviewer.engine.networks.attributes import Attribute
from latentviewer.engine.networks.classifying import ClassifierConfig, ClassifierNet


def card(name: str, *capabilities: Capability, image: ImageShape, latent_dim: int = 2) -> ModelCard:
    return ModelCard(
        name=name,
        path=name,
        family="stand-in",
        latent_dim=latent_dim,
        image=image,
        capabilities=frozenset(capabilities),
        data=None,
        weights_hash="",
        parameters=0,
        figures={},
    )


@dataclasses.dataclass(frozen=True, eq=False)
class TableData:
    """A data set of given pixels, (n, h, w, c) uint8, and columns."""

    name: str
    pixels: NDArray[np.uint8]
    columns: Mapping[str, Column] = dataclasses.field(default_factory=dict)

    @property
    def image(self) -> ImageShape:
        return ImageShape(*self.pixels.shape[1:])

    def __len__(self) -> int:
        return len(self.pixels)

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        return self.pixels[rows]


def _flat(images: Images) -> Latents:
    return images.reshape(len(images), -1)


@dataclasses.dataclass(eq=False)
class StandIn:
    """A model whose parts are functions.

    Attributes:
        to_latent: (b, h, w, c) to (b, d); the pixels themselves where not given.
        to_image: (b, d) to (b, h, w, c).
        prior: (count, seed) to (count, d).
        answers: (b, h, w, c) to each head's (b, classes).
    """

    card: ModelCard
    to_latent: Callable[[Images], Latents] = _flat
    to_image: Callable[[Latents], Images] | None = None
    prior: Callable[[int, int], Latents] | None = None
    heads: tuple[Attribute, ...] = ()
    answers: Callable[[Images], Mapping[str, NDArray[np.float32]]] | None = None
    batches: list[int] = dataclasses.field(default_factory=list)

    def encode(self, images: Images) -> Posterior:
        self.batches.append(len(images))
        return Posterior(self.to_latent(images))

    def decode(self, latents: Latents) -> Images:
        if self.to_image is not None:
            return self.to_image(latents)
        shape = self.card.image
        return latents.reshape(len(latents), shape.height, shape.width, shape.channels)

    def sample(self, count: int, seed: int) -> Latents:
        assert self.prior is not None
        return self.prior(count, seed)

    @property
    def classes(self) -> Mapping[str, tuple[str, ...]]:
        return {head.name: head.classes for head in self.heads}

    def probabilities(self, images: Images) -> Mapping[str, NDArray[np.float32]]:
        assert self.answers is not None
        return self.answers(images)


def untrained_classifier(*heads: Attribute) -> ConvClassifier:
    """A real one for images of 8 x 8 grey, whose answers mean nothing but always are the same."""
    torch.manual_seed(5)
    config = ClassifierConfig(8, 8, 1, widths=(4, 4), blocks=(1, 1), hidden=6, heads=heads)
    named = card("untrained", *CAPABILITIES, image=config.image, latent_dim=6)
    return ConvClassifier(
        ClassifierNet(config).requires_grad_(False), dataclasses.replace(named, family=FAMILY)
    )
