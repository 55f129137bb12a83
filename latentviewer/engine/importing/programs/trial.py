"""Finding out how a foreign network is called, by trying it once on noise."""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latentviewer.domain.errors import UserError
from latentviewer.domain.importing import Answers
from latentviewer.domain.ports import Capability, ModelCard
from latentviewer.engine.importing.convention import (
    Convention,
    Values,
    likely_values,
    order_of,
    order_question,
)
from latentviewer.engine.importing.programs.network import (
    WRITE_ADAPTER,
    Call,
    CalledNetwork,
    Calls,
    Wiring,
    as_array,
    called,
    flattened,
)
from latentviewer.engine.importing.programs.questions import (
    latent_dim_of,
    mean_output_of,
    sizes_of,
    spread_of,
    values_answered,
)

_DRAWS = 16  # latents that a decoder's range of values is told by


@dataclass(frozen=True)
class Hints:
    """What a file says itself of how it is called.

    Attributes:
        picture: the shape of a picture that the encoder takes, without the batch, if known.
        latents: shapes that a latent may have, without the batch, the likeliest first.
        batch: how many it takes at once, if that is settled.
        dtype: of its numbers.
    """

    picture: tuple[int, ...] | None = None
    latents: tuple[tuple[int, ...], ...] = ()
    batch: int | None = None
    dtype: torch.dtype = torch.float32


def connect(
    card: ModelCard, calls: Calls, answers: Answers, hints: Hints, device: str
) -> CalledNetwork:
    """A foreign network as a model, after it was tried on noise.

    Args:
        card: with what is known beforehand: name, path, family, hash, parameters.

    Raises:
        UserError: it cannot be called as the answers say, or what it gives makes no sense.
    """
    path = card.path
    wiring = Wiring(torch.device(device), hints.dtype, (), batch=hints.batch)
    means: Tensor | None = None
    if calls.encode is not None:
        wiring, means = _encoder_tried(path, calls, calls.encode, answers, hints, wiring)
    if calls.decode is not None:
        wiring = _decoder_tried(path, calls.decode, answers, hints, wiring, means)
    takes, gives = wiring.takes, wiring.gives
    if takes is not None and gives is not None and takes.image != gives.image:
        raise UserError(
            f"{path}: its encoder was tried on pictures of {_sized(takes)}, and its decoder gives "
            f"{_sized(gives)}; answer height, width and channels as the decoder gives them."
        )
    shown = gives or takes
    if shown is None:
        raise UserError(f"{path} neither encodes nor decodes; {WRITE_ADAPTER}.")
    can = {Capability.ENCODE} if takes is not None else set()
    if gives is not None:
        can.add(Capability.DECODE)
    if wiring.spread != "none":
        can.add(Capability.POSTERIOR)
    # A VAE's prior is the standard normal, and so is nearly every generator's.
    if gives is not None and (wiring.spread != "none" or takes is None):
        can.add(Capability.SAMPLE)
    described = dataclasses.replace(
        card,
        latent_dim=math.prod(wiring.latent),
        image=shown.image,
        capabilities=frozenset(can),
    )
    return CalledNetwork(described, calls, wiring)


def _encoder_tried(
    path: str, calls: Calls, call: Call, answers: Answers, hints: Hints, wiring: Wiring
) -> tuple[Wiring, Tensor]:
    """How the encoder is called, and the means (b, *latent) of noise."""
    attempts = []
    for batch in (hints.batch,) if hints.batch else (2, 1):
        for takes, flat in _pictures_taken(path, answers, hints):
            x = takes.given(np.random.default_rng(0).random((batch, *_ours(takes)), np.float32))
            x = flattened(x) if flat else x
            attempts.append(((takes, flat, batch), _tensor(x, wiring)))
    (takes, flat, batch), found = _first_that_works(path, "encoder", call, attempts)
    if calls.rebuilds:
        if values_answered("input", answers) is None:
            takes = _taking(takes, likely_values(as_array(found[0]))[0])
        found = found[1:]
        if not found:
            raise UserError(
                f"{path} turns pictures into pictures and does not give its latents; save it with "
                "methods or parts called encode and decode, or say that it is an encoder."
            )
    at, spread = mean_output_of(answers), spread_of(answers)
    if at >= len(found):
        raise UserError(
            f"{path}: its encoder gives {len(found)} output{'s' if len(found) > 1 else ''}, and "
            f"number {at + 1} was said to be the mean; answer that anew."
        )
    if at + 1 >= len(found) or found[at + 1].shape != found[at].shape:
        spread = "none"
    wiring = dataclasses.replace(
        wiring,
        latent=tuple(found[at].shape[1:]),
        takes=takes,
        flat=flat,
        mean_at=at,
        spread=spread,
        batch=hints.batch or (1 if batch == 1 else None),
    )
    return wiring, found[at]


def _pictures_taken(path: str, answers: Answers, hints: Hints) -> Iterable[tuple[Convention, bool]]:
    """Ways of giving it pictures, and whether as one row of values each."""
    height, width, channels = sizes_of(path, answers)
    shape = hints.picture
    if shape is not None and len(shape) == 3:
        first = shape[0] in (1, 2, 3, 4)
        height, width, channels = (*shape[1:], shape[0]) if first else shape
    elif shape is not None and shape != (height * width * channels,):
        raise UserError(
            f"{path} takes arrays of shape {shape} for a picture, which do not hold {height} x "
            f"{width} x {channels} values; answer height, width and channels so that they do."
        )
    if channels not in (1, 2, 3, 4):
        raise UserError(
            f"{path} takes arrays of shape {shape}, which are no pictures; {WRITE_ADAPTER}."
        )
    order = order_of(order_question(), answers)
    values = values_answered("input", answers) or "0..1"
    planes = Convention(height, width, channels, "NCHW", order, values)
    rows = dataclasses.replace(planes, layout="NHWC")
    ways = [(planes, False), (planes, True), (rows, False)]
    if shape is None:
        return ways
    return [(way, flat) for way, flat in ways if flat is (len(shape) == 1) and _fits(way, shape)]


def _fits(way: Convention, shape: tuple[int, ...]) -> bool:
    return way.shape == shape or len(shape) == 1


def _decoder_tried(
    path: str,
    call: Call,
    answers: Answers,
    hints: Hints,
    wiring: Wiring,
    means: Tensor | None,
) -> Wiring:
    """How the decoder is called, with the values that pictures have settled for both ways."""
    attempts: list[tuple[tuple[int, ...], Tensor]] = []
    if means is not None:
        attempts = [(shape, means.reshape(len(means), *shape)) for shape in _latents_of(means)]
        if wiring.spread == "none" and means.shape[1] % 2 == 0:
            # A layer before the decoder that parts the mean and the log variance.
            half = means.chunk(2, dim=1)[0]
            attempts += [(shape, half.reshape(len(half), *shape)) for shape in _latents_of(half)]
    else:
        dim = latent_dim_of(path, answers)
        for batch in (wiring.batch,) if wiring.batch else (2, 1):
            for shape in hints.latents or ((dim,), (dim, 1, 1)):
                noise = np.random.default_rng(0).standard_normal((batch, *shape), np.float32)
                attempts.append((shape, _tensor(noise, wiring)))
    latent, found = _first_that_works(path, "decoder", call, attempts)
    made = found[0]
    if means is None and wiring.batch is None and len(made) == 1:
        wiring = dataclasses.replace(wiring, batch=1)
    if means is not None and math.prod(latent) < math.prod(wiring.latent):
        wiring = dataclasses.replace(wiring, halved=True, mean_at=0, spread=spread_of(answers))
    gives = _pictures_given(path, tuple(made.shape[1:]), answers, wiring.takes)
    values = values_answered("output", answers)
    if values is None:
        ranges = [as_array(made), as_array(_drawn(path, call, latent, wiring, len(made)))]
        values, _ = likely_values(np.concatenate([part.ravel() for part in ranges]))
    takes = wiring.takes
    if takes is not None and values_answered("input", answers) is None:
        takes = _taking(takes, values)
    gives = dataclasses.replace(gives, values=values)
    return dataclasses.replace(wiring, latent=latent, takes=takes, gives=gives)


def _taking(takes: Convention, given: Values) -> Convention:
    """As it gives pictures, so it takes them."""
    return dataclasses.replace(takes, values="0..1" if given == "logits" else given)


def _latents_of(means: Tensor) -> list[tuple[int, ...]]:
    shape = tuple(means.shape[1:])
    flat = (math.prod(shape),)
    return [shape] if shape == flat else [shape, flat]


def _drawn(path: str, call: Call, latent: tuple[int, ...], wiring: Wiring, batch: int) -> Tensor:
    """What it makes of latents from the standard normal."""
    rng = np.random.default_rng(1)
    made = [
        called(path, "decoder", call, _tensor(rng.standard_normal((batch, *latent)), wiring))[0]
        for _ in range(-(-_DRAWS // batch))
    ]
    return torch.cat(made)


def _pictures_given(
    path: str, shape: tuple[int, ...], answers: Answers, takes: Convention | None
) -> Convention:
    """How to read an array of pictures, by its shape without the batch."""
    height, width, channels = sizes_of(path, answers)
    if takes is not None:
        height, width, channels = takes.height, takes.width, takes.channels
    order = order_of(order_question(), answers)
    if len(shape) == 3 and shape[0] in (1, 2, 3, 4):
        return Convention(shape[1], shape[2], shape[0], "NCHW", order)
    if len(shape) == 3 and shape[2] in (1, 2, 3, 4):
        return Convention(*shape, "NHWC", order)
    if len(shape) == 2:
        return Convention(*shape, 1)
    if shape == (height * width * channels,):
        return Convention(height, width, channels, "NCHW", order)
    if len(shape) == 1:
        raise UserError(
            f"{path}: its decoder gives {shape[0]:,} values for a picture, and {height} x {width} "
            f"x {channels} are {height * width * channels:,}; answer height, width and channels "
            "so that they fit."
        )
    raise UserError(
        f"{path}: its decoder gives arrays of shape {shape}, which are no pictures; "
        f"{WRITE_ADAPTER}."
    )


def _first_that_works(
    path: str, what: str, call: Call, attempts: Sequence[tuple[Any, Tensor]]
) -> tuple[Any, list[Tensor]]:
    """The first attempt that the code does not refuse, and what it gave."""
    refused: UserError | None = None
    for key, x in attempts:
        try:
            return key, called(path, what, call, x)
        except UserError as error:
            refused = refused or error
    assert refused is not None, "there is always something to try"
    raise refused


def _tensor(array: NDArray[Any], wiring: Wiring) -> Tensor:
    return torch.from_numpy(np.array(array, np.float32)).to(wiring.device, wiring.dtype)


def _ours(way: Convention) -> tuple[int, int, int]:
    return way.height, way.width, way.image.channels


def _sized(way: Convention) -> str:
    return f"{way.height} x {way.width} with {way.image.channels}"
