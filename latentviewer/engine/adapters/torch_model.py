"""What every family shares: arrays in, torch in batches, arrays out, and plain refusals."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Images, ModelCard, Posterior
from latentviewer.domain.space import Latents
from latentviewer.engine.adapters.arguments import check_images, check_latents, standard_normal

_CHUNK = 512  # images in one pass, so that memory does not grow with the batch


class TorchModel:
    """A network behind the `Model` port; a family overrides what it can do.

    Args:
        net: with its weights; moved to `device` and never trained.
        card: what is known of it.
    """

    def __init__(self, net: nn.Module, card: ModelCard, device: str = "cpu") -> None:
        self._net: Any = net.to(device=device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
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
        """Refuses: this family has no encoder."""
        raise UserError(f"{self._card.name} has no encoder; choose a model that encodes.")

    def decode(self, latents: Latents) -> Images:
        """Refuses: this family has no decoder."""
        raise UserError(f"{self._card.name} has no decoder; choose a model that decodes.")

    def sample(self, count: int, seed: int) -> Latents:
        """Refuses: this family has no prior."""
        raise UserError(
            f"{self._card.name} has no prior to sample from; choose a VAE, a GAN or a diffusion "
            "model."
        )

    def _normal(self, count: int, seed: int) -> Latents:
        """(count, d) latents from the standard normal; same seed, same latents."""
        return standard_normal(self._card, count, seed)

    def _of_images(
        self, images: Images, call: Callable[[Tensor], tuple[Tensor, ...]]
    ) -> tuple[NDArray[np.float32], ...]:
        """What `call` makes of (b, h, w, c) float32 in 0..1, in chunks, each result (b, ...).

        Raises:
            UserError: the images have another shape, or are not floating point.
        """
        check_images(self._card, images)

        def chunk(start: int) -> tuple[Tensor, ...]:
            part = np.ascontiguousarray(images[start : start + _CHUNK], np.float32)
            # The permuted view of (b, h, w, c) is what torch calls channels_last.
            return call(torch.from_numpy(part).to(self._device).permute(0, 3, 1, 2))

        return self._in_chunks(len(images), chunk)

    def _of_latents(
        self, latents: Latents, call: Callable[[Tensor], tuple[Tensor, ...]]
    ) -> tuple[NDArray[np.float32], ...]:
        """What `call` makes of (b, d) float32, in chunks, each result (b, ...).

        Raises:
            UserError: the latents have another number of dimensions.
        """
        check_latents(self._card.name, self._card.latent_dim, latents)

        def chunk(start: int) -> tuple[Tensor, ...]:
            # torch warns of arrays it may not write to, such as a mapped file's.
            part = np.require(latents[start : start + _CHUNK], np.float32, ["C", "W"])
            return call(torch.from_numpy(part).to(self._device))

        return self._in_chunks(len(latents), chunk)

    def _in_chunks(
        self, count: int, chunk: Callable[[int], tuple[Tensor, ...]]
    ) -> tuple[NDArray[np.float32], ...]:
        with torch.inference_mode():
            first = chunk(0)  # of none where there are none, for its shapes
            whole = tuple(np.empty((count, *t.shape[1:]), np.float32) for t in first)
            for start in range(0, max(count, 1), _CHUNK):
                results = first if start == 0 else chunk(start)
                for kept, result in zip(whole, results, strict=True):
                    kept[start : start + _CHUNK] = result.cpu().numpy()
        return whole


def pictures(planes: Tensor) -> Tensor:
    """(b, c, h, w) to (b, h, w, c)."""
    return planes.permute(0, 2, 3, 1)


def pooled(features: Tensor) -> Tensor:
    """One vector for each image, (b, d), of what a layer gives."""
    if features.ndim == 4:
        return features.mean(dim=(2, 3))
    return features.mean(dim=1) if features.ndim == 3 else features
