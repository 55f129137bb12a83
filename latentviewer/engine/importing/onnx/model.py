"""Encoders and decoders in onnxruntime behind the `Model` port."""

import math
from dataclasses import dataclass

import numpy as np

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability, Images, ModelCard, Posterior
from latentviewer.domain.space import Latents
from latentviewer.engine.adapters.arguments import check_images, check_latents, standard_normal
from latentviewer.engine.importing.convention import Convention
from latentviewer.engine.importing.onnx.network import Batches, Network, RunError, run_samples
from latentviewer.engine.importing.onnx.posterior import Latent

_BLOCK = 256  # samples that are converted at a time, so that memory does not grow with the batch


@dataclass(frozen=True)
class Encoding:
    """A network that makes latents of pictures.

    Attributes:
        native: the shape of one picture as the network takes it.
        convention: how it takes them.
        latent: how its outputs are read.
    """

    network: Network
    batches: Batches
    native: tuple[int, ...]
    convention: Convention
    latent: Latent

    def posterior(self, images: Images) -> Posterior:
        """Of one image or more.

        Raises:
            RunError: the network fails on them.
        """
        parts = []
        for start in range(0, len(images), _BLOCK):
            part = images[start : start + _BLOCK]
            given = self.convention.given(part).reshape(len(part), *self.native)
            results = run_samples(self.network, self.batches, given, self.latent.outputs)
            parts.append(self.latent.posterior(results))
        stds = [part.std for part in parts if part.std is not None]
        mean = np.concatenate([part.mean for part in parts])
        return Posterior(mean, np.concatenate(stds) if stds else None)


@dataclass(frozen=True)
class Decoding:
    """A network that makes pictures of latents.

    Attributes:
        native: the shape of one latent as the network takes it.
        output: the name of the one that is a picture.
        convention: how it gives them.
    """

    network: Network
    batches: Batches
    native: tuple[int, ...]
    output: str
    convention: Convention

    @property
    def latent_dim(self) -> int:
        """How many numbers one latent has."""
        return math.prod(self.native)

    def pictures(self, latents: Latents) -> Images:
        """Of one latent or more.

        Raises:
            RunError: the network fails on them.
        """
        parts = []
        wanted = math.prod(self.convention.shape)
        for start in range(0, len(latents), _BLOCK):
            part = latents[start : start + _BLOCK]
            given = part.reshape(len(part), *self.native)
            (made,) = run_samples(self.network, self.batches, given, [self.output])
            if made[0].size != wanted:
                raise RunError(f"it made {made[0].size:,} values, not the {wanted:,} of a picture")
            parts.append(self.convention.shown(made.reshape(len(made), *self.convention.shape)))
        return np.concatenate(parts)


class OnnxModel:
    """An encoder, a decoder, or both.

    Args:
        card: what is known of them.
    """

    def __init__(
        self, card: ModelCard, encoding: Encoding | None, decoding: Decoding | None
    ) -> None:
        self._card, self._encoding, self._decoding = card, encoding, decoding

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        return self._card

    @property
    def device(self) -> str:
        """Where it runs: always on the processor."""
        return "cpu"

    def encode(self, images: Images) -> Posterior:
        """(b, h, w, c) float32 in 0..1 to means and, where it gives them, deviations, (b, d).

        Raises:
            UserError: it has no encoder, the images have another shape or are not floating
                point, or onnxruntime fails on them.
        """
        if self._encoding is None:
            raise UserError(f"{self._card.name} has no encoder; choose a model that encodes.")
        check_images(self._card, images)
        if len(images) == 0:
            none = np.empty((0, self._card.latent_dim), np.float32)
            return Posterior(none, None if self._encoding.latent.form == "none" else none.copy())
        try:
            return self._encoding.posterior(images)
        except RunError as error:
            raise self._failed("encoder", error) from error

    def decode(self, latents: Latents) -> Images:
        """(b, d) float32 to (b, h, w, c) float32 in 0..1.

        Raises:
            UserError: it has no decoder, the latents have another size, or onnxruntime fails
                on them.
        """
        shape = self._card.image
        if self._decoding is None:
            raise UserError(f"{self._card.name} has no decoder; choose a model that decodes.")
        check_latents(self._card.name, self._card.latent_dim, latents)
        if len(latents) == 0:
            return np.empty((0, shape.height, shape.width, shape.channels), np.float32)
        try:
            return self._decoding.pictures(latents)
        except RunError as error:
            raise self._failed("decoder", error) from error

    def sample(self, count: int, seed: int) -> Latents:
        """(count, d) latents from the standard normal; same seed, same latents.

        Raises:
            UserError: it has no prior, or fewer than none are asked for.
        """
        if Capability.SAMPLE not in self._card.capabilities:
            raise UserError(
                f"{self._card.name} has no prior to sample from; choose a VAE, a GAN or a "
                "diffusion model."
            )
        return standard_normal(self._card, count, seed)

    def _failed(self, part: str, error: RunError) -> UserError:
        return UserError(
            f"{self._card.name}: its {part} failed ({error}); import it again with other answers, "
            "or export it again."
        )
