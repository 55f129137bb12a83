"""Foreign networks that are called without knowing how they are made.

Each is tried once when it is opened: what it takes, and what it gives, settles how it is called
from then on.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Images, ModelCard, Posterior
from latentviewer.domain.space import Latents
from latentviewer.engine.adapters.arguments import check_images, check_latents, standard_normal
from latentviewer.engine.importing.convention import Convention

Call = Callable[[Tensor], Any]
Spread = Literal["log variance", "standard deviation", "none"]

WRITE_ADAPTER = "write an adapter file with “latentviewer new-adapter”"
"""What can be done for every model, the end of a sentence."""

_CHUNK = 64  # images in one call, where the network does not settle it
_EXCEPTION = re.compile(r"[\w.]*(Error|Exception)\b")


@dataclass(frozen=True)
class Calls:
    """What a network can be called for; each takes one tensor and gives what it likes.

    Attributes:
        encode: images to latents; None where it does not.
        decode: latents to images; likewise.
        rebuilds: whether `encode` is a whole autoencoder, the first output of which is the
            picture again.
    """

    encode: Call | None
    decode: Call | None
    rebuilds: bool = False


@dataclass(frozen=True)
class Wiring:
    """How a network is called.

    Attributes:
        device, dtype: of what it takes.
        latent: the shape of one latent as the network has it.
        takes: how it takes pictures; None where it does not encode.
        flat: whether it takes them as (b, values).
        mean_at: which of its outputs is the mean.
        spread: what the output after the mean is.
        halved: whether the mean and the next are the halves of one output.
        gives: how it gives pictures; None where it does not decode.
        batch: how many it takes at once, no more and no less; None for any.
    """

    device: torch.device
    dtype: torch.dtype
    latent: tuple[int, ...]
    takes: Convention | None = None
    flat: bool = False
    mean_at: int = 0
    spread: Spread = "none"
    halved: bool = False
    gives: Convention | None = None
    batch: int | None = None


class CalledNetwork:
    """A foreign network behind the `Model` port."""

    def __init__(self, card: ModelCard, calls: Calls, wiring: Wiring) -> None:
        self._card, self._calls, self._wiring = card, calls, wiring

    @property
    def card(self) -> ModelCard:
        """What is known of the model."""
        return self._card

    @property
    def device(self) -> str:
        """Where it runs, such as `cpu`."""
        return str(self._wiring.device)

    def encode(self, images: Images) -> Posterior:
        """(b, h, w, c) float32 in 0..1 to means (b, d) and, where it gives them, deviations.

        Raises:
            UserError: it has no encoder, the images have another shape, or its code failed.
        """
        wiring, call = self._wiring, self._calls.encode
        if call is None or wiring.takes is None:
            raise UserError(f"{self._card.name} has no encoder; choose a model that encodes.")
        check_images(self._card, images)
        takes = wiring.takes

        def posterior(part: NDArray[Any]) -> tuple[Tensor, ...]:
            given = takes.given(part)
            found = self._called("encoder", call, flattened(given) if wiring.flat else given)
            if self._calls.rebuilds:
                found = found[1:]
            return mean_and_spread(found, wiring)

        mean, *std = self._in_chunks(images, posterior)
        return Posterior(mean, std[0] if std else None)

    def decode(self, latents: Latents) -> Images:
        """(b, d) float32 to (b, h, w, c) float32 in 0..1.

        Raises:
            UserError: it has no decoder, the latents have another size, or its code failed.
        """
        wiring, call = self._wiring, self._calls.decode
        if call is None or wiring.gives is None:
            raise UserError(f"{self._card.name} has no decoder; choose a model that decodes.")
        check_latents(self._card.name, self._card.latent_dim, latents)

        def made(part: NDArray[Any]) -> tuple[Tensor, ...]:
            found = self._called("decoder", call, part.reshape(len(part), *wiring.latent))
            return (found[0].flatten(1),)

        (made_all,) = self._in_chunks(latents, made)
        gives = wiring.gives
        if made_all.shape[1] != math.prod(gives.shape):
            raise UserError(
                f"{self._card.name}: its decoder gave {made_all.shape[1]:,} values for a picture "
                f"this time, and {math.prod(gives.shape):,} when it was opened; open it again."
            )
        return gives.shown(made_all)

    def sample(self, count: int, seed: int) -> Latents:
        """(count, d) latents from the standard normal; same seed, same latents.

        Raises:
            UserError: fewer than none are asked for.
        """
        return standard_normal(self._card, count, seed)

    def _called(self, what: str, call: Call, part: NDArray[Any]) -> list[Tensor]:
        x = torch.from_numpy(np.array(part, np.float32))
        return called(self._card.path, what, call, x.to(self._wiring.device, self._wiring.dtype))

    def _in_chunks(
        self, whole: NDArray[Any], call: Callable[[NDArray[Any]], tuple[Tensor, ...]]
    ) -> tuple[NDArray[np.float32], ...]:
        """What `call` makes of parts of an array, put together, without what filled them up."""
        size = self._wiring.batch or _CHUNK
        results: list[tuple[NDArray[np.float32], ...]] = []
        for start in range(0, max(len(whole), 1), size):
            part = np.asarray(whole[start : start + size])
            kept = len(part)
            # Some networks take one number of samples only, and few take none at all.
            wanted = self._wiring.batch or max(kept, 1)
            if kept < wanted:
                part = np.concatenate([part, np.zeros((wanted - kept, *part.shape[1:]), "f")])
            results.append(tuple(as_array(result)[:kept] for result in call(part)))
        return tuple(np.concatenate(parts) for parts in zip(*results, strict=True))


def called(path: str, what: str, call: Call, x: Tensor) -> list[Tensor]:
    """The floating-point tensors that a call gives, one row for each of x.

    Raises:
        UserError: the code failed, or gave nothing of the kind.
    """
    try:
        with torch.inference_mode():
            given = call(x)
    except (Exception, SystemExit) as error:
        raise UserError(
            f"{path}: its {what} failed on an array of shape {tuple(x.shape)} ({said(error)}); "
            f"answer the questions on its shapes as it needs them, or {WRITE_ADAPTER}."
        ) from error
    found = [
        tensor
        for tensor in _tensors_of(given)
        if tensor.is_floating_point() and tensor.ndim > 1 and len(tensor) == len(x)
    ]
    if not found:
        raise UserError(
            f"{path}: its {what} was given an array of shape {tuple(x.shape)} and gave no array of "
            f"numbers with as many rows; {WRITE_ADAPTER}."
        )
    return found


def mean_and_spread(found: list[Tensor], wiring: Wiring) -> tuple[Tensor, ...]:
    """The mean (b, d) and, where there is one, the standard deviation (b, d)."""
    if wiring.halved:
        found = list(found[0].chunk(2, dim=1))
    mean = found[wiring.mean_at].float().flatten(1)
    if wiring.spread == "none":
        return (mean,)
    spread = found[wiring.mean_at + 1].float().flatten(1)
    # The bounds are those that latent diffusion models clamp log variances to.
    std = (0.5 * spread.clamp(-30, 20)).exp() if wiring.spread == "log variance" else spread
    return mean, std


def flattened(array: NDArray[Any]) -> NDArray[Any]:
    """(b, ...) to (b, values), also of none."""
    return array.reshape(len(array), math.prod(array.shape[1:]))


def as_array(tensor: Tensor) -> NDArray[np.float32]:
    """A tensor of any device and floating type as numpy's float32."""
    array: NDArray[np.float32] = tensor.detach().float().cpu().numpy()
    return array


def said(error: BaseException) -> str:
    """What foreign code's exception says, short enough for a sentence."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    line = lines[0]
    if "TorchScript interpreter" in line:
        # Its own traceback comes first, then what happened, after the name of the exception.
        line = next((one for one in reversed(lines) if _EXCEPTION.match(one)), lines[-1])
    return line.rstrip(".")[:200]


def _tensors_of(given: Any) -> list[Tensor]:
    if isinstance(given, Tensor):
        return [given]
    if isinstance(given, Mapping):
        given = list(given.values())
    if isinstance(given, tuple | list):
        return [tensor for part in given for tensor in _tensors_of(part)]
    return []
