"""What built modules do: which takes pictures, which makes them, and of which size.

They are tried with the shapes of pictures and latents alone.
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import nn

from latentviewer.engine.importing.checkpoints.part_names import Head, Part, head_of, part_of
from latentviewer.engine.importing.inferring.plans import USUAL_SIDES, folded
from latentviewer.engine.importing.inferring.state_layers import Unfit
from latentviewer.engine.importing.modules.notes import leaves
from latentviewer.engine.importing.modules.shapes import (
    Shape,
    most_values,
    shape_after,
    shapes_along,
)

Picture = tuple[int, int, int]
"""Channels, height and width."""

_CHANNELS = (1, 3, 4, 2)
_SMALLEST_SIDE = 4
_LEAST_VALUES = 16
_MOST_SIZES = 6


@dataclass(frozen=True, eq=False)
class Roles:
    """One way to use a file's modules.

    Attributes:
        encoder, decoder: None where there is none.
        mean, spread: heads of their own, or None.
        halved: whether the encoder gives mean and spread in one.
        latent: the shape of one latent as the decoder takes it, or as the encoder gives it.
        picture: what is taken and made.
        flat: whether the encoder takes pictures as rows of values.
    """

    encoder: nn.Module | None
    mean: nn.Module | None
    spread: nn.Module | None
    decoder: nn.Module | None
    halved: bool
    latent: Shape
    picture: Picture
    flat: bool

    @property
    def size(self) -> str:
        """Of the pictures, such as `28 x 28 x 1`."""
        channels, height, width = self.picture
        return f"{height} x {width} x {channels}"

    @property
    def values(self) -> int:
        """The most values that a layer takes or gives for one picture."""
        taken = (math.prod(self.picture),) if self.flat else self.picture
        down = 0 if self.encoder is None else most_values(self.encoder, taken)
        return max(down, 0 if self.decoder is None else most_values(self.decoder, self.latent))


def roles_of(module: nn.Module) -> tuple[Roles, ...]:
    """How a module can be used, for every size of pictures that fits, the most usual first.

    Args:
        module: layers in nn.Sequential, or parts by name in an nn.ModuleDict; on the `meta`
            device.

    Raises:
        Unfit: it neither takes nor makes pictures, or its parts do not fit one another.
    """
    named = dict(module.items()) if isinstance(module, nn.ModuleDict) else None
    found = _of_one(module) if named is None else _of_named(named)
    kept: dict[str, Roles] = {}
    for roles in found:
        kept.setdefault(roles.size, roles)
    if not kept:
        raise Unfit("its layers neither take nor make pictures of a usual size")
    return tuple(kept.values())[:_MOST_SIZES]


def last_layer(module: nn.Module) -> nn.Module | None:
    """The last layer of a module, or None where it has none."""
    return next(iter(reversed(list(leaves(module)))), None)


def _of_named(parts: Mapping[str, nn.Module]) -> Iterator[Roles]:
    heads = {head_of(name): module for name, module in parts.items() if head_of(name) is not None}
    of = {part_of(name): module for name, module in parts.items() if head_of(name) is None}
    encoder, decoder = of.get(Part.ENCODER), of.get(Part.DECODER)
    mean = heads.get(Head.MEAN)
    spread = heads.get(Head.LOG_VARIANCE) or heads.get(Head.DEVIATION)
    if encoder is None and decoder is not None:
        yield from _decoders(decoder)
    if encoder is None:
        return
    if mean is None or spread is None:
        mean = spread = None
    for taken in _encoders(encoder):
        made = taken.made
        if mean is not None and spread is not None:
            flattened = made if shape_after(mean, made) is not None else (math.prod(made),)
            if flattened != made:
                encoder = nn.Sequential(*leaves(encoder), nn.Flatten())
            of_mean = shape_after(mean, flattened)
            if of_mean is None or of_mean != shape_after(spread, flattened):
                continue
            made = of_mean
        roles = Roles(encoder, mean, spread, None, False, made, taken.picture, taken.flat)
        if decoder is None:
            yield roles
            continue
        for halved in (False,) if mean is not None else (False, True):
            latent = _latent(decoder, made, halved, taken.picture)
            if latent is not None:
                yield dataclasses.replace(roles, decoder=decoder, halved=halved, latent=latent)
                break


def _of_one(module: nn.Module) -> Iterator[Roles]:
    """Of layers that are not told apart by names: a whole autoencoder, or a half of one."""
    taken = list(_encoders(module))
    whole = [one for one in taken if math.prod(one.made) == math.prod(one.picture)]
    for one in whole:
        cut = _narrowest(module, one)
        if cut is not None:
            yield cut
    if not whole:
        yield from _decoders(module)
        for one in taken:
            if math.prod(one.made) < math.prod(one.picture):
                yield Roles(module, None, None, None, False, one.made, one.picture, one.flat)


@dataclass(frozen=True)
class _Taken:
    """A picture that a module takes, and the shape of what it makes of it."""

    picture: Picture
    flat: bool
    made: Shape


def _encoders(module: nn.Module) -> Iterator[_Taken]:
    first = next((leaf for leaf in leaves(module) if list(leaf.parameters())), None)
    if isinstance(first, nn.Conv2d) and first.in_channels in _CHANNELS:
        for side in (side for sides in USUAL_SIDES.values() for side in sides):
            picture = (first.in_channels, side, side)
            if (made := shape_after(module, picture)) is not None:
                yield _Taken(picture, False, made)
    count = _values(first)
    for height, width, channels, _odd in folded(count) if count is not None else ():
        picture = (channels, height, width)
        for flat in (False, True):
            made = shape_after(module, (math.prod(picture),) if flat else picture)
            if made is not None:
                yield _Taken(picture, flat, made)
                break


def _decoders(module: nn.Module) -> Iterator[Roles]:
    first = next((leaf for leaf in leaves(module) if list(leaf.parameters())), None)
    count = _values(first)
    latents: list[Shape] = []
    if count is not None:
        latents.append((count,))
    elif isinstance(first, nn.ConvTranspose2d | nn.Conv2d):
        latents.append((first.in_channels, 1, 1))
    for latent in latents:
        made = shape_after(module, latent)
        for picture in _pictures(made) if made is not None else ():
            if math.prod(picture) > math.prod(latent):
                yield Roles(None, None, None, module, False, latent, picture, False)


def _latent(decoder: nn.Module, made: Shape, halved: bool, picture: Picture) -> Shape | None:
    """The shape of latent with which a decoder makes the picture, of what the encoder makes."""
    if halved and made[0] % 2:
        return None
    own = (made[0] // 2, *made[1:]) if halved else made
    count = math.prod(own)
    for latent in (own, (count,), (count, 1, 1)):
        result = shape_after(decoder, latent)
        if result is not None and (result == picture or result == (math.prod(picture),)):
            return latent
    return None


def _narrowest(module: nn.Module, taken: _Taken) -> Roles | None:
    """A whole autoencoder cut where fewest values lie between two layers."""
    layers = list(leaves(module))
    shapes = shapes_along(module, (math.prod(taken.picture),) if taken.flat else taken.picture)
    assert shapes is not None, "it was tried"
    counts = [math.prod(shape) for shape in shapes]
    least = min(counts)
    if least >= math.prod(taken.picture):
        return None
    at = counts.index(least)
    while at + 1 < len(counts) and counts[at + 1] == least:
        at += 1
    encoder, decoder = nn.Sequential(*layers[: at + 1]), nn.Sequential(*layers[at + 1 :])
    return Roles(encoder, None, None, decoder, False, shapes[at], taken.picture, taken.flat)


def _values(layer: nn.Module | None) -> int | None:
    """How many values a layer takes where it takes no map, or None."""
    if isinstance(layer, nn.Linear):
        return layer.in_features
    return layer.num_features if isinstance(layer, nn.BatchNorm1d) else None


def _pictures(made: Shape) -> list[Picture]:
    if len(made) == 3:
        fits = made[0] in _CHANNELS and min(made[1:]) >= _SMALLEST_SIDE
        return [(made[0], made[1], made[2])] if fits else []
    if len(made) != 1 or made[0] < _LEAST_VALUES:
        return []
    return [(channels, height, width) for height, width, channels, _odd in folded(made[0])]
