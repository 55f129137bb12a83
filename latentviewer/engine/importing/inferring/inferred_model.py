"""A network put together from a file's tensors, behind the `Model` port."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentviewer.domain.importing import Answers, Question, answered
from latentviewer.domain.ports import Capability, Images, ModelCard, Posterior
from latentviewer.domain.space import Latents
from latentviewer.engine.adapters.torch_model import TorchModel
from latentviewer.engine.importing.convention import Convention

Split = Literal["halves", "interleaved"]
SpreadIs = Literal["log variance", "log standard deviation", "standard deviation", "softplus of it"]
_SPLITS: dict[Split, str] = {
    "halves": "The first half is the mean",
    "interleaved": "Mean and spread take turns",
}
_SPREADS: dict[SpreadIs, str] = {
    "log variance": "The log variance",
    "log standard deviation": "The log standard deviation",
    "standard deviation": "The standard deviation",
    "softplus of it": "The standard deviation, after a softplus",
}
# The bounds that latent diffusion models clamp log variances to, so that exp stays finite.
_LEAST, _MOST = -30.0, 20.0
_MOST_VALUES = 1 << 26  # in memory for one layer, 256 MB


@dataclass(frozen=True)
class Heads:
    """What an encoder's output is.

    Attributes:
        split: how mean and spread lie in one output; None where it is the mean alone, or where
            `spread` is a layer of its own.
        spread_is: what the spread is given as.
    """

    split: Split | None = None
    spread_is: SpreadIs = "log variance"


class InferredNet(nn.Module):
    """Encoder, heads and decoder; what is not there is None.

    Args:
        encoder: (b, c, h, w) to what the heads take.
        mean: to the mean, or to mean and spread in one where `heads.split` says so.
        spread: to the spread.
        decoder: (b, *latent) to (b, c, h, w) or (b, c * h * w).
        latent: the shape of one latent as the decoder takes it.
        picture: (c, h, w) of what is made.
    """

    def __init__(
        self,
        encoder: nn.Module | None,
        mean: nn.Module | None,
        spread: nn.Module | None,
        heads: Heads,
        decoder: nn.Module | None,
        latent: tuple[int, ...],
        picture: tuple[int, int, int],
    ) -> None:
        super().__init__()
        self.encoder, self.mean, self.spread, self.decoder = encoder, mean, spread, decoder
        self.heads, self.latent, self.picture = heads, latent, picture

    def encode(self, images: Tensor) -> tuple[Tensor, ...]:
        """(b, c, h, w) to means (b, d) and, where there is a spread, deviations (b, d)."""
        assert self.encoder is not None
        features = self.encoder(images)
        mean = features if self.mean is None else self.mean(features)
        if self.spread is not None:
            return mean.flatten(1), self._deviation(self.spread(features))
        if self.heads.split is None:
            return (mean.flatten(1),)
        if self.heads.split == "halves":
            first, second = mean.chunk(2, dim=1)
        else:
            first, second = mean[:, 0::2], mean[:, 1::2]
        return first.flatten(1), self._deviation(second)

    def decode(self, latents: Tensor) -> Tensor:
        """(b, d) to (b, c, h, w)."""
        assert self.decoder is not None
        made: Tensor = self.decoder(latents.reshape(len(latents), *self.latent))
        return made.float().reshape(len(latents), *self.picture)

    def _deviation(self, spread: Tensor) -> Tensor:
        spread = spread.flatten(1)
        match self.heads.spread_is:
            case "log variance":
                return (0.5 * spread.clamp(_LEAST, _MOST)).exp()
            case "log standard deviation":
                return spread.clamp(_LEAST / 2, _MOST / 2).exp()
            case "softplus of it":
                return nn.functional.softplus(spread)
        return spread.abs()


class InferredModel(TorchModel):
    """The network with the way it takes and gives pictures.

    Args:
        takes: None where it does not encode.
        gives: None where it does not decode.
        values: the most that a layer gives for one picture, so that few go through at a time
            where that is much.
    """

    def __init__(
        self,
        net: InferredNet,
        card: ModelCard,
        takes: Convention | None,
        gives: Convention | None,
        values: int,
        device: str = "cpu",
    ) -> None:
        super().__init__(net, card, device)
        self._takes, self._gives = takes, gives
        self._rows = max(1, _MOST_VALUES // values)

    def encode(self, images: Images) -> Posterior:
        """(b, h, w, c) float32 in 0..1 to means (b, d) and, for a VAE, deviations (b, d).

        Raises:
            UserError: it has no encoder, or the images have another shape or are not floating
                point.
        """
        takes = self._takes
        if takes is None:
            return super().encode(images)

        def posterior(batch: Tensor) -> tuple[Tensor, ...]:
            part = takes.given(batch.permute(0, 2, 3, 1).cpu().numpy())
            found: tuple[Tensor, ...] = self._net.encode(torch.from_numpy(part).to(self._device))
            return found

        parts = [self._of_images(images[rows], posterior) for rows in self._slices(len(images))]
        return Posterior(*(np.concatenate(whole) for whole in zip(*parts, strict=True)))

    def decode(self, latents: Latents) -> Images:
        """(b, d) float32 to (b, h, w, c) float32 in 0..1.

        Raises:
            UserError: it has no decoder, or the latents have another number of dimensions.
        """
        if self._gives is None:
            return super().decode(latents)
        parts = [self._decoded(latents[rows]) for rows in self._slices(len(latents))]
        return np.concatenate([self._gives.shown(part) for part in parts])

    def sample(self, count: int, seed: int) -> Latents:
        """(count, d) latents from the standard normal prior; same seed, same latents.

        Raises:
            UserError: it is no generator, or fewer than none are asked for.
        """
        if Capability.SAMPLE not in self._card.capabilities:
            return super().sample(count, seed)
        return self._normal(count, seed)

    def _decoded(self, latents: Latents) -> NDArray[np.float32]:
        return self._of_latents(latents, lambda z: (self._net.decode(z),))[0]

    def _slices(self, count: int) -> list[slice]:
        return [slice(i, i + self._rows) for i in range(0, max(count, 1), self._rows)]


def capabilities_of(encodes: bool, decodes: bool, has_spread: bool) -> frozenset[Capability]:
    """What a network can do; its latents follow a standard normal prior unless an encoder
    without a spread makes them."""
    found = {Capability.ENCODE} if encodes else set()
    if decodes:
        found.add(Capability.DECODE)
    if has_spread:
        found.add(Capability.POSTERIOR)
    if decodes and (has_spread or not encodes):
        found.add(Capability.SAMPLE)
    return frozenset(found)


def kind_of(capabilities: frozenset[Capability]) -> str:
    """What a network that can do so much is called."""
    if Capability.ENCODE not in capabilities:
        return "A decoder or generator"
    if Capability.DECODE not in capabilities:
        return "An encoder"
    has_spread = Capability.POSTERIOR in capabilities
    return "A variational autoencoder" if has_spread else "An autoencoder"


def split_question() -> Question:
    """Asks how mean and spread lie in one output, as `split`."""
    why = "The encoder gives twice as much as the decoder takes; nearly all give the mean first."
    return Question("split", "Mean and spread", tuple(_SPLITS.items()), "halves", why)


def split_of(question: Question, answers: Answers) -> Split:
    """The answer to a `split_question`."""
    return next(split for split in get_args(Split) if split == answered(question, answers))


def spread_question(guess: SpreadIs, why: str) -> Question:
    """Asks what the encoder gives beside the mean, as `spread`."""
    return Question("spread", "Beside the mean", tuple(_SPREADS.items()), guess, why)


def spread_of(question: Question, answers: Answers) -> SpreadIs:
    """The answer to a `spread_question`."""
    return next(spread for spread in get_args(SpreadIs) if spread == answered(question, answers))
