"""Made-up models of the families that are no VAE."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from latentviewer.domain.ports import (
    Capability,
    DenoisingStep,
    ImageShape,
    Inversion,
    ModelCard,
    Posterior,
)


def card(name: str, *can: Capability, dim: int = 2) -> ModelCard:
    return ModelCard(
        name, name, "made-up", dim, ImageShape(2, 2, 1), frozenset(can), "squares", "0" * 64, 0, {}
    )


class Autoencoder:
    """Encodes and decodes, and knows no distribution."""

    card = card("ae", Capability.ENCODE, Capability.DECODE)

    def encode(self, images: Any) -> Posterior:
        return Posterior(images[:, :2, 0, 0])

    def decode(self, latents: Any) -> Any:
        return np.repeat(latents, 2, axis=1).reshape(-1, 2, 2, 1).astype(np.float32)

    def sample(self, count: int, seed: int) -> Any:
        raise AssertionError("not asked for")


class Reader:
    """A classifier: the grey of a picture decides. Its layers are the grey times 1, 2 and 3."""

    card = card("reader", Capability.ENCODE, Capability.LAYERS, Capability.CLASSIFY)
    classes: Mapping[str, tuple[str, ...]] = {"label": ("a", "b", "c"), "score": ("low", "high")}
    thresholds: Mapping[str, float] = {"score": 3.0}
    layers = ("first", "second", "last")

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, images: Any) -> Posterior:
        return Posterior(self.features(images, "last"))

    def decode(self, latents: Any) -> Any:
        raise AssertionError("a classifier does not decode")

    def sample(self, count: int, seed: int) -> Any:
        raise AssertionError("a classifier does not sample")

    def features(self, images: Any, layer: str) -> Any:
        self.asked.append(layer)
        times = self.layers.index(layer) + 1
        grey = images[:, 0, 0, 0] * 25.5
        return np.stack([grey * times, grey % 3, np.sin(grey)], axis=1).astype(np.float32)

    def probabilities(self, images: Any) -> Mapping[str, Any]:
        grey = np.rint(images[:, 0, 0, 0] * 25.5).astype(int)
        label = np.full((len(images), 3), 0.1, np.float32)
        label[np.arange(len(images)), np.minimum(grey, 2)] = 0.8
        high = (grey >= 3).astype(np.float32)
        return {"label": label, "score": np.stack([1 - high, high], axis=1)}


class Maker:
    """A GAN: decodes, samples, scores by brightness, and can be searched."""

    card = card(
        "maker", Capability.DECODE, Capability.SAMPLE, Capability.DISCRIMINATE, Capability.INVERT
    )

    def encode(self, images: Any) -> Posterior:
        raise AssertionError("a GAN does not encode")

    def decode(self, latents: Any) -> Any:
        return np.repeat(latents, 2, axis=1).reshape(-1, 2, 2, 1).astype(np.float32)

    def sample(self, count: int, seed: int) -> Any:
        return np.full((count, 2), seed, np.float32)

    def score(self, images: Any) -> Any:
        return images[:, 0, 0, 0] - 2.0

    def inverting(self, images: Any, steps: int, seed: int) -> Iterator[Inversion]:
        yield Inversion(steps, steps, images[:, :2, 0, 0], np.zeros(len(images), np.float32))


class Denoiser:
    """Diffusion: noise becomes itself plus what it was asked for, a step at a time."""

    card = card(
        "denoiser", Capability.ENCODE, Capability.DECODE, Capability.SAMPLE, Capability.DENOISE
    )
    conditions: Mapping[str, tuple[str, ...]] = {"label": ("a", "b", "c")}

    def __init__(self) -> None:
        self.asked: list[tuple[int, float, dict[str, str]]] = []

    def encode(self, images: Any) -> Posterior:
        return Posterior(images[:, :2, 0, 0])

    def decode(self, latents: Any) -> Any:
        return np.repeat(latents, 2, axis=1).reshape(-1, 2, 2, 1).astype(np.float32)

    def sample(self, count: int, seed: int) -> Any:
        raise AssertionError("asked for step by step")

    def noise(self, count: int, seed: int) -> Any:
        return np.full((count, 2), seed, np.float32)

    def denoising(
        self,
        noise: Any,
        steps: int,
        guidance: float,
        condition: Mapping[str, str],
        *,
        data: Any = None,
        since: float = 1.0,
    ) -> Iterator[DenoisingStep]:
        self.asked.append((steps, guidance, dict(condition)))
        for step in range(steps + 1):
            yield DenoisingStep(step, steps, 1 - step / steps, noise + step, noise)

    def renoising(self, latents: Any, steps: int, condition: Mapping[str, str]) -> Any:
        raise AssertionError("not asked for")
