"""Autoencoders of diffusers behind the `Model` port, their latents as a diffusion sees them.

Rombach et al., "High-resolution image synthesis with latent diffusion models" (2022), section
4.3.2 and appendix D.1: latents are brought to a deviation of about 1 before a diffusion is
trained on them.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latentviewer.domain.ports import Capability, Images, ImageShape, ModelCard, Posterior
from latentviewer.domain.space import Latents
from latentviewer.engine.adapters.arguments import check_images
from latentviewer.engine.adapters.torch_model import TorchModel, pictures

FAMILY = "diffusers"
_PIXELS_AT_ONCE = 1 << 19  # so that memory does not grow with the size of the images


def capabilities_of(kind: str) -> frozenset[Capability]:
    """What an autoencoder of a class can do."""
    both = {Capability.ENCODE, Capability.DECODE}
    return frozenset(both | {Capability.POSTERIOR} if kind == "AutoencoderKL" else both)


def scaling_of(config: Mapping[str, Any], channels: int) -> tuple[Tensor, Tensor]:
    """What is taken from a latent, and what the rest is multiplied by, each (c or 1, 1, 1).

    Raises:
        ValueError: the settings are no finite numbers, too many, or the factor is zero.
    """
    scale = _numbers(config, "scaling_factor", 1.0)
    shift = _numbers(config, "shift_factor", 0.0)
    if config.get("latents_mean") is not None and config.get("latents_std") is not None:
        shift, std = _numbers(config, "latents_mean", 0.0), _numbers(config, "latents_std", 1.0)
        if len(std) not in (1, len(shift)) or bool((std == 0).any()):
            raise ValueError("“latents_std” must have as many numbers as “latents_mean”, none 0")
        scale = scale / std
    if not bool(torch.isfinite(scale).all()) or bool((scale == 0).any()):
        raise ValueError("“scaling_factor” and “latents_std” must be numbers other than 0")
    if any(len(part) not in (1, channels) for part in (shift, scale)):
        raise ValueError(f"“latents_mean” and “latents_std” must have {channels} numbers")
    return shift, scale


class DiffusersAutoencoder(TorchModel):
    """An AutoencoderKL, AutoencoderTiny or VQModel.

    Args:
        net: with its weights.
        spatial: channels, rows and columns of one latent, which is laid out flat.
        scaling: as `scaling_of` gives it.
    """

    def __init__(
        self,
        net: Any,
        card: ModelCard,
        spatial: tuple[int, int, int],
        scaling: tuple[Tensor, Tensor],
        device: str = "cpu",
    ) -> None:
        super().__init__(net, card, device)
        self._spatial = spatial
        self._shift, self._scale = (part.to(self._device) for part in scaling)

    def encode(self, images: Images) -> Posterior:
        """(b, h, w, c) float32 in 0..1 to latents (b, d), of an AutoencoderKL with deviations.

        Raises:
            UserError: the images have another shape, or are not floating point.
        """
        check_images(self._card, images)
        if not len(images):  # attention takes one image at least
            none = np.empty((0, self._card.latent_dim), np.float32)
            spread = Capability.POSTERIOR in self._card.capabilities
            return Posterior(none, none if spread else None)
        size = _at_once(self._card.image)
        parts = [self._of_images(part, self._encoded) for part in _parts(images, size)]
        mean, *std = (np.concatenate(found) for found in zip(*parts, strict=True))
        return Posterior(mean, std[0] if std else None)

    def decode(self, latents: Latents) -> Images:
        """(b, d) float32 to images, (b, h, w, c) float32 in 0..1; a VQModel quantises first.

        Raises:
            UserError: the latents have another number of dimensions.
        """
        shape = self._card.image
        blank = (0, shape.height, shape.width, shape.channels)
        if not len(latents):
            return self._of_latents(latents, lambda z: (z.new_zeros(blank),))[0]
        parts = _parts(latents, _at_once(shape))
        return np.concatenate([self._of_latents(part, self._decoded)[0] for part in parts])

    def _encoded(self, x: Tensor) -> tuple[Tensor, ...]:
        given = self._net.encode(2 * x - 1)
        if not hasattr(given, "latent_dist"):
            return (((given.latents - self._shift) * self._scale).flatten(1),)
        mean = (given.latent_dist.mean - self._shift) * self._scale
        return mean.flatten(1), (given.latent_dist.std * self._scale.abs()).flatten(1)

    def _decoded(self, z: Tensor) -> tuple[Tensor, ...]:
        spatial = z.reshape(-1, *self._spatial) / self._scale + self._shift
        return (pictures((self._net.decode(spatial).sample / 2 + 0.5).clamp(0, 1)),)


def _at_once(shape: ImageShape) -> int:
    return max(1, _PIXELS_AT_ONCE // (shape.height * shape.width))


def _parts(whole: NDArray[Any], size: int) -> list[NDArray[Any]]:
    return [whole[start : start + size] for start in range(0, len(whole), size)]


def _numbers(config: Mapping[str, Any], name: str, usual: float) -> Tensor:
    value = config.get(name)
    value = usual if value is None else value
    parts = value if isinstance(value, list) else [value]
    if not parts or not all(type(part) in (int, float) for part in parts):
        raise ValueError(f"“{name}” must be a number, or one for each channel")
    found = torch.tensor([float(part) for part in parts], dtype=torch.float32)
    if not bool(torch.isfinite(found).all()):
        raise ValueError(f"“{name}” must be finite")
    return found.reshape(-1, 1, 1)
